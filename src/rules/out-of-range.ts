// Rule: a value that its kind of metric cannot have: an accuracy outside its range, a cross-entropy
// below zero, a share that turns into a percentage within one run.
import type { Sample, Series } from "../domain/sample.ts";
import { roleOf } from "../logs/metric-role.ts";
import { atStep, logPlaceAt } from "../logs/series/series-place.ts";
import { rule, type Found } from "./rule.ts";

/** Rounding may put a sum of floats this far beyond its bound. */
const ROUNDING = 1e-6;
/** Names of losses that are minus the logarithm of a probability. */
const CROSS_ENTROPY = /cross[_\W]?entropy|xent|(?:^|[^a-z])b?ce(?:[^a-z]|$)/i;
const PERPLEXITY = /perplexity|(?:^|[^a-z])ppl(?:[^a-z]|$)/i;

export const outOfRange = rule({
  name: "out-of-range",
  tier: "A",
  says: "An accuracy outside [0, 1] and [0, 100], a cross-entropy below 0, a unit that flips.",
  silent: "Rewards, bounds on a likelihood, and every name that is not known.",
  numbers: {
    flip: { value: 100, why: "From a share to a percentage the value grows a hundredfold." },
  },
  find: (input, { flip }) =>
    input.reading.series.flatMap((series) => {
      const { key } = series.summary;
      if (roleOf(key) === "share") return ofShare(series, flip);
      if (CROSS_ENTROPY.test(key)) return below(series, 0, "a cross-entropy");
      return PERPLEXITY.test(key) ? below(series, 1, "a perplexity") : [];
    }),
});

function ofShare(series: Series, flip: number): readonly Found[] {
  const { key, min, max } = series.summary;
  const low = min !== undefined && min.value < -ROUNDING ? min : undefined;
  const bad = low ?? (max !== undefined && max.value > 100 + ROUNDING ? max : undefined);
  if (bad !== undefined) {
    return [found(key, `${key} is ${bad.token}: it lies between 0 and 1, or 100`, bad)];
  }
  const at = flipAt(series.values, flip);
  if (at === undefined) return [];
  const evidence = logPlaceAt(series, at);
  const message = `${key} changes its unit${atStep(series, at)}: a share before, a percentage after, or the reverse`;
  return [found(key, message, evidence)];
}

/** The index where values change by about a factor of `flip`, with two values on each scale. */
function flipAt(values: Float64Array, flip: number): number | undefined {
  for (let i = 2; i + 1 < values.length; i += 1) {
    const [a2 = 0, a = 0, b = 0, b2 = 0] = values.subarray(i - 2, i + 2);
    if (isFlip(a, b, flip) && isFlip(a2, b2, flip)) return i;
    if (isFlip(b, a, flip) && isFlip(b2, a2, flip)) return i;
  }
  return undefined;
}

const isFlip = (share: number, percentage: number, flip: number): boolean =>
  share > 0 && share <= 1 && percentage > 1 && within(percentage / share, flip, 1.4);

const within = (ratio: number, wanted: number, by: number): boolean =>
  ratio >= wanted / by && ratio <= wanted * by;

function below(series: Series, bound: number, kind: string): readonly Found[] {
  const { key, min } = series.summary;
  if (min === undefined || min.value >= bound - ROUNDING) return [];
  return [found(key, `${key} is ${min.token}: ${kind} is never below ${bound}`, min)];
}

function found(key: string, message: string, at: Sample | Found["evidence"]): Found {
  return {
    metric: key,
    message,
    ...(at === undefined ? {} : { evidence: { file: at.file, line: at.line, offset: at.offset } }),
    ...(at !== undefined && "token" in at ? { token: at.token } : {}),
    count: 1,
    blocking: false,
  };
}
