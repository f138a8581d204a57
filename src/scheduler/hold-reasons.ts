// Why a command is held although its author may have meant it: one line each, as its receipt says.
// When each one applies is decided in align-journal.ts and accept-commands.ts.

export const HOLDS = {
  copied: "it was copied together with its receipt",
  foreign: "it stood here before this daemon first saw the experiment",
  checkout: "git brought it with a checkout, a reset or a stash",
  cameBack: "its block was deleted and came back",
} as const;

/** What a cancelled command says whose block was deleted before its start. */
export const DELETED = "its block was deleted";
