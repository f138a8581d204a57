// One metric's values in one log file: a bounded number of points, and the samples of its summary
// with their tokens. Joining the series of several files is left to merge.ts.
import type { MetricSummary, Sample, Series } from "../../domain/sample.ts";
import { createThinnedPoints, type ThinnedPoints } from "./thinned-points.ts";
import type { Grade, LineStep } from "../lines/metric-line.ts";
import { defined } from "../../base/defined.ts";

/**
 * What is added for each logged value; one object is filled again and again. The token is
 * `bytes[start..end)` of the chunk being read, unless it is given as text.
 */
export interface NewValue {
  value: number;
  line: number;
  offset: number;
  /** NaN where the line has no x. */
  step: number;
  stepKey: LineStep["key"] | undefined;
  /** The x was announced by a line above. It holds while nearly every value has an x of its own. */
  announced: boolean;
  /** NaN where the line has no stamp. */
  stampMs: number;
  /** The file's last epoch: a counter that starts again with a new epoch is no restart. */
  epoch: number;
  start: number;
  end: number;
  token: string | undefined;
}

export interface SeriesStore {
  /** True for the first value since `settle`: the caller then has to call `settle`. */
  add(value: NewValue, grade: Grade): boolean;
  /** Copies the tokens of the values added since out of `bytes`, which may go afterwards. */
  settle(bytes: Uint8Array): void;
  /** The x axis that the lines themselves have; undefined without one or before any value. */
  ownAxis(): LineStep["key"] | undefined;
  /** What was added so far, unchanged by later values; undefined when it is no metric. */
  series(): Series | undefined;
}

const RANK: Readonly<Record<Grade, number>> = { maybe: 0, likely: 1, sure: 2 };
/** Values from which a series of grade `likely` counts as a metric. */
const LIKELY_FROM = 3;
/** Values from which a series of grade `maybe` counts as a metric, if they vary. */
const MAYBE_FROM = 5;

/**
 * A store for `key` as logged in `file`. The x axis is that of the first value; when a later value
 * lacks it, the axis becomes the position of the values, since half an axis is none. At most
 * `most()` values are kept exactly. When a series of `maybe` values gets a surer one, the earlier
 * values are forgotten.
 */
export function createSeriesStore(file: string, key: string, most: () => number): SeriesStore {
  return new Store(file, key, most);
}

class Store implements SeriesStore {
  readonly #key: string;
  readonly #most: () => number;
  readonly #points: ThinnedPoints;
  readonly #axis = new StepAxis();
  readonly #samples: SummarySamples;
  /** The best grade so far. */
  #rank = 0;
  #count = 0;
  /** Values that are not finite, of the current attempt. */
  #holes = 0;
  /** Number of the first value of the current attempt, where the file holds several. */
  #attemptFrom = 0;
  #settled = true;

  constructor(file: string, key: string, most: () => number) {
    this.#key = key;
    this.#most = most;
    this.#points = createThinnedPoints(most);
    this.#samples = new SummarySamples(file, key);
  }

  add(added: NewValue, grade: Grade): boolean {
    const rank = RANK[grade];
    if (rank > this.#rank) {
      if (this.#rank < RANK.likely) this.#forget();
      this.#rank = rank;
    } else if (rank === RANK.maybe && this.#rank > RANK.maybe) return false;
    this.#follow(added);
    const step = this.#axis.key === "sample" ? this.#count : added.step;
    this.#points.add(added.value, step, added.line);
    this.#count += 1;
    this.#samples.add(added);
    if (!Number.isFinite(added.value)) this.#holes += 1;
    const first = this.#settled;
    this.#settled = false;
    return first;
  }

  settle(bytes: Uint8Array): void {
    this.#settled = true;
    this.#samples.settle(bytes);
  }

  ownAxis(): LineStep["key"] | undefined {
    const { key, announced } = this.#axis;
    return this.#count === 0 || announced || key === "sample" ? undefined : key;
  }

  series(): Series | undefined {
    const summary = this.#isMetric() ? this.#summary() : undefined;
    if (summary === undefined) return undefined;
    const kept = this.#points.read(this.#most(), this.#attemptFrom);
    const { steps, values, lines, bucketSize, from, even } = kept;
    return {
      summary,
      stepKey: this.#axis.key,
      steps,
      values,
      lines,
      ...(even === undefined ? {} : { reducedBy: bucketSize, even }),
      ...(this.#attemptFrom > 0 ? { attemptFrom: from } : {}),
    };
  }

  #forget(): void {
    this.#points.clear();
    this.#axis.clear();
    this.#samples.clear();
    this.#count = 0;
    this.#holes = 0;
    this.#attemptFrom = 0;
  }

  #follow(added: NewValue): void {
    const change = this.#axis.follow(added, this.#count);
    if (change === "lost") this.#points.countInstead();
    else if (change === "restart") {
      this.#attemptFrom = this.#count;
      this.#holes = 0;
      this.#samples.forgetHole();
    }
  }

  #isMetric(): boolean {
    if (this.#rank === RANK.sure) return true;
    if (this.#rank === RANK.likely) return this.#count >= LIKELY_FROM;
    return this.#count >= MAYBE_FROM && this.#samples.vary();
  }

  #summary(): MetricSummary | undefined {
    const { key, announced } = this.#axis;
    // Announced steps that proved wrong are not shown.
    const withStep = key !== "sample" || !announced;
    const first = this.#samples.read(FIRST, withStep);
    const last = this.#samples.read(LAST, withStep);
    if (first === undefined || last === undefined) return undefined;
    const min = this.#samples.read(MIN, withStep);
    const max = this.#samples.read(MAX, withStep);
    const notFinite = this.#samples.read(HOLE, withStep);
    return {
      key: this.#key,
      count: this.#count,
      first,
      last,
      ...defined({ min, max, notFinite }),
      notFiniteCount: this.#holes,
    };
  }
}

/** A fall of the step by more than this many of the largest strides is another attempt. */
const FAR_BACK = 10;

/**
 * What a value's x means for its series. `lost`: the series has no axis any more; `restart`: the
 * step fell so far that another attempt begins.
 */
type AxisChange = "none" | "lost" | "restart";

/** The x axis of a series, and its last steps. */
class StepAxis {
  key: Series["stepKey"] = "sample";
  /** Some x was announced by a line above. */
  announced = false;
  /** First step of the current attempt. */
  #first = 0;
  #last = 0;
  /** The largest rise from one value to the next. */
  #stride = 0;
  #epoch = 0;
  /** Values whose announced x was the one before. */
  #repeats = 0;

