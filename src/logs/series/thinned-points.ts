// The points of one series in typed arrays: all of them up to a bound, then of each stretch of
// 2^k values the first, smallest, largest and last, and the first that is not finite.
//
// That is M4 (Jugel and others, VLDB 2014) over the position in the log. It composes, so the
// points kept depend on what was logged and on the bound alone, not on when they were reduced.

export interface PointArrays {
  readonly steps: Float64Array;
  readonly values: Float64Array;
  readonly lines: Uint32Array;
}

export interface KeptPoints {
  add(value: number, step: number, line: number): void;
  /** Forgets all points. */
  clear(): void;
  /** The steps become the positions of the values. */
  countInstead(): void;
  /**
   * What is kept with at most `most` values exact; later calls do not change it. `bucket`: how
   * many values each stretch had, 1 when all are here. `from`: index of the first point kept of
   * value number `start` or later. `even`: indices of the first point of each stretch and of the
   * very last; undefined when all are here.
   */
  read(
    most: number,
    start: number,
  ): PointArrays & {
    readonly bucket: number;
    readonly from: number;
    readonly even: Uint32Array | undefined;
  };
}

const FIRST_CAPACITY = 16;
/** Points at the end that are not reduced at once. */
const LOOSE = 24;

/** `most` is asked when the arrays are full; it may fall, never rise. */
export function createKeptPoints(most: () => number): KeptPoints {
  let steps = new Float64Array(FIRST_CAPACITY);
  let values = new Float64Array(FIRST_CAPACITY);
  let lines = new Uint32Array(FIRST_CAPACITY);
  /** Position in the log of each point; only where not all are kept. */
  let places: Float64Array | undefined;
  let size = 0;
  let count = 0;
  let bucket = 1;
  /** Where the points of the last, unfinished stretch begin. */
  let open = 0;
  /** Position of the first value behind that stretch. */
  let closes = 0;

  const move = (from: number, to: number): void => {
    steps[to] = steps[from] ?? 0;
    values[to] = values[from] ?? 0;
    lines[to] = lines[from] ?? 0;
    if (places !== undefined) places[to] = places[from] ?? 0;
  };
  /** Keeps of the points [from, to) what stands for them, at `into`; where they end now. */
  const reduce = (from: number, to: number, into: number): number => {
    let [min, max, hole] = [-1, -1, -1];
    for (let i = from; i < to; i += 1) {
      const value = values[i] ?? 0;
      if (!Number.isFinite(value)) {
        if (hole < 0) hole = i;
      } else {
        if (min < 0 || value < (values[min] ?? 0)) min = i;
        if (max < 0 || value > (values[max] ?? 0)) max = i;
      }
    }
    let at = into;
    for (let i = from; i < to; i += 1) {
      if (i !== from && i !== to - 1 && i !== min && i !== max && i !== hole) continue;
      if (i !== at) move(i, at);
      at += 1;
    }
    return at;
  };
  const resize = (capacity: number): void => {
    const [oldSteps, oldValues, oldLines, oldPlaces] = [steps, values, lines, places];
    steps = new Float64Array(capacity);
    values = new Float64Array(capacity);
    lines = new Uint32Array(capacity);
    steps.set(oldSteps.subarray(0, size));
    values.set(oldValues.subarray(0, size));
    lines.set(oldLines.subarray(0, size));
    if (oldPlaces === undefined) return;
    places = new Float64Array(capacity);
    places.set(oldPlaces.subarray(0, size));
  };
  /** Goes over to stretches of `next` values each. */
  const widen = (next: number, capacity: number): void => {
    if (places === undefined) {
      places = Float64Array.from({ length: Math.max(capacity, size) }, (_, i) => i);
      // The arrays so far may have been handed out.
      resize(Math.max(capacity, size));
    }
    bucket = next;
    let into = 0;
    for (let from = 0; from < size;) {
      const stretch = Math.floor((places[from] ?? 0) / bucket);
      let to = from + 1;
      while (to < size && Math.floor((places[to] ?? 0) / bucket) === stretch) to += 1;
      open = into;
      into = reduce(from, to, into);
      closes = (stretch + 1) * bucket;
      from = to;
    }
    size = into;
  };
  const evenPoints = (): Uint32Array => {
    const found: number[] = [];
    let stretch = -1;
    for (let i = 0; i < size; i += 1) {
      const own = Math.floor((places?.[i] ?? i) / bucket);
      if (own === stretch && i < size - 1) continue;
      stretch = own;
      found.push(i);
    }
    return Uint32Array.from(found);
  };
  const makeRoom = (): void => {
    const bound = most();
    const next = bucketFor(count + 1, bound);
    const capacity = bound + (bound >> 2) + 2 * LOOSE;
    if (next > bucket) widen(next, capacity);
    if (size + LOOSE >= values.length)
      resize(Math.max(size + LOOSE + 1, Math.min(2 * values.length, capacity)));
  };

  return {
    add(value, step, line) {
      if (size === values.length) makeRoom();
      if (bucket > 1) {
        if (count >= closes) {
          size = reduce(open, size, open);
          open = size;
          closes = (Math.floor(count / bucket) + 1) * bucket;
        } else if (size - open >= LOOSE) size = reduce(open, size, open);
      }
      steps[size] = step;
      values[size] = value;
      lines[size] = line;
      if (places !== undefined) places[size] = count;
      size += 1;
      count += 1;
    },
    clear() {
      steps = new Float64Array(FIRST_CAPACITY);
      values = new Float64Array(FIRST_CAPACITY);
      lines = new Uint32Array(FIRST_CAPACITY);
      places = undefined;
      [size, count, bucket, open, closes] = [0, 0, 1, 0, 0];
    },
    countInstead() {
      steps = Float64Array.from({ length: steps.length }, (_, i) => places?.[i] ?? i);
    },
    read(bound, start) {
      const next = bucketFor(count, bound);
      if (next > bucket) widen(next, bound + (bound >> 2) + 2 * LOOSE);
      if (bucket === 1) {
        return {
          steps: steps.subarray(0, size),
          values: values.subarray(0, size),
          lines: lines.subarray(0, size),
          bucket,
          from: start,
          even: undefined,
        };
      }
      size = reduce(open, size, open);
      let from = 0;
      while (from < size && (places?.[from] ?? 0) < start) from += 1;
      return {
        steps: steps.slice(0, size),
        values: values.slice(0, size),
        lines: lines.slice(0, size),
        bucket,
        from,
        even: evenPoints(),
      };
    },
  };
}

/** Values of one stretch, so that four points for each are at most `most`; 1 when all fit. */
function bucketFor(count: number, most: number): number {
  if (count <= most) return 1;
  let bucket = 8;
  while (Math.ceil(count / bucket) * 4 > most) bucket *= 2;
  return bucket;
}
