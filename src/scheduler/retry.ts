// Whether a run that ended is retried: only where the user wrote `retry`, and only for causes that
// are not in the code. The next attempt is started by start.ts when its turn comes.
import type { RetryCause } from "../domain/command.ts";
import type { Cause } from "../domain/run.ts";
import { spanText } from "../base/time.ts";
import type { Command } from "../domain/world.ts";
import type { Turn } from "../domain/turn.ts";
import { changedArguments } from "../domain/changed-arguments.ts";
import { standsFor } from "../domain/members.ts";

/** Delays before the retries of a run whose GPU was full: what filled it may be gone by then. */
const RETRY_DELAYS_MS: readonly number[] = [60_000, 300_000, 900_000];

/** Records that a command's latest attempt is followed by another one, where that is so. */
export function retryEnded(turn: Turn, { id }: Command): void {
  const command = turn.world.commands.get(id);
  const { run, earlierRuns = [], spec } = command ?? {};
  const retry = spec?.retry;
  if (command === undefined || run?.outcome === undefined || retry === undefined) return;
  const { cause } = run.outcome;
  const why = retriable(cause);
  const tried = earlierRuns.length + 1;
  if (why === undefined || !retry.on.includes(why) || tried > retry.times) return;
  // A command whose block was deleted is not started again.
  const gone = standsFor(turn.world, command).absentSinceMs !== undefined;
  if (run.stopRequested !== undefined || gone) return;
  const args = command.changedArgs ?? spec?.args ?? [];
  const changed = retry.set === undefined ? undefined : changedArguments(args, retry.set);
  // The arguments cannot be changed as written, and an unchanged attempt would end the same way.
  if (retry.set !== undefined && changed === undefined) return;
  const delayMs = retry.delayMs ?? defaultDelayMs(why, tried);
  const wait = delayMs === 0 ? "" : ` in ${spanText(delayMs)}`;
  turn.record({
    kind: "run-retried",
    id,
    attempt: run.attempt,
    reason: `${CAUSE_TEXT[why]}; try ${tried + 1} of ${retry.times + 1}${wait}`,
    notBeforeMs: turn.atMs + delayMs,
    ...(changed === undefined ? {} : { args: changed.args }),
  });
}

const CAUSE_TEXT: Readonly<Record<RetryCause, string>> = {
  oom: "the GPU ran out of memory",
  restart: "the machine restarted",
};

/** Other lost runs are not retried: they may have done their work, or may still be running. */
function retriable(cause: Cause): RetryCause | undefined {
  if (cause.kind === "gpu-out-of-memory") return "oom";
  return cause.kind === "machine-restarted" ? "restart" : undefined;
}

function defaultDelayMs(why: RetryCause, tried: number): number {
  return why === "restart" ? 0 : (RETRY_DELAYS_MS.at(tried - 1) ?? RETRY_DELAYS_MS.at(-1) ?? 0);
}
