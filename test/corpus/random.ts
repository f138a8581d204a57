// Random numbers from a seed, the same on every machine.
// What is drawn with them is in shapes.ts and faults.ts.

export interface Random {
  /** From 0 up to 1. */
  next(): number;
  /** Normal, mean 0 and deviation 1. */
  normal(): number;
  between(low: number, high: number): number;
  /** Evenly in the logarithm. */
  scale(low: number, high: number): number;
  whole(low: number, high: number): number;
  one<T>(of: readonly T[]): T;
  chance(p: number): boolean;
}

/** Mulberry32 (Ettinger 2017), and normals by Box and Muller (1958). */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number): number => low + (high - low) * next();
  return {
    next,
    between,
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    scale: (low, high) => Math.exp(between(Math.log(low), Math.log(high))),
    whole: (low, high) => Math.floor(between(low, high + 1)),
    one: (of) => {
      const found = of[Math.floor(next() * of.length)];
      if (found === undefined) throw new Error("Nothing to choose from");
      return found;
    },
    chance: (p) => next() < p,
  };
}
