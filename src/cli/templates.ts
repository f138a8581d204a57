// Reads the files that `nightlab init` and `nightlab new` copy, from templates/. They are real
// files, so that people can run them and formatters check them.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const FOLDER = new URL("../../templates/", import.meta.url);

/** Text of a template by its path below templates/. */
export async function readTemplate(name: string): Promise<string> {
  return readFile(fileURLToPath(new URL(name, FOLDER)), "utf8");
}
