// Whether a run that ended is tried again: only where its author wrote `retry`, and only for causes
// that are not the code's. The next try is a new attempt; when its turn comes is for start.ts.
import type { RetryCause } from "../domain/command.ts";
import type { Cause } from "../domain/run.ts";
import { spanText } from "../base/time.ts";
import type { Command } from "../domain/world.ts";
import type { Turn } from "../domain/turn.ts";
import { changedArguments } from "../domain/changed-arguments.ts";
import { standsFor } from "../domain/members.ts";

/** Before the next tries of a run whose GPU was full: what filled it may leave in the meantime. */
const RETRY_DELAYS_MS: readonly number[] = [60_000, 300_000, 900_000];

/** Records that the latest try is followed by another one, where that is so. */
export function retryEnded(turn: Turn, { id }: Command): void {
  const command = turn.world.commands.get(id);
  const { run, earlierRuns = [], spec } = command ?? {};
  const retry = spec?.retry;
  if (command === undefined || run?.outcome === undefined || retry === undefined) return;
  const { cause } = run.outcome;
  const why = retriable(cause);
  const tried = earlierRuns.length + 1;
  if (why === undefined || !retry.on.includes(why) || tried > retry.times) return;
  // Nothing starts whose block was deleted.
  const gone = standsFor(turn.world, command).absentSinceMs !== undefined;
  if (run.stopRequested !== undefined || gone) return;
  const args = command.changedArgs ?? spec?.args ?? [];
  const changed = retry.set === undefined ? undefined : changedArguments(args, retry.set);
  // What was to be changed cannot be: the same once more would end alike.
  if (retry.set !== undefined && changed === undefined) return;
  const delayMs = retry.delayMs ?? defaultDelayMs(why, tried);
  const wait = delayMs === 0 ? "" : ` in ${spanText(delayMs)}`;
  turn.record({
    kind: "run-retried",
    id,
    attempt: run.attempt,
    reason: `${SAID[why]}; try ${tried + 1} of ${retry.times + 1}${wait}`,
    notBeforeMs: turn.atMs + delayMs,
    ...(changed === undefined ? {} : { args: changed.args }),
  });
}

const SAID: Readonly<Record<RetryCause, string>> = {
  oom: "the GPU ran out of memory",
  restart: "the machine restarted",
};

/** A run that is lost in any other way may have done its work, or may still be at it. */
function retriable(cause: Cause): RetryCause | undefined {
  if (cause.kind === "gpu-out-of-memory") return "oom";
  return cause.kind === "machine-restarted" ? "restart" : undefined;
}

function defaultDelayMs(why: RetryCause, tried: number): number {
  return why === "restart" ? 0 : (RETRY_DELAYS_MS.at(tried - 1) ?? RETRY_DELAYS_MS.at(-1) ?? 0);
}
