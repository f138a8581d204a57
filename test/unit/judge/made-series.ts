// Series for tests of plots, made from values alone.
import type { Sample, Series } from "../../../src/domain/sample.ts";

export interface MadeSeries {
  readonly steps?: readonly number[];
  readonly stepKey?: Series["stepKey"];
  readonly file?: string;
  /** Line of the first value; each value has a line of its own. */
  readonly line?: number;
}

export function madeSeries(
  key: string,
  values: ArrayLike<number>,
  { steps, stepKey = "step", file = "logs/train.log", line = 12 }: MadeSeries = {},
): Series {
  const all = Float64Array.from(values);
  const xs = steps === undefined ? all.map((_, i) => i) : Float64Array.from(steps);
  const sample = (i: number): Sample => {
    const value = all[i] ?? Number.NaN;
    return { key, step: xs[i] ?? i, value, token: String(value), file, line: line + i, offset: i };
  };
  const notFinite = all.findIndex((value) => !Number.isFinite(value));
  return {
    summary: {
      key,
      count: all.length,
      first: sample(0),
      last: sample(all.length - 1),
      ...(notFinite < 0 ? {} : { notFinite: sample(notFinite) }),
      notFiniteCount: all.filter((value) => !Number.isFinite(value)).length,
    },
    stepKey,
    steps: xs,
    values: all,
    lines: Uint32Array.from(all, (_, i) => line + i),
  };
}

/** Numbers in [0, 1) that are the same in each run. */
export function noise(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
