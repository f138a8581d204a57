// Replaces a journal's text while an editor may be saving it at the same moment. Callers decide
// when to write; replaced-files.ts watches the replaced file for late saves.
//
//   intent (draft) → temp → intent (ready) → exchange under a lease → park the replaced file
//                                          ↘ unsupported: rename aside → link → unlink temp ↗
import type { Stats } from "node:fs";
import { accessSync, constants } from "node:fs";
import { realpath, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hashText } from "../../base/ids.ts";
import { systemErrorCode } from "../os/error-code.ts";
import { mkdir } from "../os/lab-files.ts";
import { leavingLink, leavingLinkText } from "../os/lab-links.ts";
import type { ReplacedFiles } from "./replaced-files.ts";
import { notHeld, publishByExchange, publishByLink } from "./journal-swap.ts";
import type { Published, Swap } from "./journal-swap.ts";
import { failure, type ReplaceResult } from "./replace-result.ts";
import { JOURNAL_DISK, type JournalDisk } from "./journal-disk.ts";
import { holdStill } from "../os/stable-read.ts";
import { newIntentId, privatePath, removeIntent } from "./write-intents.ts";
import type { WriteIntent } from "./write-intents.ts";

export interface ReplaceRequest {
  readonly path: string;
  /** Hash of the text from which the new one was rendered. */
  readonly basedOnHash: string;
  readonly text: string;
  /** The journal's kept versions; the replaced file is parked there if file systems match. */
  readonly keptDir: string;
  readonly intentDir: string;
  /** Watches the replaced file. */
  readonly replaced: Pick<ReplacedFiles, "watch" | "lookNow">;
  /**
   * Write even if the size stays the same. VS Code does not notice a change of equal size and saves
   * an old buffer over it without asking. The next rendering fixes that, so it is the lesser evil
   * for a caller that cannot make its text longer.
   */
  readonly allowSameSize?: boolean;
}

/**
 * Replaces a journal's text if it still is the one with `basedOnHash`. Follows symlinks; keeps
 * mode, owner and (Linux) extended attributes. No save is lost: one during the exchange undoes it,
 * and a later one lands in the replaced file, which `displaced` watches. The old text must be a
 * kept version already. One call at a time for each path.
 */
export async function replaceJournal(
  request: ReplaceRequest,
  disk: JournalDisk = JOURNAL_DISK,
): Promise<ReplaceResult> {
  try {
    return await replace(request, disk);
  } catch (error) {
    return failure(request.path, systemErrorCode(error));
  }
}

async function replace(request: ReplaceRequest, disk: JournalDisk): Promise<ReplaceResult> {
  const { basedOnHash, text, intentDir, keptDir } = request;
  if (!text.isWellFormed()) {
    return { kind: "failed", why: "Cannot write the journal: its text holds half a character" };
  }
  const leaving = leavingLink(request.path);
  if (leaving !== undefined) return { kind: "refused", why: leavingLinkText(leaving) };
  const target = await realpath(request.path);
  const held = holdStill(target, disk.leases, (still) => still);
  if (held.kind !== "held") return notHeld(target, held);
  const still = held.value;
  if (still.hash !== basedOnHash) return { kind: "changed" };
  const refusal = refusalOf(target, still.stat);
  if (refusal !== undefined) return { kind: "refused", why: refusal };
  const newHash = hashText(text);
  if (newHash === basedOnHash) return { kind: "written", hash: newHash };
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length === still.bytes.length && request.allowSameSize !== true) {
    return { kind: "same-size" };
  }
  const draft = newIntent(request, target, newHash);
  await mkdir(keptDir, { recursive: true, mode: 0o700 });
  await disk.saveIntent(intentDir, draft);
  const unwritten = await disk.writeTemp(draft, bytes, still.stat);
  if (unwritten !== undefined) return await giveUp(intentDir, draft, unwritten);
  const intent: WriteIntent = { ...draft, phase: "ready" };
  try {
    await disk.saveIntent(intentDir, intent);
  } catch (error) {
    return await giveUp(intentDir, draft, failure(target, systemErrorCode(error)));
  }
  const swap: Swap = { intent, disk, old: still.stat };
  const exchanged = publishByExchange(swap);
  const published = exchanged === "unsupported" ? publishByLink(swap) : exchanged;
  return await finish(request, swap, published);
}

/** Makes the new names durable, and parks and watches the file that was replaced. */
async function finish(
  request: ReplaceRequest,
  { intent, disk }: Swap,
  published: Published,
): Promise<ReplaceResult> {
  const { intentDir, replaced: displaced } = request;
  const result: ReplaceResult =
    published.kind === "done" ? { kind: "written", hash: intent.newHash } : published.result;
  const { left } = published;
  if (left === undefined) return await giveUp(intentDir, intent, result);
  // The names have changed already, so a failing sync must not be reported as a failed write.
  await disk.syncFolder(dirname(intent.target)).catch(systemErrorCode);
  // Any failure, also to tidy up: the intent stays, and the next start does the rest.
  if (left !== intent.temp) await unlink(intent.temp).catch(() => undefined);
  // The file stays beside the journal if the kept versions are on another file system.
  const file = await disk.park(left, intent.parked).then(
    () => intent.parked,
    (error: unknown) => {
      systemErrorCode(error);
      return left;
    },
  );
  displaced.watch(intentDir, intent, file, published.knownHash);
  // Not awaited: the handler of a late save may itself wait for this write.
  if (published.kind === "undone") void displaced.lookNow(file);
  return result;
}

/** Nothing was published: removes the new text and its intent. */
async function giveUp(
  intentDir: string,
  intent: WriteIntent,
  result: ReplaceResult,
): Promise<ReplaceResult> {
  // Any failure: the intent stays, and the next start removes both.
  await unlink(intent.temp).catch(() => undefined);
  // Any failure.
  await removeIntent(intentDir, intent.id).catch(() => undefined);
  return result;
}

function newIntent(request: ReplaceRequest, target: string, newHash: string): WriteIntent {
  const id = newIntentId();
  const { path, keptDir, basedOnHash } = request;
  const beside = privatePath(target, id);
  return {
    id,
    phase: "draft",
    path,
    target,
    temp: `${beside}.new`,
    aside: `${beside}.old`,
    parked: join(keptDir, `displaced-${id}`),
    keptDir,
    basedOnHash,
    newHash,
    toldHashes: [],
  };
}

/**
 * Why a file must not be replaced by a new one of the same name, or undefined. A file that is a
 * mount point is not detected here: the exchange fails on it. Comparing device numbers would not
 * do, since on a container's overlay file system every file differs from its folder.
 */
function refusalOf(target: string, stat: Stats): string | undefined {
  const cannot = `Cannot write into ${target}`;
  if (stat.nlink > 1) {
    return `${cannot}: it has ${stat.nlink} hard links, and a new file would be in one place only`;
  }
  if ((stat.mode & 0o200) === 0 || !isWritable(target)) {
    return `${cannot}: it is read-only for this user`;
  }
  return undefined;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    // Any failure: the write is refused, and says so.
    return false;
  }
}
