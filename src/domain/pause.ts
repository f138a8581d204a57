// A pause of the queue, and the early failures that make the queue pause itself.
// scheduler/pause.ts decides when it pauses.
import type { CommandId } from "../base/ids.ts";

/** A run that fails within this time of its start has hardly begun: an early failure. */
export const EARLY_FAILURE_MS = 10_000;
/** This many early failures in a row have a common cause: the machine, the disk, the data. */
export const EARLY_FAILURES = 3;

/** A pause that is in force. */
export interface Pause {
  readonly atMs: number;
  /** By `queue: drain`, whose receipt says when nothing runs any more. */
  readonly drain: boolean;
  /** Why the queue paused itself; absent: the user paused it. */
  readonly why?: string;
}

/** A run that failed within EARLY_FAILURE_MS of its start. */
export interface EarlyFailure {
  readonly id: CommandId;
  readonly acceptedAtMs: number;
  readonly endedAtMs: number;
}
