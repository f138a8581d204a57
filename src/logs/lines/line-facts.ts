// What the lines of one log tell besides metrics: when they were written, how far the run says
// it is, which warnings repeat. The rules that ask for it are in rules/; nothing is judged here.
import { QUOTED_CHARS } from "../../base/limits.ts";
import type { LineFacts, LogPlace, StepFall, Timeline, Warning } from "../../domain/sample.ts";
import type { Spot } from "./metric-line.ts";
import { ownCopy } from "./plain-text.ts";
import { createTimeline } from "./timeline.ts";

/** Step and time of this many metric lines: blocks of 30 of them still show a slowdown. */
const PACE_POINTS = 4_096;
/** Lines from a log's start in which it tells how far it means to go, and what it loads. */
const PROGRESS_LINES = 2_000;
/** Falls of the step that are kept: a counter that starts anew each epoch falls for ever. */
const FALLS_KEPT = 64;
/** Beginning of a warning that tells it from another, and how many are counted. */
const WARNING_CHARS = 160;
const WARNING_TEMPLATES = 200;

/** One line as the facts need it; one object is filled again and again. NaN: the line has none. */
export interface SeenLine {
  line: number;
  offset: number;
  /** The line held metrics; then its x value. */
  isMetric: boolean;
  step: number;
  /** Epoch that the line names, on whatever place. */
  epoch: number;
  stampMs: number;
  /** `done/total` of a line that tells how far it came. */
  unit: "step" | "epoch" | undefined;
  done: number;
  total: number;
  /** The line's text where `hasFactWords` says that its words may matter. */
  plain: string | undefined;
}

export interface LineFactsReader {
  /** Each line in order. Constant time but for lines that warn or speak of devices. */
  see(line: SeenLine): void;
  facts(): LineFacts;
}

/** Starts with nothing known; `file` is the name that places carry. */
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
      const tells = seen.unit !== undefined && seen.total > 0 && seen.done <= seen.total;
      if (tells && (early || !Number.isNaN(now.done))) {
        unit = seen.unit ?? unit;
        now.done = seen.done;
        now.total = seen.total;
      }
      const { plain } = seen;
      if (!seen.isMetric) {
        if (plain === undefined) return;
        warnings.see(seen, plain);
        if (early && devices.cpu === undefined && CPU_WORDS.test(plain)) {
          devices.cpu = { ...place(file, seen), text: ownCopy(plain.slice(0, QUOTED_CHARS)) };
        }
        devices.restored ||= early && RESTORED.test(plain);
        return;
      }
      if (Number.isNaN(seen.step)) return;
      if (seen.step < now.step && falls.length < FALLS_KEPT) {
        const epochRose = seen.epoch > now.epoch;
        falls.push({ ...place(file, seen), from: now.step, to: seen.step, epochRose });
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

/** Whether the words of a line that holds no metrics may matter to the facts. */
export const hasFactWords = (plain: string): boolean =>
  WARNS.test(plain) || CPU_WORDS.test(plain) || RESTORED.test(plain);

const WARNS = /arning|WARN/;

const place = (file: string, { line, offset }: SeenLine): LogPlace => ({ file, line, offset });

/** JAX, PyTorch and Lightning on a GPU that they cannot use. */
const CPU_WORDS =
  /falling back to (?:the )?cpu\b|no gpu\/tpu found|torch not compiled with cuda|cuda is not available|gpu available: false|could not find cuda drivers|no cuda-capable device/i;

/** A run that goes on from weights: what it starts at is not what it learned. */
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

/** Where `Epoch 3/10`, `step:1/1530` or `iteration 7000/ 159576` tells how far the run came. */
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

/** Stamps in order: the longest silence, and where one falls. */
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
        // Some programs stamp a line when they begin it and write it when it is done.
        if (last - stampMs > 2_000) {
          count += 1;
          fall ??= { ...place(file, line), byMs: last - stampMs };
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

/** Step and stamp of metric lines, every n-th where there are many. */
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

/** Warnings by their text without numbers: one that counts something is still one. */
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
        found.set(ownCopy(template), { count: 1, first: place(file, line), text: ownCopy(text) });
      }
    },
    facts: () => [...found.values()].filter(({ count }) => count >= 10).map((one) => ({ ...one })),
  };
}
