// Collects what the lines of one log say besides metrics: when they were written, how far the run
// is, which warnings repeat. Nothing is judged here: that is left to rules/.
import { QUOTED_CHARS } from "../../base/limits.ts";
import type { LineFacts, LogPlace, StepFall, Timeline, Warning } from "../../domain/sample.ts";
import type { Spot } from "./metric-line.ts";
import { ownCopy } from "./plain-text.ts";
import { createTimeline } from "./timeline.ts";

/** Metric lines whose step and time are kept: enough that blocks of 30 of them show a slowdown. */
const PACE_POINTS = 4_096;
/** Lines from a log's start in which it says how far it will go and what it loads. */
const PROGRESS_LINES = 2_000;
/** Falls of the step that are kept: a counter that restarts each epoch never stops falling. */
const FALLS_KEPT = 64;
/** Two warnings are the same when their beginnings of this length are, numbers aside. */
const WARNING_CHARS = 160;
/** Different warnings that are counted. */
const WARNING_TEMPLATES = 200;

/** What the facts need of a line; one object is reused. NaN where the line has none. */
export interface SeenLine {
  line: number;
  offset: number;
  /** The line surely held metrics. */
  isMetric: boolean;
  /** The x value of its metrics. */
  step: number;
  /** The epoch that the line names anywhere. */
  epoch: number;
  stampMs: number;
  /** `done/total` in this unit, of a line that says how far the run is. */
  unit: "step" | "epoch" | undefined;
  done: number;
  total: number;
  /** The line's text where `hasFactWords` says that its words may matter. */
  plain: string | undefined;
}

export interface LineFactsReader {
  /** Takes the next line. Constant time, unless the line has a text. */
  see(line: SeenLine): void;
  /** The facts so far. */
  facts(): LineFacts;
}

/** Starts with nothing known; `file` is the name in the positions that it gives. */
export function createLineFacts(file: string): LineFactsReader {
  const clock = createClock(file);
  const timeline = createTimeline();
  const warnings = createWarnings(file);
  const pace = createPace();
  const falls: StepFall[] = [];
  const devices = { cpu: undefined as (LogPlace & { text: string }) | undefined, restored: false };
  const now = { lines: 0, step: Number.NaN, epoch: Number.NaN, done: Number.NaN, total: 0 };
  let unit: "step" | "epoch" = "step";

  return {
    see(seen) {
      now.lines += 1;
      if (!Number.isNaN(seen.stampMs)) {
        clock.see(seen, seen.stampMs);
        timeline.see(seen.line, seen.stampMs);
      }
      const early = now.lines <= PROGRESS_LINES;
      const hasProgress = seen.unit !== undefined && seen.total > 0 && seen.done <= seen.total;
      if (hasProgress && (early || !Number.isNaN(now.done))) {
        unit = seen.unit ?? unit;
        now.done = seen.done;
        now.total = seen.total;
      }
      const { plain } = seen;
      if (!seen.isMetric) {
        if (plain === undefined) return;
        warnings.see(seen, plain);
        if (early && devices.cpu === undefined && CPU_WORDS.test(plain)) {
          devices.cpu = { ...positionOf(file, seen), text: ownCopy(plain.slice(0, QUOTED_CHARS)) };
        }
        devices.restored ||= early && RESTORED.test(plain);
        return;
      }
      if (Number.isNaN(seen.step)) return;
      if (seen.step < now.step && falls.length < FALLS_KEPT) {
        const epochRose = seen.epoch > now.epoch;
        falls.push({ ...positionOf(file, seen), from: now.step, to: seen.step, epochRose });
      }
      now.step = seen.step;
      now.epoch = seen.epoch;
      if (!Number.isNaN(seen.stampMs)) pace.see(seen.step, seen.stampMs);
    },
    facts: () => ({
      file,
      ...clock.facts(),
      ...timelineOf(timeline.timeline()),
      falls: [...falls],
      pace: pace.facts(),
      warnings: warnings.facts(),
      restored: devices.restored,
      ...(Number.isNaN(now.done) ? {} : { progress: { unit, done: now.done, total: now.total } }),
      ...(devices.cpu === undefined ? {} : { cpu: devices.cpu }),
    }),
  };
}

const timelineOf = (timeline: Timeline): Pick<LineFacts, "timeline"> =>
  timeline.lines.length === 0 ? {} : { timeline };

/** Whether the words of a line without metrics may matter to the facts. */
export const hasFactWords = (plain: string): boolean =>
  WARNS.test(plain) || CPU_WORDS.test(plain) || RESTORED.test(plain);

const WARNS = /arning|WARN/;

const positionOf = (file: string, { line, offset }: SeenLine): LogPlace => ({ file, line, offset });

