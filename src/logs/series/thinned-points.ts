// The points of one series in bounded memory: every value up to a bound; beyond it, of each bucket
// of 2^k values, the first, smallest, largest and last, and the first that is not finite.
//
// This is M4 (Jugel and others, VLDB 2014) over positions in the log. It composes: which points
// are kept depends on the values logged and on the bound, not on when they were reduced.

interface PointArrays {
  readonly steps: Float64Array;
  readonly values: Float64Array;
  /** Line numbers in the log, from 1. */
  readonly lines: Uint32Array;
}

export interface ThinnedPoints {
  add(value: number, step: number, line: number): void;
  /** Replaces every step by its value's position in the series. */
  countInstead(): void;
  /**
   * The points kept when at most `most` values stay exact; later calls do not change the arrays.
   * `bucketSize`: values per bucket, 1 when every value is here. `from`: index of the first point
   * at or after value number `start`. `even`: indices of the first point of each bucket and of the
   * very last point; undefined when every value is here.
   */
  read(
    most: number,
    start: number,
  ): PointArrays & {
    readonly bucketSize: number;
    readonly from: number;
    readonly even: Uint32Array | undefined;
  };
}

const FIRST_CAPACITY = 16;
/** The open bucket is reduced once it holds this many points, not after each value. */
const LOOSE = 24;

/**
 * Empty points. `most`: how many values may be exact; it is called when the arrays are full, and
 * its answer may fall but never rise.
 */
export function createThinnedPoints(most: () => number): ThinnedPoints {
  return new Points(most);
}

class Points implements ThinnedPoints {
  readonly #most: () => number;
  #steps = new Float64Array(FIRST_CAPACITY);
  #values = new Float64Array(FIRST_CAPACITY);
  #lines = new Uint32Array(FIRST_CAPACITY);
  /** Position in the series of each point; undefined while every value is kept. */
  #positions: Float64Array | undefined;
  /** Points kept. */
  #size = 0;
  /** Values added. */
  #count = 0;
  #bucketSize = 1;
  /** Index of the first point of the last, unfinished bucket. */
  #open = 0;
  /** Position of the first value after that bucket. */
  #closes = 0;

  constructor(most: () => number) {
    this.#most = most;
  }

  add(value: number, step: number, line: number): void {
    if (this.#size === this.#values.length) this.#makeRoom();
    if (this.#bucketSize > 1) {
      if (this.#count >= this.#closes) {
        this.#size = this.#reduce(this.#open, this.#size, this.#open);
        this.#open = this.#size;
        this.#closes = (Math.floor(this.#count / this.#bucketSize) + 1) * this.#bucketSize;
      } else if (this.#size - this.#open >= LOOSE) {
        this.#size = this.#reduce(this.#open, this.#size, this.#open);
      }
    }
    const size = this.#size;
    this.#steps[size] = step;
    this.#values[size] = value;
    this.#lines[size] = line;
    if (this.#positions !== undefined) this.#positions[size] = this.#count;
    this.#size = size + 1;
    this.#count += 1;
  }

  countInstead(): void {
    const positions = this.#positions;
    this.#steps = Float64Array.from({ length: this.#steps.length }, (_, i) => positions?.[i] ?? i);
  }

  read(most: number, start: number): ReturnType<ThinnedPoints["read"]> {
    const bucketSize = bucketSizeFor(this.#count, most);
    if (bucketSize > this.#bucketSize) this.#widen(bucketSize, capacityFor(most));
    if (this.#bucketSize === 1) {
      // Views suffice: values already written never change while all of them are kept.
      return {
        steps: this.#steps.subarray(0, this.#size),
        values: this.#values.subarray(0, this.#size),
        lines: this.#lines.subarray(0, this.#size),
        bucketSize: 1,
        from: start,
        even: undefined,
      };
    }
    this.#size = this.#reduce(this.#open, this.#size, this.#open);
    let from = 0;
    while (from < this.#size && (this.#positions?.[from] ?? 0) < start) from += 1;
    return {
      steps: this.#steps.slice(0, this.#size),
      values: this.#values.slice(0, this.#size),
      lines: this.#lines.slice(0, this.#size),
      bucketSize: this.#bucketSize,
      from,
      even: this.#evenPoints(),
    };
  }

  #makeRoom(): void {
    const most = this.#most();
    const bucketSize = bucketSizeFor(this.#count + 1, most);
    const capacity = capacityFor(most);
    if (bucketSize > this.#bucketSize) this.#widen(bucketSize, capacity);
    if (this.#size + LOOSE >= this.#values.length) {
      const doubled = Math.min(2 * this.#values.length, capacity);
      this.#resize(Math.max(this.#size + LOOSE + 1, doubled));
    }
  }

  #resize(capacity: number): void {
    const size = this.#size;
    this.#steps = grown(this.#steps, size, capacity);
    this.#values = grown(this.#values, size, capacity);
    const lines = new Uint32Array(capacity);
    lines.set(this.#lines.subarray(0, size));
    this.#lines = lines;
    if (this.#positions !== undefined) this.#positions = grown(this.#positions, size, capacity);
  }

  /** Goes over to larger buckets, of `bucketSize` values each. */
  #widen(bucketSize: number, capacity: number): void {
    if (this.#positions === undefined) {
      const length = Math.max(capacity, this.#size);
      this.#positions = Float64Array.from({ length }, (_, i) => i);
      // New arrays: `read` may have handed out views of the present ones.
      this.#resize(length);
    }
    const positions = this.#positions;
    this.#bucketSize = bucketSize;
    let into = 0;
    for (let from = 0; from < this.#size;) {
      const bucket = Math.floor((positions[from] ?? 0) / bucketSize);
      let to = from + 1;
      while (to < this.#size && Math.floor((positions[to] ?? 0) / bucketSize) === bucket) to += 1;
      this.#open = into;
      into = this.#reduce(from, to, into);
      this.#closes = (bucket + 1) * bucketSize;
      from = to;
    }
    this.#size = into;
  }

  /** Moves the points that represent [from, to) to `into`; the index after the last of them. */
  #reduce(from: number, to: number, into: number): number {
    const values = this.#values;
    let min = -1;
    let max = -1;
    let hole = -1;
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
      if (i !== at) this.#move(i, at);
      at += 1;
    }
    return at;
  }

  #move(from: number, to: number): void {
    this.#steps[to] = this.#steps[from] ?? 0;
    this.#values[to] = this.#values[from] ?? 0;
    this.#lines[to] = this.#lines[from] ?? 0;
    if (this.#positions !== undefined) this.#positions[to] = this.#positions[from] ?? 0;
  }

  #evenPoints(): Uint32Array {
    const found: number[] = [];
    let last = -1;
    for (let i = 0; i < this.#size; i += 1) {
      const bucket = Math.floor((this.#positions?.[i] ?? i) / this.#bucketSize);
      if (bucket === last && i < this.#size - 1) continue;
      last = bucket;
      found.push(i);
    }
    return Uint32Array.from(found);
  }
}

function grown(array: Float64Array, size: number, capacity: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(capacity);
  larger.set(array.subarray(0, size));
  return larger;
}

/** `most` / 4 buckets of five points (the fifth is not finite), and loose points at the end. */
const capacityFor = (most: number): number => most + (most >> 2) + 2 * LOOSE;

/** Values per bucket, so that four points of each come to at most `most`; 1 when all fit. */
function bucketSizeFor(count: number, most: number): number {
  if (count <= most) return 1;
  let size = 8;
  while (Math.ceil(count / size) * 4 > most) size *= 2;
  return size;
}
