// The queue at rest, and what makes it come to rest by itself.
// When that is so is decided in scheduler/pause.ts.
import type { CommandId } from "../base/ids.ts";

/** A run that failed within this time of its start has hardly begun... */
export const EARLY_FAILURE_MS = 10_000;
/** ...and so many in a row show that it is not theirs alone: the machine, the disk, the data. */
export const EARLY_FAILURES = 3;

/** A pause that is in force. */
export interface Pause {
  readonly atMs: number;
  /** It is said when nothing runs any more. */
  readonly drain: boolean;
  /** It paused itself. */
  readonly why?: string;
}

/** A run that failed within seconds of its start. */
export interface EarlyFailure {
  readonly id: CommandId;
  readonly acceptedAtMs: number;
  readonly endedAtMs: number;
}
