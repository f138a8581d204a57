// When a block has stood long enough to be meant: the table of start rules as one function.
// Whether the command may then start (long runs, dependencies, the queue) is decided in scheduler/.
import type { CommandBlock, FoundCommand } from "../domain/journal.ts";
import type { Settling } from "../domain/journal-view.ts";

/** A name that could still grow into a known one, or a line without its end, waits thrice that. */
const SETTLE_PREFIX_TIMES = 3;
/** Editors close fences by themselves, so a closed one proves little: six times that. */
const SETTLE_FENCE_TIMES = 6;
/** A save that changed something else shows that the cursor moved on. */
const SETTLE_MOVED_ON_MS = 3_000;
/** The editor was closed: nobody is in the middle of a word. */
const SETTLE_CLOSED_MS = 1_000;
/** Written consent (` !`, a tick, stop, queue) only has to be on disk whole. */
export const SETTLE_GO_MS = 1_000;
/** A deleted block may be a cut that is about to be pasted. */
export const CANCEL_DELETED_MS = 10_000;

export interface SettleContext {
  /** `settle:` of the lab, in ms. */
  readonly settleMs: number;
  /** Names of runs that this lab knows or that stand elsewhere in the journal. */
  readonly knownNames: Iterable<string>;
}

/**
 * The time from which a block counts as meant, or undefined while it cannot: not understood, not
 * closed, an unticked task item. Times are ms since 1970.
 */
export function settledAtMs(
  command: FoundCommand,
  block: CommandBlock,
  settling: Settling,
  context: SettleContext,
): number | undefined {
  const { spec } = command;
  if (spec === undefined) return undefined;
  if (command.ticked === false) return undefined;
  if (!block.closed && block.lineEnded) return undefined;
  const settledMs = settling.sinceMs + waitMs(command, block, settling, context);
  if (settling.closedAtMs === undefined || !block.lineEnded) return settledMs;
  // Editors close fences by themselves, also on the way out.
  const closedMs = command.form === "fence" ? SETTLE_MOVED_ON_MS : SETTLE_CLOSED_MS;
  return Math.min(settledMs, settling.closedAtMs + Math.min(closedMs, context.settleMs));
}

function waitMs(
  command: FoundCommand,
  block: CommandBlock,
  settling: Settling,
  context: SettleContext,
): number {
  const { spec } = command;
  const { settleMs } = context;
  // A commit is deliberate; what is to be held is shown like a plain line.
  if (settling.committed) return 0;
  // Without its line end even a ` !` may be followed by the next word.
  if (!block.lineEnded) return settleMs * SETTLE_PREFIX_TIMES;
  const exact = spec?.verb === "stop" || spec?.verb === "queue";
  if (spec?.go === true || exact) return Math.min(SETTLE_GO_MS, settleMs);
  if (settling.movedOn) return Math.min(SETTLE_MOVED_ON_MS, settleMs);
  if (command.form === "fence") return settleMs * SETTLE_FENCE_TIMES;
  if (spec?.verb === "run" && isPrefix(spec.target, context.knownNames)) {
    return settleMs * SETTLE_PREFIX_TIMES;
  }
  return settleMs;
}

function isPrefix(name: string, known: Iterable<string>): boolean {
  for (const other of known) {
    if (other.length > name.length && other.startsWith(name)) return true;
  }
  return false;
}
