// STATUS.md, beside a journal that cannot be written itself: what its receipts would say.
// What stands in it is decided in scheduler/publish.ts; a person's own text in it stays.
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { renewPage } from "../../report/page/preserve-user-edits.ts";
import type { PageBlock } from "../../base/page-signature.ts";
import { atomicWrite } from "../os/atomic-write.ts";
import { errorCode } from "../os/error-code.ts";

const OVER = "# Status\n\nThe receipts stand in the journal again; this page is not renewed.\n";

/** Says in the page, where there is one, that the journal is written again. */
export async function endStatusPage(experiment: string): Promise<void> {
  if (await isThere(join(experiment, "STATUS.md"))) await writeStatusPage(experiment, OVER);
}

const isThere = async (path: string): Promise<boolean> =>
  await access(path).then(
    () => true,
    () => false,
  );

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
  return renewed.kind === "page" && (await atomicWrite(path, renewed.text));
}
