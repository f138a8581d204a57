// The atomic step of replacing a journal: names are exchanged, or nothing happens. Synchronous, so
// that it is short while a lease blocks writers. journal-file.ts prepares it and cleans up.
import type { Stats } from "node:fs";
import { linkSync, readFileSync, renameSync, statSync, unlinkSync } from "node:fs";
import { errorCode, systemErrorCode } from "../os/error-code.ts";
import { exchangeNames, readLeaseStands } from "../os/native.ts";
import { holdStill } from "../os/stable-read.ts";
import type { NotRead, StillRead } from "../os/stable-read.ts";
import { failure, type ReplaceResult } from "./replace-result.ts";
import type { JournalDisk } from "./journal-disk.ts";
import type { WriteIntent } from "./write-intents.ts";

/** A write that is prepared: the new text is whole on disk. */
export interface Swap {
  readonly intent: WriteIntent;
  readonly disk: JournalDisk;
  /** The journal's mode and owner, which the new file got too. */
  readonly old: Stats;
}

/** What happened to the names, and which file (`left`) an editor may still save into. */
export type Published =
  | { readonly kind: "done"; readonly left: string; readonly knownHash: string }
  | {
      readonly kind: "undone";
      /** Absent where no name was changed. */
      readonly left?: string;
      /** Hash of what `left` holds unless an editor has saved into it. */
      readonly knownHash: string;
      readonly result: ReplaceResult;
    };

/**
 * Exchanges journal and new text in one step, the journal as the first argument: with the other
 * order VS Code does not notice the change. A concurrent save undoes it.
 */
export function publishByExchange(swap: Swap): Published | "unsupported" {
  const { intent, disk } = swap;
  const { target, temp, basedOnHash, newHash } = intent;
  const held = holdStill(target, disk.leases, (still): Published | "unsupported" => {
    const changed = changedSince(swap, still);
    if (changed !== undefined) return unpublished(intent, changed);
    const answer = disk.exchange(intent);
    if (answer === "unsupported") return answer;
    if (answer !== "exchanged") return unpublished(intent, failure(target, answer));
    if (isUndisturbed(still, temp)) return { kind: "done", left: temp, knownHash: basedOnHash };
    // Exchanging back fails if an editor has just renamed the journal; the save stays in `temp`.
    const back = exchangeNames(target, temp) === "exchanged";
    return {
      kind: "undone",
      left: temp,
      knownHash: back ? newHash : basedOnHash,
      result: SAVED_MEANWHILE,
    };
  });
  return held.kind === "held" ? held.value : unpublished(intent, notHeld(target, held));
}

/**
 * For file systems without exchange: renames the journal aside, then links the new text to its
 * name, which fails if an editor has made the file anew. The path is absent for a moment, as in
 * many editors' own saves; `replayIntents` restores it after a crash there.
 */
export function publishByLink(swap: Swap): Published {
  const { intent, disk } = swap;
  const { target, temp, aside } = intent;
  try {
    linkSync(temp, aside);
    unlinkSync(aside);
  } catch (error) {
    const why = `Cannot write into ${target}: its file system can neither exchange nor link files`;
    return unpublished(intent, { kind: "refused", why: `${why} (${errorCode(error)})` });
  }
  const held = holdStill(target, disk.leases, (still) => linkInPlace(swap, still));
  return held.kind === "held" ? held.value : unpublished(intent, notHeld(target, held));
}

function linkInPlace(swap: Swap, still: StillRead): Published {
  const { intent, disk } = swap;
  const { target, aside, basedOnHash } = intent;
  const changed = changedSince(swap, still);
  if (changed !== undefined) return unpublished(intent, changed);
  const renamed = codeOf(() => disk.renameAside(intent));
  if (renamed !== "") return unpublished(intent, failure(target, renamed));
  if (!isUndisturbed(still, aside)) return putBack(intent, SAVED_MEANWHILE);
  const linked = codeOf(() => disk.linkTemp(intent));
  if (linked === "EEXIST") {
    return { kind: "undone", left: aside, knownHash: basedOnHash, result: SAVED_MEANWHILE };
  }
  if (linked !== "") return putBack(intent, failure(target, linked));
  codeOf(() => disk.unlinkTemp(intent));
  return { kind: "done", left: aside, knownHash: basedOnHash };
}

/** Gives the journal its name back, unless an editor has made a new file of that name. */
function putBack(intent: WriteIntent, result: ReplaceResult): Published {
  const { target, aside, basedOnHash } = intent;
  const linked = codeOf(() => linkSync(aside, target));
  if (linked === "EEXIST") return { kind: "undone", left: aside, knownHash: basedOnHash, result };
  if (linked === "") codeOf(() => unlinkSync(aside));
  else codeOf(() => renameSync(aside, target));
  return unpublished(intent, result);
}

/** No save came between check and exchange: same file, same bytes, and no writer blocked. */
function isUndisturbed(still: StillRead, replaced: string): boolean {
  const found = statSync(replaced, { throwIfNoEntry: false });
  if (found?.ino !== still.stat.ino || found.dev !== still.stat.dev) return false;
  if (still.leased) return readLeaseStands(still.descriptor);
  return readFileSync(replaced).equals(still.bytes);
}

/** Why the open file is not the one that the new text was rendered from, or undefined. */
function changedSince({ intent, old }: Swap, still: StillRead): ReplaceResult | undefined {
  if (still.hash !== intent.basedOnHash) return { kind: "changed" };
  const { mode, uid, gid, nlink } = still.stat;
  if (mode === old.mode && uid === old.uid && gid === old.gid && nlink === 1) return undefined;
  return { kind: "busy", why: "its mode, owner or links were just changed" };
}

const SAVED_MEANWHILE: ReplaceResult = {
  kind: "busy",
  why: "somebody saved it at the same moment",
  crossed: true,
};

function unpublished(intent: WriteIntent, result: ReplaceResult): Published {
  return { kind: "undone", knownHash: intent.newHash, result };
}

/** The result of a write whose journal could not be read settled. */
export function notHeld(target: string, read: NotRead): ReplaceResult {
  switch (read.kind) {
    case "absent":
      return failure(target, "ENOENT");
    case "busy":
      return { kind: "busy", why: read.why };
    case "unreadable":
      return { kind: "refused", why: `Cannot write into ${target}: ${read.why}` };
  }
}

/** The code of the system error that a call throws; "" if it succeeds. */
function codeOf(call: () => void): string {
  try {
    call();
    return "";
  } catch (error) {
    return systemErrorCode(error);
  }
}
