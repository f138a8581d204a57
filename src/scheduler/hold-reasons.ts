// Why a command is held or cancelled by how its block came or went: one line each, for its receipt.
// start-rule.ts, align-journal.ts and accept-commands.ts decide when one applies. The constants are
// in ledgers: a box that starts all of a kind finds its commands by them.

/** Reasons to hold a command whose block may not be meant to start it. */
export const HOLDS = {
  copied: "it was copied together with its receipt",
  brought: "its save brought receipts of another journal",
  foreign: "it stood here before this daemon first saw the experiment",
  withFolder: "it came with its folder, as a clone, an archive or a copy does",
  untrusted: "this lab is not trusted on this machine (`nightlab trust`)",
  arrived: "git brought it, and what git brings to this lab is held",
  checkout: "git brought it with a checkout, a reset or a stash",
  cameBack: "its block was deleted and came back",
  vanished: "its line is gone from the journal",
} as const;

/** Held for how many came at once: one box lets all of a journal's go. */
const MANY: ReadonlySet<string> = new Set([
  HOLDS.foreign,
  HOLDS.withFolder,
  HOLDS.untrusted,
  HOLDS.arrived,
  HOLDS.checkout,
  HOLDS.brought,
  HOLDS.cameBack,
]);

/** Whether a command held for this reason came with others, which one box starts together. */
export const cameWithOthers = (reason: string | undefined): boolean =>
  reason !== undefined && (MANY.has(reason) || reason.startsWith(FOLDER_COPY));

/** A line made out of a command that has started: `an edit of k7f3, done; run it?`. */
export const editHold = ({ id, state }: { readonly id: string; readonly state: string }): string =>
  `an edit of \`${id}\`, ${state}; run it?`;

const FOLDER_COPY = "its folder is a copy of ";

/** A line of a folder that was copied; `of` is the name of the original. */
export const folderCopyHold = (of: string): string => `${FOLDER_COPY}\`${of}\``;

/** Why a command is cancelled whose block was deleted before its start. */
export const DELETED = "its block was deleted";
