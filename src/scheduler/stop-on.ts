// Whether a person asked in writing that a run be stopped for what a rule says of it.
// Without such words nothing is ever stopped by a rule.
import { type Finding, STOPPING } from "../domain/finding.ts";
import type { Command, Run, World } from "../domain/world.ts";

/**
 * What the rule said that stops the run, or undefined: no `stop on` in the journal as it stands
 * now or in the command names the rule of any finding, or the run is ending already.
 */
export function askedToStop(
  world: World,
  command: Command,
  run: Run,
  found: readonly Finding[],
): string | undefined {
  if (run.exited || run.outcome !== undefined || run.stopRequested !== undefined) return undefined;
  const plan = world.views.get(command.experiment)?.reading.plan;
  const named = new Set([...(plan?.stopOn ?? []), ...(command.spec.stopOn ?? [])]);
  const cause = found.find(
    ({ rule, tier }) => named.has(rule) && STOPPING.has(rule) && (tier === "A" || tier === "B"),
  );
  return cause?.message;
}