/** What JAX, PyTorch and Lightning print where they cannot use a GPU. */
const CPU_WORDS =
  /falling back to (?:the )?cpu\b|no gpu\/tpu found|torch not compiled with cuda|cuda is not available|gpu available: false|could not find cuda drivers|no cuda-capable device/i;

/** Printed by a run that starts from saved weights: its first values are not a new model's. */
const RESTORED =
  /\b(?:load|loaded|loading|resum\w*|restor\w*|init\w*)\b.{0,60}\b(?:checkpoint|weights|pretrained|pre-trained|state_dict)\b|\bfine-?tun|\.from_pretrained\b/i;

const EPOCH = /epoch\W{1,4}(\d{1,9})/i;
const PROGRESS =
  /\b(step|iter(?:ation)?|epoch)s?[\s:=[(]{0,4}(\d{1,12})\s{0,3}\/\s{0,3}(\d{1,12})/di;

/** Where a line names its epoch; undefined where it names none. */
export function epochSpot(plain: string): Spot | undefined {
  const match = EPOCH.exec(plain);
  const digits = match?.[1];
  if (match === null || digits === undefined) return undefined;
  const end = match.index + match[0].length;
  return { at: end - digits.length, end };
}

/** Where `Epoch 3/10`, `step:1/1530` or `iteration 7000/ 159576` says how far the run is. */
export function progressSpots(
  plain: string,
): { readonly unit: "step" | "epoch"; readonly done: Spot; readonly total: Spot } | undefined {
  if (!plain.includes("/")) return undefined;
  const match = PROGRESS.exec(plain);
  const [done, total] = [match?.indices?.[2], match?.indices?.[3]];
  if (match === null || done === undefined || total === undefined) return undefined;
  return {
    unit: match[1]?.toLowerCase().startsWith("e") === true ? "epoch" : "step",
    done: { at: done[0], end: done[1] },
    total: { at: total[0], end: total[1] },
  };
}

/** Follows the time stamps: the longest gap between two, and where they go backwards. */
function createClock(file: string): {
  see(line: SeenLine, stampMs: number): void;
  facts(): Pick<LineFacts, "firstStampMs" | "lastStampMs" | "longestGapMs" | "timeFalls">;
} {
  let first: number | undefined;
  let last: number | undefined;
  let longestGapMs = 0;
  let count = 0;
  let fall: LineFacts["timeFalls"]["first"];
  return {
    see(line, stampMs) {
      if (last !== undefined) {
        longestGapMs = Math.max(longestGapMs, stampMs - last);
        // A smaller fall is none: some programs stamp a line when they begin it and write it later.
        if (last - stampMs > 2_000) {
          count += 1;
          fall ??= { ...positionOf(file, line), byMs: last - stampMs };
        }
      }
      first ??= stampMs;
      last = stampMs;
    },
    facts: () => ({
      longestGapMs,
      timeFalls: { count, ...(fall === undefined ? {} : { first: fall }) },
      ...(first === undefined ? {} : { firstStampMs: first }),
      ...(last === undefined ? {} : { lastStampMs: last }),
    }),
  };
}

/** Keeps step and stamp of metric lines: of many, every 2^n-th. */
function createPace(): { see(step: number, stampMs: number): void; facts(): LineFacts["pace"] } {
  let kept: [number, number][] = [];
  let stride = 1;
  let seen = 0;
  return {
    see(step, stampMs) {
      if (kept.at(-1)?.[0] === step) return;
      seen += 1;
      if (seen % stride !== 0) return;
      kept.push([step, stampMs]);
      if (kept.length < PACE_POINTS) return;
      kept = kept.filter((_, i) => i % 2 === 0);
      stride *= 2;
    },
    facts: () => ({
      steps: Float64Array.from(kept, ([step]) => step),
      stampsMs: Float64Array.from(kept, ([, stampMs]) => stampMs),
    }),
  };
}

/** Counts warnings by their text without numbers; those that came ten times are facts. */
function createWarnings(file: string): {
  see(line: SeenLine, plain: string): void;
  facts(): readonly Warning[];
} {
  const found = new Map<string, { count: number; first: LogPlace; text: string }>();
  return {
    see(line, plain) {
      if (!WARNS.test(plain)) return;
      const text = plain.slice(0, WARNING_CHARS);
      const template = text.replaceAll(/0x[0-9a-f]+|\d+(?:[.,:]\d+)*/gi, "#");
      const known = found.get(template);
      if (known !== undefined) known.count += 1;
      else if (found.size < WARNING_TEMPLATES) {
        found.set(ownCopy(template), {
          count: 1,
          first: positionOf(file, line),
          text: ownCopy(text),
        });
      }
    },
    facts: () => [...found.values()].filter(({ count }) => count >= 10).map((one) => ({ ...one })),
  };
}
