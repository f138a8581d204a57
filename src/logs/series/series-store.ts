// One metric's values in one log file: a bounded number of points, and the samples that a summary
// shows, with their tokens. Merging files is left to merge.ts.
import type { MetricSummary, Sample, Series } from "../../domain/sample.ts";
import { createKeptPoints } from "./thinned-points.ts";
import type { Grade, LineStep } from "../lines/metric-line.ts";

/**
 * What is added for each logged value; one object is filled again and again. The token stands in
 * `bytes[start..end)`, unless it is given as text.
 */
export interface NewValue {
  value: number;
  line: number;
  offset: number;
  /** NaN where the line has no x. */
  step: number;
  stepKey: LineStep["key"] | undefined;
  /** The x is that of lines above: it holds as long as nearly each value has another. */
  announced: boolean;
  /** NaN where the line has no stamp. */
  stampMs: number;
  /** Last epoch that the file told, so that a counter that starts anew with it is no restart. */
  epoch: number;
  start: number;
  end: number;
  token: string | undefined;
}

export interface SeriesStore {
  /** True when it is the first since `settle`, which then has to be called. */
  add(value: NewValue, grade: Grade): boolean;
  /** Takes the tokens of what was added since out of the bytes they stand in. */
  settle(bytes: Uint8Array): void;
  /** The x axis that its lines have themselves; undefined without one, and before the first value. */
  ownAxis(): LineStep["key"] | undefined;
  /** A view of what has been added, which later values do not change; undefined: no metric. */
  series(): Series | undefined;
}

const RANK: Readonly<Record<Grade, number>> = { maybe: 0, likely: 1, sure: 2 };
/** How often a value must come to count as a metric, by how sure its lines are. */
const LIKELY_FROM = 3;
const MAYBE_FROM = 5;
/** A fall of the step by more than so many usual steps is another attempt. */
const FAR_BACK = 10;

const MARKS = ["first", "last", "min", "max", "hole"] as const;
const [FIRST, LAST, MIN, MAX, HOLE] = [0, 1, 2, 3, 4];
const FIELDS = 7;

/**
 * A store for `key` as logged in `file`. The x axis is that of the first value; when a later one
 * lacks it, the axis becomes the values' own count, since half an axis is none. `most` values are
 * kept exactly. A series that only became sure later forgets what came before.
 */
