// Rule: a measured value repeats to the last bit: nothing updates it any more.
// Settings and coarse scores repeat by nature and are skipped.
import type { Series } from "../domain/sample.ts";
import { isPromised } from "../logs/criterion-metrics.ts";
import { roleOf } from "../logs/metric-role.ts";
import { atStep, logPlaceAt, shown } from "../logs/series/series-place.ts";
import { rule, type Found, type RuleInput } from "./rule.ts";
import { defined } from "../base/defined.ts";

/** Values with fewer significant digits repeat by rounding. */
const DIGITS = 4;
/** A score whose nearest values differ by more than this share of its largest has few levels. */
const COARSE = 1e-3;

export const deadMetric = rule({
  name: "dead-metric",
  tier: "B",
  says: "A measured value repeats to the last bit, 10 times or more while the step goes on.",
  silent:
    "Learning rates, counters, scores at their bound, values of few digits, and values that repeat half as long elsewhere: they are carried over between evaluations.",
  numbers: {
    repeats: { value: 10, why: "Equal values in a row." },
  },
  find: (input, { repeats }) =>
    input.reading.series
      .filter(({ summary }) => isMeasured(summary.key, input))
      .flatMap((series) => foundIn(series, repeats)),
});

function isMeasured(key: string, { plan }: RuleInput): boolean {
  const role = roleOf(key);
  if (role === "schedule" || role === "time") return false;
  return (
    role === "loss" ||
    role === "share" ||
    role === "reward" ||
    role === "norm" ||
    isPromised(plan, key)
  );
}

function foundIn(series: Series, repeats: number): readonly Found[] {
  const { values, steps, summary } = series;
  let start = 0;
  let worst = { at: 0, length: 0 };
  let next = 0;
  for (let i = 1; i <= values.length; i += 1) {
    const same = values[i] === values[start] && (steps[i] ?? 0) > (steps[i - 1] ?? 0);
    if (same) continue;
    const length = i - start;
    if (length > worst.length && isFine(values[start] ?? 0)) {
      next = worst.length;
      worst = { at: start, length };
    } else next = Math.max(next, length);
    start = i;
  }
  const { at, length } = worst;
  if (length < Math.max(repeats, 2 * next) || isCoarse(series)) return [];
  const last = at + length === values.length;
  const evidence = logPlaceAt(series, at);
  const until = last ? "to the end" : `${length} times`;
  const { key } = summary;
  return [
    {
      metric: key,
      message: `${key} stays exactly ${shown(values[at] ?? 0)} from${atStep(series, at).replace(" at", "")} on, ${until}`,
      ...defined({ evidence }),
      count: length,
      persists: last,
      blocking: false,
    },
  ];
}

/** Whether a value has enough digits for repeats to be no accident; 0 and 1 have not. */
function isFine(value: number): boolean {
  return (
    value
      .toPrecision(15)
      .replace(/e.*$/, "")
      .replaceAll(/^[-0.]+|\.|0+$/g, "").length >= DIGITS
  );
}

/**
 * Whether values take few levels: an accuracy over few examples, or a norm clipped at its bound.
 */
function isCoarse({ values, summary }: Series): boolean {
  const role = roleOf(summary.key);
  if (role === "norm") return values.at(-1) === summary.max?.value;
  if (role !== "share" && role !== "reward") return false;
  const sorted = values.toSorted();
  let least = Infinity;
  for (let i = 1; i < sorted.length; i += 1) {
    const step = (sorted[i] ?? 0) - (sorted[i - 1] ?? 0);
    if (step > 0) least = Math.min(least, step);
  }
  const scale = Math.max(Math.abs(summary.max?.value ?? 1), 1e-12);
  return least === Infinity || least / scale > COARSE;
}
