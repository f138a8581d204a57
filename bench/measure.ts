// Times one piece of work again and again, and says median, 95th percentile and worst.
// What is measured, and the bound it has to keep, is in the *.bench.ts files.

export interface Timing {
  /** All in ms. */
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly worstMs: number;
  readonly times: number;
}

/** Runs `work` `times` times after `warmUp` untimed ones; `work` gives its own time in ms or none. */
export async function measure(
  times: number,
  work: (round: number) => Promise<number | void> | number | void,
  warmUp = 2,
): Promise<Timing> {
  const spans: number[] = [];
  for (let round = -warmUp; round < times; round += 1) {
    const from = performance.now();
    const own = await work(round);
    if (round >= 0) spans.push(own ?? performance.now() - from);
  }
  const sorted = spans.toSorted((a, b) => a - b);
  return {
    medianMs: quantile(sorted, 0.5),
    p95Ms: quantile(sorted, 0.95),
    worstMs: sorted.at(-1) ?? Number.NaN,
    times,
  };
}

/** Nearest rank: a time that was really measured. */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}
