// When a block counts as meant and not half-typed: the table of settle times as one function.
// Whether the command may then start is decided in conditions.ts and start.ts.
import type { CommandBlock, FoundCommand } from "../domain/journal.ts";
import type { Settling } from "../domain/journal-view.ts";

/** Times `settle:`: the first text of a journal, typed into an empty folder. */
const SETTLE_FIRST_TIMES = 3;
/** Times `settle:`: for a name that is a prefix of a known one, and a line without its line end. */
const SETTLE_PREFIX_TIMES = 3;
/** Times `settle:`: editors close fences by themselves, so a closed one proves little. */
const SETTLE_FENCE_TIMES = 6;
/** A later save that changed something else shows that the author has moved on. */
const SETTLE_MOVED_ON_MS = 3_000;
/** The editor was closed, so nobody is typing. */
const SETTLE_CLOSED_MS = 1_000;
/** What acts at once (` !`, a tick, `stop:`, `queue:`) only has to be complete on disk. */
export const SETTLE_GO_MS = 1_000;
/** A deleted block may have been cut and be pasted within this time. */
export const CANCEL_DELETED_MS = 10_000;

export interface SettleContext {
  /** `settle:` of the lab, in ms. */
  readonly settleMs: number;
  /** Whether a name is only the beginning of a known run's, or of one written in the journal. */
  readonly isBegunName: (name: string) => boolean;
}

/**
 * When a block counts as meant, ms since 1970. Undefined while it cannot: it has problems, may
 * continue on the next line, or is an unticked task item.
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
  if (settling.firstText === true) return settling.sinceMs + context.settleMs * SETTLE_FIRST_TIMES;
  const settledMs = settling.sinceMs + waitMs(command, block, settling, context);
  if (settling.closedAtMs === undefined || !block.lineEnded) return settledMs;
  // Editors close fences by themselves, also when they are closed.
  const closedMs = command.form === "fence" ? SETTLE_MOVED_ON_MS : SETTLE_CLOSED_MS;
  return Math.min(settledMs, settling.closedAtMs + Math.min(closedMs, context.settleMs));
}

/** How long an open block must stay unchanged, ms. */
function waitMs(
  command: FoundCommand,
  block: CommandBlock,
  settling: Settling,
  context: SettleContext,
): number {
  const { spec } = command;
  const { settleMs } = context;
  // A commit is deliberate.
  if (settling.committed) return 0;
  // Without a line end even a ` !` may be followed by another word.
  if (!block.lineEnded) return settleMs * SETTLE_PREFIX_TIMES;
  const actsAtOnce = spec?.verb === "stop" || spec?.verb === "queue";
  if (spec?.go === true || actsAtOnce) return Math.min(SETTLE_GO_MS, settleMs);
  if (settling.movedOn) return Math.min(SETTLE_MOVED_ON_MS, settleMs);
  if (command.form === "fence") return settleMs * SETTLE_FENCE_TIMES;
  if (spec?.verb === "run" && context.isBegunName(spec.target)) {
    return settleMs * SETTLE_PREFIX_TIMES;
  }
  return settleMs;
}
