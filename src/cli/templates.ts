// The files that `nightlab init` and `nightlab new` start a person with, from templates/.
// They are real files, so that a person can run and a formatter can check them; only read here.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const FOLDER = new URL("../../templates/", import.meta.url);

/** Text of a template by its path below templates/. */
export async function readTemplate(name: string): Promise<string> {
  return readFile(fileURLToPath(new URL(name, FOLDER)), "utf8");
}
