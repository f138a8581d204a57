// Why a command is held or cancelled by how its block came or went: one line each, for its receipt.
// settle-timers.ts, align-journal.ts and accept-commands.ts decide when one applies.

/** Reasons to hold a command whose block may not be meant to start it. */
export const HOLDS = {
  copied: "it was copied together with its receipt",
  foreign: "it stood here before this daemon first saw the experiment",
  checkout: "git brought it with a checkout, a reset or a stash",
  cameBack: "its block was deleted and came back",
} as const;

/** Why a command is cancelled whose block was deleted before its start. */
export const DELETED = "its block was deleted";
