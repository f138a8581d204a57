// The states of a command, from the block that it was read from to its one ending.
// scheduler/ decides when a command changes from one to another.
import type { Ending } from "./run.ts";

/**
 *            ┌────────► problem (never an id of its own)
 *   settling ┼────────► held ──tick──┐
 *            └► waiting ─────────────┴► queued ─► preparing ─► running ─► done | failed | stopped
 *                  │                    │             │            └────► lost
 *                  └────► cancelled ◄───┘             └────► failed | stopped
 * `settling` is no state of a command: a block gets its id once it has settled.
 */
export type CommandState =
  "held" | "waiting" | "queued" | "preparing" | "running" | "cancelled" | "skipped" | Ending;

/** The states of an ended command. Only a retry, or a deleted block that comes back, leaves one. */
export const ENDED: ReadonlySet<CommandState> = new Set<CommandState>([
  "done",
  "failed",
  "stopped",
  "lost",
  "cancelled",
  "skipped",
]);

/** One swept option of a member and its value, both as written. */
export interface Swept {
  readonly key: string;
  readonly value: string;
}
