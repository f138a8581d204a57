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
  /** The line of the first value named its epoch beside the counter that is the x axis. */
  withEpoch: boolean | undefined;
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
 * A store for `key` as logged in `file`. Values on different x axes, and those without one, are kept
 * apart, since half an axis is none; the axis with the most values is that of the series. At most
 * `most()` values are kept exactly of each. When a series of `maybe` values gets a surer one, the
 * earlier values are forgotten.
 */
export function createSeriesStore(file: string, key: string, most: () => number): SeriesStore {
  return new Store(file, key, most);
}

/** A counted series has the values of lines without x where there are more than twice as many. */
const WITHOUT_AXIS = 2;

class Store implements SeriesStore {
  withEpoch: boolean | undefined;
  readonly #file: string;
  readonly #key: string;
  readonly #most: () => number;
  /** That of the first value, in nearly all series the only one. */
  #main: Track;
  #others: Track[] = [];
  /** The best grade so far. */
  #rank = 0;
  #settled = true;

  constructor(file: string, key: string, most: () => number) {
    this.#file = file;
    this.#key = key;
    this.#most = most;
    this.#main = this.#newTrack(undefined);
  }

  add(added: NewValue, grade: Grade): boolean {
    const rank = RANK[grade];
    if (rank > this.#rank) {
      if (this.#rank < RANK.likely) this.#main.count = 0;
      this.#rank = rank;
    } else if (rank === RANK.maybe && this.#rank > RANK.maybe) return false;
    if (this.#main.count === 0) {
      this.#main = this.#newTrack(added.stepKey);
      this.#others = [];
    }
    const track = this.#main.axisKey === added.stepKey ? this.#main : this.#other(added.stepKey);
    track.add(added);
    const first = this.#settled;
    this.#settled = false;
    return first;
  }

  settle(bytes: Uint8Array): void {
    this.#settled = true;
    this.#main.settle(bytes);
    for (const track of this.#others) track.settle(bytes);
  }

  ownAxis(): LineStep["key"] | undefined {
    return this.#main.ownAxis();
  }

  series(): Series | undefined {
    const track = this.#chosen();
    return this.#isMetric(track) ? track.series(this.#key) : undefined;
  }

  #newTrack(axisKey: LineStep["key"] | undefined): Track {
    return new Track(axisKey, this.#most, new SummarySamples(this.#file, this.#key));
  }

  #other(axisKey: LineStep["key"] | undefined): Track {
    const known = this.#others.find((one) => one.axisKey === axisKey);
    if (known !== undefined) return known;
    const made = this.#newTrack(axisKey);
    this.#others.push(made);
    return made;
  }

  #chosen(): Track {
    const weight = ({ axisKey, count }: Track): number =>
      axisKey === undefined ? count / WITHOUT_AXIS : count;
    return this.#others.reduce((a, b) => (weight(b) > weight(a) ? b : a), this.#main);
  }

  #isMetric({ count, samples }: Track): boolean {
    if (count === 0) return false;
    if (this.#rank === RANK.sure) return true;
    if (this.#rank === RANK.likely) return count >= LIKELY_FROM;
    return count >= MAYBE_FROM && samples.vary();
  }
}

/** The values of a series on one x axis, or those of lines without one. */
class Track {
  readonly axisKey: LineStep["key"] | undefined;
  readonly samples: SummarySamples;
  count = 0;
  readonly #most: () => number;
  readonly #points: ThinnedPoints;
  readonly #axis = new StepAxis();
  /** Values that are not finite, of the current attempt. */
  #holes = 0;
  /** Number of the first value of the current attempt, where the file holds several. */
  #attemptFrom = 0;

  constructor(axisKey: LineStep["key"] | undefined, most: () => number, samples: SummarySamples) {
    this.axisKey = axisKey;
    this.#most = most;
    this.#points = createThinnedPoints(most);
    this.samples = samples;
  }

  add(added: NewValue): void {
    this.#follow(added);
    const step = this.#axis.key === "sample" ? this.count : added.step;
    this.#points.add(added.value, step, added.line);
    this.count += 1;
    this.samples.add(added);
    if (!Number.isFinite(added.value)) this.#holes += 1;
  }

  settle(bytes: Uint8Array): void {
    this.samples.settle(bytes);
  }

  ownAxis(): LineStep["key"] | undefined {
    const { key, announced } = this.#axis;
    return this.count === 0 || announced || key === "sample" ? undefined : key;
  }

  series(key: string): Series | undefined {
    const summary = this.#summary(key);
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

  #follow(added: NewValue): void {
    const change = this.#axis.follow(added, this.count);
    if (change === "lost") this.#points.countInstead();
    else if (change === "restart") {
      this.#attemptFrom = this.count;
      this.#holes = 0;
      this.samples.forgetHole();
    }
  }

  #summary(key: string): MetricSummary | undefined {
    const axis = this.#axis;
    // Announced steps that proved wrong are not shown.
    const withStep = axis.key !== "sample" || !axis.announced;
    const first = this.samples.read(FIRST, withStep);
    const last = this.samples.read(LAST, withStep);
    if (first === undefined || last === undefined) return undefined;
    const min = this.samples.read(MIN, withStep);
    const max = this.samples.read(MAX, withStep);
    const notFinite = this.samples.read(HOLE, withStep);
    return {
      key,
      count: this.count,
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

  /** Takes the x of the next value, which `count` values came before. */
  follow(added: NewValue, count: number): AxisChange {
    let change: AxisChange = "none";
    if (count === 0) {
      this.key = added.stepKey ?? "sample";
      this.#first = added.step;
      this.#stride = 0;
    } else if (this.key !== "sample") {
      if (added.announced && added.step === this.#last) this.#repeats += 1;
      if (this.#repeats > 1 + count / 8) {
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
