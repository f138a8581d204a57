// Rule: the run was ended by its time limit. A de-risking run that took longer than its target, or
// a run that will not finish in time, gets a note and no flag.
import { spanText } from "../base/time.ts";
import { deathFinding } from "./death.ts";
import { rule, type Found, type RuleInput } from "./rule.ts";

/** The time that a de-risking run aims for: passing it is a note, never a flag. */
const DE_RISK_TARGET_MS = 60_000;

export const overLimit = rule({
  name: "over-limit",
  tier: "A",
  says: "The run was ended by its time limit; a note tells when one will not make it in time.",
  silent: "The preparation of the environment, which counts for no limit.",
  numbers: {
    seconds: { value: DE_RISK_TARGET_MS / 1000, why: "What a de-risking run aims for: a note." },
    from: { value: 0.2, why: "Share of the way before which a projection says little." },
  },
  find(input, { seconds, from }) {
    const { outcome, startedAtMs, endedAtMs, long } = input;
    if (outcome === undefined) return projected(input, from);
    if (outcome.cause.kind === "over-limit") {
      const message = `ended by its limit of ${spanText(outcome.cause.limitMs)}`;
      return [deathFinding(input, `${message}${projection(input)}`)];
    }
    if (long || outcome.ending !== "done" || endedAtMs === undefined) return [];
    const tookMs = endedAtMs - startedAtMs;
    if (tookMs <= seconds * 1000) return [];
    const target = spanText(seconds * 1000);
    return [note(`took ${spanText(tookMs)}, over the ${target} that a de-risking run aims for`)];
  },
});

const note = (message: string): Found => ({ tier: "note", message, count: 1, blocking: false });

/** A note on a run that goes on and will pass its limit at the pace so far. */
function projected(input: RuleInput, from: number): readonly Found[] {
  const share = doneShare(input);
  const wholeMs = wholeTime(input, input.nowMs);
  if (share === undefined || wholeMs === undefined || share < from) return [];
  if (wholeMs <= input.limitMs) return [];
  const limit = spanText(input.limitMs);
  return [note(`will take ${spanText(wholeMs)} at this pace, over its limit of ${limit}`)];
}

/** `; at its pace it needed 3 min 20 s`, for a run that its limit ended; empty if not known. */
function projection(input: RuleInput): string {
  const wholeMs = wholeTime(input, input.endedAtMs ?? input.nowMs);
  return wholeMs === undefined ? "" : `; at its pace it needed ${spanText(wholeMs)}`;
}

/** The time from start to end at the pace by `atMs`, ms; undefined without known progress. */
function wholeTime(input: RuleInput, atMs: number): number | undefined {
  const share = doneShare(input);
  if (share === undefined || share === 0) return undefined;
  return (atMs - input.startedAtMs) / share;
}

/** The share of the run that is done, by the progress in its logs; undefined without any. */
function doneShare({ reading }: RuleInput): number | undefined {
  const progress = (reading.lineFacts ?? []).flatMap((facts) => facts.progress ?? []);
  const shares = progress.map(({ done, total }) => done / total).filter((share) => share < 1);
  return shares.length === 0 ? undefined : Math.max(...shares);
}
