// Rule: a final value does not fit earlier runs of the same code and arguments. With the same seed
// it should be equal, with another seed within the spread of the others.
import type { MetricDigest, RunDigest } from "../domain/digest.ts";
import { roleOf } from "../logs/metric-role.ts";
import { percent, shown } from "../logs/series/series-place.ts";
import { outsideSpread } from "./prediction-interval.ts";
import { foundAtLast, rule, type Found, type RuleInput } from "./rule.ts";

export const disagrees = rule({
  name: "disagrees",
  tier: "B",
  says: "The same code, arguments and seed gave another final value, or another seed one far outside the spread of the others.",
  silent:
    "Other code or arguments, the run's name among them, fewer than 3 other seeds, and times.",
  numbers: {
    by: {
      value: 1e-3,
      why: "Relative difference of equal runs that kernels in another order may make.",
    },
    chance: {
      value: 1e-3,
      why: "Of a run like the others being outside: many metrics are compared.",
    },
    runs: { value: 3, why: "Fewest earlier runs whose spread says anything." },
  },
  find(input, { by, chance, runs }) {
    const { digest, earlier = [] } = input;
    if (digest?.codeHash === undefined || !digest.done) return [];
    const alike = earlier.filter((other) => isAlike(other, digest));
    return digest.metrics.filter(isCompared).flatMap((metric): readonly Found[] => {
      const same = alike.filter(({ seed }) => seed === digest.seed && seed !== undefined);
      const [last] = lastValues(same.slice(-1), metric);
      if (last !== undefined) return fromTwin(input, metric, last, same.at(-1)?.folder ?? "", by);
      const others = lastValues(
        alike.filter(({ seed }) => seed !== digest.seed),
        metric,
      );
      if (others.length < runs || !outsideSpread(metric.last, others, chance)) return [];
      const message = `${metric.key} ends at ${shown(metric.last)}; ${others.length} earlier seeds ended between ${shown(Math.min(...others))} and ${shown(Math.max(...others))}`;
      return [foundAtLast(input, metric.key, message)];
    });
  },
});

const isAlike = (other: RunDigest, digest: RunDigest): boolean =>
  other.done &&
  other.codeHash === digest.codeHash &&
  other.name === digest.name &&
  other.verb === digest.verb &&
  other.script === digest.script &&
  JSON.stringify(other.args) === JSON.stringify(digest.args);

/** Not compared: times, which differ between runs, and schedules and counts, which mean nothing. */
function isCompared({ key, last }: MetricDigest): boolean {
  const role = roleOf(key);
  return Number.isFinite(last) && (role === "loss" || role === "share" || role === "reward");
}

const lastValues = (runs: readonly RunDigest[], { key, count }: MetricDigest): readonly number[] =>
  runs.flatMap(
    ({ metrics }) =>
      metrics.find((one) => one.key === key && one.count === count && Number.isFinite(one.last))
        ?.last ?? [],
  );

function fromTwin(
  input: RuleInput,
  metric: MetricDigest,
  last: number,
  folder: string,
  by: number,
): readonly Found[] {
  const size = Math.max(Math.abs(last), Math.abs(metric.last));
  const off = size === 0 ? 0 : Math.abs(metric.last - last) / size;
  if (off <= by) return [];
  const message = `${metric.key} ends ${percent(off)} away from ${folder}, which had the same name, code, arguments and seed`;
  return [foundAtLast(input, metric.key, message)];
}
