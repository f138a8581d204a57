// What follows from findings about a run while it runs: flags in its receipt, and a stop where the
// user wrote `stop on`. At the run's end the rules are evaluated anew.
import { flagKey } from "../domain/receipt-flags.ts";
import { type Finding, isFlag, STOPPING } from "../domain/finding.ts";
import type { Command, Run, World } from "../domain/world.ts";

/** Flags shown of a run while it runs: each may be a write into an open editor. */
export const RUNNING_FLAGS = 6;
/** A finding of tier B may pass, so a running run shows it only after it has held for this long. */
export const FLAG_HOLDS_MS = 60_000;

/**
 * All flags of a running run, known ones first: a shown flag is never taken back. Undefined where
 * nothing is to be added: no finding of tier A is new, none of tier B has held for FLAG_HOLDS_MS
 * (since its `atMs`), the run is ending, or RUNNING_FLAGS are shown already.
 */
export function flagsSoFar(
  run: Run,
  found: readonly Finding[],
  nowMs: number,
): readonly Finding[] | undefined {
  if (isEnding(run)) return undefined;
  const known = run.flags ?? [];
  const shown = new Set(known.map(flagKey));
  const added = found.filter(
    (one) =>
      isFlag(one) &&
      !shown.has(flagKey(one)) &&
      (one.tier === "A" || nowMs - one.atMs >= FLAG_HOLDS_MS),
  );
  const all = [...known, ...added].slice(0, RUNNING_FLAGS);
  return all.length === known.length ? undefined : all;
}

/**
 * The message of the finding that stops the run. Undefined where the run is ending already, or no
 * `stop on`, of the journal as it is now or of the command, names the rule of any finding: without
 * those words no rule ever stops a run.
 */
export function stopMessage(
  world: World,
  command: Command,
  run: Run,
  found: readonly Finding[],
): string | undefined {
  if (isEnding(run)) return undefined;
  const plan = world.views.get(command.experiment)?.reading.plan;
  const named = new Set([...(plan?.stopOn ?? []), ...(command.spec.stopOn ?? [])]);
  const cause = found.find(
    ({ rule, tier }) => named.has(rule) && STOPPING.has(rule) && (tier === "A" || tier === "B"),
  );
  return cause?.message;
}

const isEnding = ({ exited, outcome, stopRequested }: Run): boolean =>
  exited || outcome !== undefined || stopRequested !== undefined;
