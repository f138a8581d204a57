// STATUS.md, beside a journal that cannot be written: what the journal's receipts would say.
// scheduler/publish.ts decides its content; the user's own text in it is preserved.
import { join } from "node:path";
import { renewPage } from "../../report/page/preserve-user-edits.ts";
import type { PageBlock } from "../../base/page-signature.ts";
import { atomicWrite } from "../os/atomic-write.ts";
import { errorCode } from "../os/error-code.ts";
import { access, readFile } from "../os/lab-files.ts";

const ENDED = "# Status\n\nThe receipts stand in the journal again; this page is not renewed.\n";

/** Notes in the page, if there is one, that the journal is written again. May reject as below. */
export async function endStatusPage(experiment: string): Promise<void> {
  if (await exists(join(experiment, "STATUS.md"))) await writeStatusPage(experiment, ENDED);
}

const exists = async (path: string): Promise<boolean> =>
  await access(path).then(
    () => true,
    () => false,
  );

/**
 * Updates the page; true if it was written. A page that the user wrote, or one with Git's conflict
 * markers, stays as it is. Rejects with the file system's error.
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
