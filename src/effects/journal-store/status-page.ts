// STATUS.md, beside a journal that cannot be written: what the journal's receipts would say; and
// beside one that cannot be read: why not. scheduler/publish.ts and the troubles of
// state/troubles.ts decide its content; the user's own text in it is preserved.
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { codeSpan, proseText } from "../../base/markdown-text.ts";
import type { Trouble } from "../../domain/trouble.ts";
import { renewPage } from "../../report/page/preserve-user-edits.ts";
import type { PageBlock } from "../../base/page-signature.ts";
import { atomicWrite } from "../os/atomic-write.ts";
import { errorCode } from "../os/error-code.ts";
import { readFile } from "../os/lab-files.ts";

const ENDED = "# Status\n\nThe receipts stand in the journal again; this page is not renewed.\n";

/** The heading of a page on troubles, which tells it from one with receipts. */
const TROUBLE = "# Trouble";
const IS_TROUBLE = /^# Trouble\r?$/m;
const MENDED = `${TROUBLE}\n\nNone any more; this page is not renewed.\n`;

/** Tells an experiment's troubles; with none, that an earlier page's are over. May reject as below. */
export async function writeTroublePage(
  experiment: string,
  troubles: readonly Trouble[],
): Promise<void> {
  if (troubles.length > 0) {
    const shown = troubles.map(({ where, says, fix }) => {
      const mend = fix === undefined ? "" : `\n\nTo mend it:\n\n    ${fix}`;
      return `${codeSpan(where)} ${proseText(says)}.${mend}`;
    });
    await writeStatusPage(experiment, `${[TROUBLE, ...shown].join("\n\n")}\n`);
    return;
  }
  const path = join(experiment, "STATUS.md");
  // Hardly any experiment has one, and each is looked at when the daemon starts.
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  const current = await readPage(path);
  if (current !== undefined && IS_TROUBLE.test(current)) await writeStatusPage(experiment, MENDED);
}

/** Notes in the page, if there is one, that the journal is written again. May reject as below. */
export async function endStatusPage(experiment: string): Promise<void> {
  const current = await readPage(join(experiment, "STATUS.md"));
  if (current !== undefined && !IS_TROUBLE.test(current)) await writeStatusPage(experiment, ENDED);
}

/**
 * Updates the page; true if it was written. A page that the user wrote, or one with Git's conflict
 * markers, stays as it is. Rejects with the file system's error.
 */
export async function writeStatusPage(experiment: string, text: string): Promise<boolean> {
  const path = join(experiment, "STATUS.md");
  const current = await readPage(path);
  const blocks = text
    .trim()
    .split(/\n{2,}/)
    .map((part, i): PageBlock => ({ key: `status.${i}`, text: part }));
  const renewed = renewPage(current, blocks);
  return renewed.kind === "page" && (await atomicWrite(path, renewed.text));
}

/** The page's text, if there is one. */
async function readPage(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