  clear(): void {
    this.#repeats = 0;
    this.announced = false;
  }

  /** Takes the x of the next value, which `count` values came before. */
  follow(added: NewValue, count: number): AxisChange {
    let change: AxisChange = "none";
    if (count === 0) {
      this.key = added.stepKey ?? "sample";
      this.#first = added.step;
      this.#stride = 0;
    } else if (this.key !== "sample") {
      if (added.announced && added.step === this.#last) this.#repeats += 1;
      if (added.stepKey !== this.key || this.#repeats > 1 + count / 8) {
        this.key = "sample";
        change = "lost";
      } else if (this.#restarts(added)) {
        this.#first = added.step;
        change = "restart";
      }
    }
    this.announced ||= added.announced;
    this.#last = added.step;
    this.#epoch = added.epoch;
    return change;
  }

  #restarts(added: NewValue): boolean {
    const fall = this.#last - added.step;
    if (fall <= 0) {
      this.#stride = Math.max(this.#stride, -fall);
      return false;
    }
    if (added.epoch > this.#epoch) return false;
    const toStart = added.step <= this.#first + this.#stride && fall >= 3 * this.#stride;
    return this.#stride > 0 && (toStart || fall > FAR_BACK * this.#stride);
  }
}

const [FIRST, LAST, MIN, MAX, HOLE] = [0, 1, 2, 3, 4];
const SAMPLES = 5;
/** Of each sample: value, line, offset, step, stamp, start and end of the token. */
const FIELDS = 7;

/**
 * The samples that a summary shows: first, last, smallest, largest, and the first that is not
 * finite. They are rows of one array, so that a new extreme allocates nothing.
 */
class SummarySamples {
  readonly #file: string;
  readonly #key: string;
  readonly #rows = new Float64Array(SAMPLES * FIELDS);
  readonly #has = new Uint8Array(SAMPLES);
  readonly #tokens: (string | undefined)[] = Array.from({ length: SAMPLES }, () => undefined);

  constructor(file: string, key: string) {
    this.#file = file;
    this.#key = key;
  }

  add(added: NewValue): void {
    const { value } = added;
    if (this.#has[FIRST] === 0) this.#set(FIRST, added);
    this.#set(LAST, added);
    if (!Number.isFinite(value)) {
      if (this.#has[HOLE] === 0) this.#set(HOLE, added);
    } else {
      if (this.#has[MIN] === 0 || value < this.#valueOf(MIN)) this.#set(MIN, added);
      if (this.#has[MAX] === 0 || value > this.#valueOf(MAX)) this.#set(MAX, added);
    }
  }

  clear(): void {
    this.#has.fill(0);
  }

  forgetHole(): void {
    this.#has[HOLE] = 0;
  }

  /** Whether two finite values differ. */
  vary(): boolean {
    return this.#has[MIN] === 1 && this.#valueOf(MIN) !== this.#valueOf(MAX);
  }

  /** Reads the tokens not known yet out of the bytes that they are in. */
  settle(bytes: Uint8Array): void {
    for (let which = 0; which < SAMPLES; which += 1) {
      if (this.#has[which] === 0 || this.#tokens[which] !== undefined) continue;
      const at = which * FIELDS;
      this.#tokens[which] = textOf(bytes, this.#rows[at + 5] ?? 0, this.#rows[at + 6] ?? 0);
    }
  }

  read(which: number, withStep: boolean): Sample | undefined {
    if (this.#has[which] === 0) return undefined;
    const at = which * FIELDS;
    const step = withStep ? (this.#rows[at + 3] ?? Number.NaN) : Number.NaN;
    const stampMs = this.#rows[at + 4] ?? Number.NaN;
    return {
      file: this.#file,
      line: this.#rows[at + 1] ?? 0,
      offset: this.#rows[at + 2] ?? 0,
      key: this.#key,
      value: this.#valueOf(which),
      token: this.#tokens[which] ?? "",
      ...(Number.isNaN(step) ? {} : { step }),
      ...(Number.isNaN(stampMs) ? {} : { stampMs }),
    };
  }

  #valueOf(which: number): number {
    return this.#rows[which * FIELDS] ?? 0;
  }

  #set(which: number, added: NewValue): void {
    const rows = this.#rows;
    const at = which * FIELDS;
    rows[at] = added.value;
    rows[at + 1] = added.line;
    rows[at + 2] = added.offset;
    rows[at + 3] = added.step;
    rows[at + 4] = added.stampMs;
    rows[at + 5] = added.start;
    rows[at + 6] = added.end;
    this.#tokens[which] = added.token;
    this.#has[which] = 1;
  }
}

/** ASCII, so one character per byte. */
function textOf(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("latin1");
}