export function createSeriesStore(file: string, key: string, most: () => number): SeriesStore {
  const points = createKeptPoints(most);
  /** value, line, offset, step, stamp, start and end of the token, of each mark. */
  const marks = new Float64Array(MARKS.length * FIELDS);
  const tokens: (string | undefined)[] = MARKS.map(() => undefined);
  const has = new Uint8Array(MARKS.length);
  const n = { count: 0, holes: 0, rank: 0, attempt: 0, last: 0, first: 0, stride: 0, epoch: 0 };
  let repeats = 0;
  /** Some x was that of lines above. */
  let announced = false;
  let stepKey: Series["stepKey"] = "sample";
  let settled = true;

  const mark = (which: number, added: NewValue): void => {
    const at = which * FIELDS;
    marks[at] = added.value;
    marks[at + 1] = added.line;
    marks[at + 2] = added.offset;
    marks[at + 3] = added.step;
    marks[at + 4] = added.stampMs;
    marks[at + 5] = added.start;
    marks[at + 6] = added.end;
    tokens[which] = added.token;
    has[which] = 1;
  };
  const forget = (): void => {
    points.clear();
    has.fill(0);
    n.count = 0;
    n.holes = 0;
    n.attempt = 0;
    repeats = 0;
    announced = false;
  };
  const restarts = (added: NewValue): boolean => {
    const by = n.last - added.step;
    if (by <= 0) {
      n.stride = Math.max(n.stride, -by);
      return false;
    }
    if (added.epoch > n.epoch) return false;
    const fromStart = added.step <= n.first + n.stride && by >= 3 * n.stride;
    return n.stride > 0 && (fromStart || by > FAR_BACK * n.stride);
  };
  const follow = (added: NewValue): void => {
    if (n.count === 0) {
      stepKey = added.stepKey ?? "sample";
      n.first = added.step;
      n.stride = 0;
    } else if (stepKey !== "sample") {
      if (added.announced && added.step === n.last) repeats += 1;
      if (added.stepKey !== stepKey || repeats > 1 + n.count / 8) {
        stepKey = "sample";
        points.countInstead();
      } else if (restarts(added)) {
        n.attempt = n.count;
        n.holes = 0;
        has[HOLE] = 0;
        n.first = added.step;
      }
    }
    announced ||= added.announced;
    n.last = added.step;
    n.epoch = added.epoch;
  };
  const sample = (which: number): Sample | undefined => {
    if (has[which] === 0) return undefined;
    const at = which * FIELDS;
    const told = stepKey !== "sample" || !announced;
    const step = told ? (marks[at + 3] ?? Number.NaN) : Number.NaN;
    const stampMs = marks[at + 4] ?? Number.NaN;
    return {
      file,
      line: marks[at + 1] ?? 0,
      offset: marks[at + 2] ?? 0,
      key,
      value: marks[at] ?? 0,
      token: tokens[which] ?? "",
      ...(Number.isNaN(step) ? {} : { step }),
      ...(Number.isNaN(stampMs) ? {} : { stampMs }),
    };
  };
  const isMetric = (): boolean => {
    if (n.rank === RANK.sure) return true;
    if (n.rank === RANK.likely) return n.count >= LIKELY_FROM;
    const varies = has[MIN] === 1 && marks[MIN * FIELDS] !== marks[MAX * FIELDS];
    return n.count >= MAYBE_FROM && varies;
  };

  return {
    add(added, grade) {
      const rank = RANK[grade];
      if (rank > n.rank) {
        if (n.rank < RANK.likely) forget();
        n.rank = rank;
      } else if (rank === 0 && n.rank > 0) return false;
      follow(added);
      points.add(added.value, stepKey === "sample" ? n.count : added.step, added.line);
      n.count += 1;
      if (has[FIRST] === 0) mark(FIRST, added);
      mark(LAST, added);
      const { value } = added;
      if (!Number.isFinite(value)) {
        if (has[HOLE] === 0) mark(HOLE, added);
        n.holes += 1;
      } else {
        if (has[MIN] === 0 || value < (marks[MIN * FIELDS] ?? 0)) mark(MIN, added);
        if (has[MAX] === 0 || value > (marks[MAX * FIELDS] ?? 0)) mark(MAX, added);
      }
      const first = settled;
      settled = false;
      return first;
    },
    ownAxis: () => (n.count === 0 || announced || stepKey === "sample" ? undefined : stepKey),
    settle(bytes) {
      settled = true;
      for (let which = 0; which < MARKS.length; which += 1) {
        if (has[which] === 0 || tokens[which] !== undefined) continue;
        const at = which * FIELDS;
        tokens[which] = textOf(bytes, marks[at + 5] ?? 0, marks[at + 6] ?? 0);
      }
    },
    series() {
      const [first, last] = [sample(FIRST), sample(LAST)];
      if (first === undefined || last === undefined || !isMetric()) return undefined;
      const [min, max, notFinite] = [sample(MIN), sample(MAX), sample(HOLE)];
      const summary: MetricSummary = {
        key,
        count: n.count,
        first,
        last,
        ...(min === undefined ? {} : { min }),
        ...(max === undefined ? {} : { max }),
        ...(notFinite === undefined ? {} : { notFinite }),
        notFiniteCount: n.holes,
      };
      const { steps, values, lines, bucket, from, even } = points.read(most(), n.attempt);
      return {
        summary,
        stepKey,
        steps,
        values,
        lines,
        ...(even === undefined ? {} : { reducedBy: bucket, even }),
        ...(n.attempt > 0 ? { attemptFrom: from } : {}),
      };
    },
  };
}

/** ASCII, so a character a byte. */
function textOf(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("latin1");
}
