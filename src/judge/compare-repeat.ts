// Compares the metrics of a run with those of the run that it repeats, as logged. Reading both is
// effects/daemon/run-handlers.ts, the words of the receipt are journal/receipt/receipt-code.ts.
import { canonicalMetric } from "../domain/metric-key.ts";
import type { RepeatCompared } from "../domain/repeat.ts";
import type { MetricSummary, RunReading } from "../domain/sample.ts";

/**
 * A metric is equal if its count and its first, smallest, largest and last values are the same as
 * logged. For one that differs the result has the last values, with the counts if those differ.
 * The metrics in `promised` come first.
 */
export function compareRepeat(
  was: RunReading,
  is: RunReading,
  promised: readonly string[],
): RepeatCompared {
  const before = byMetric(was);
  const after = byMetric(is);
  const rank = new Map(promised.map((key, i) => [canonicalMetric(key), i]));
  const rankOf = (key: string): number => rank.get(key) ?? promised.length;
  const keys = [...new Set([...before.keys(), ...after.keys()])].toSorted(
    (a, b) => rankOf(a) - rankOf(b),
  );
  let equal = 0;
  const different: RepeatCompared["different"][number][] = [];
  for (const key of keys) {
    const [one, other] = [before.get(key), after.get(key)];
    if (one !== undefined && other !== undefined && isSame(one, other)) {
      equal += 1;
      continue;
    }
    const same = one?.last.token === other?.last.token;
    const countsDiffer = one !== undefined && other !== undefined && one.count !== other.count;
    different.push({
      metric: (one ?? other)?.key ?? key,
      ...(one === undefined ? {} : { was: lastText(one, countsDiffer) }),
      ...(other === undefined
        ? {}
        : {
            is:
              same && !countsDiffer
                ? `${lastText(other, countsDiffer)} (others before it)`
                : lastText(other, countsDiffer),
          }),
    });
  }
  return { equal, different };
}

function byMetric({ series }: RunReading): ReadonlyMap<string, MetricSummary> {
  const found = new Map<string, MetricSummary>();
  for (const { summary } of series) {
    const key = canonicalMetric(summary.key);
    if (!found.has(key)) found.set(key, summary);
  }
  return found;
}

function isSame(a: MetricSummary, b: MetricSummary): boolean {
  return (
    a.count === b.count &&
    a.notFiniteCount === b.notFiniteCount &&
    a.first.token === b.first.token &&
    a.last.token === b.last.token &&
    a.min?.token === b.min?.token &&
    a.max?.token === b.max?.token
  );
}

/** The last value as logged: `0.31`, or `0.31 (20 values)`. */
const lastText = ({ last, count }: MetricSummary, withCount: boolean): string =>
  withCount ? `${last.token} (${count} values)` : last.token;
