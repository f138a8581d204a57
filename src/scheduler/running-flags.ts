// Which findings about a run that goes on are told at once, in its receipt: each a write into an
// open editor, so they are few and none is taken back. At the end the rules are asked anew.
import { flagKey } from "../domain/receipt-flags.ts";
import { type Finding, isFlag } from "../domain/finding.ts";
import type { Run } from "../domain/world.ts";

/** Flags told of a run while it goes on: each may be a write into an open editor. */
export const RUNNING_FLAGS = 6;
/** A finding of tier B may pass: it is told of a run that goes on once it has held for so long. */
export const FLAG_HOLDS_MS = 60_000;

/**
 * All flags of the run, those known first; undefined where nothing is to be added: no finding of
 * tier A is new, none of tier B has held for FLAG_HOLDS_MS (`atMs` of a finding says since when),
 * the run is ending, or RUNNING_FLAGS are told already.
 */
export function flagsSoFar(
  run: Run,
  found: readonly Finding[],
  nowMs: number,
): readonly Finding[] | undefined {
  if (run.exited || run.outcome !== undefined || run.stopRequested !== undefined) return undefined;
  const known = run.flags ?? [];
  const told = new Set(known.map(flagKey));
  const added = found.filter(
    (one) =>
      isFlag(one) &&
      !told.has(flagKey(one)) &&
      (one.tier === "A" || nowMs - one.atMs >= FLAG_HOLDS_MS),
  );
  const all = [...known, ...added].slice(0, RUNNING_FLAGS);
  return all.length === known.length ? undefined : all;
}
