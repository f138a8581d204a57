// The states of a command, from the block it was read from to its one ending.
// What moves a command from one to the next is decided in scheduler/.
import type { Ending } from "./run.ts";

/**
 *            ┌────────► problem (never an id of its own)
 *   settling ┼────────► held ──tick──┐
 *            └► waiting ─────────────┴► queued ─► preparing ─► running ─► done | failed | stopped
 *                  │                    │             │            └────► lost
 *                  └────► cancelled ◄───┘             └────► failed | stopped
 * `settling` is not a state of a command: a block gets its id when it has settled.
 */
export type CommandState =
  "held" | "waiting" | "queued" | "preparing" | "running" | "cancelled" | "skipped" | Ending;

export const ENDED: ReadonlySet<CommandState> = new Set<CommandState>([
  "done",
  "failed",
  "stopped",
  "lost",
  "cancelled",
  "skipped",
]);

/** The value that a member of a sweep has of one option, both as written. */
export interface Swept {
  readonly key: string;
  readonly value: string;
}
