// STATUS.md, beside a journal that cannot be written itself: what its receipts would say.
// What stands in it is decided in journal/publish.ts; a person's own text in it stays.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { renewPage } from "../report/keep.ts";
import type { PageBlock } from "../report/seal.ts";
import { errorCode, writeWhole } from "./write-whole.ts";

/**
 * Renews the page; true when it was written. A page that a person wrote, or that Git left with
 * conflict markers, stays as it is. Rejects with what the file system says.
 */
export async function writeStatusPage(experiment: string, text: string): Promise<boolean> {
  const path = join(experiment, "STATUS.md");
  const current = await readFile(path, "utf8").catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  });
  const blocks = text
    .trim()
    .split(/\n{2,}/)
    .map((part, i): PageBlock => ({ key: `status.${i}`, text: part }));
  const renewed = renewPage(current, blocks);
  return renewed.kind === "page" && (await writeWhole(path, renewed.text));
}
