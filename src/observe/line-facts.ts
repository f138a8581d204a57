// What the lines of one log tell besides metrics: when they were written, how far the run says
// it is, which warnings repeat. The rules that ask for it are in rules/; nothing is judged here.
import {
  FALLS_KEPT,
  PACE_POINTS,
  PROGRESS_LINES,
  QUOTED_CHARS,
  WARNING_CHARS,
  WARNING_TEMPLATES,
} from "../limits.ts";
import type { LineFacts, LogPlace, StepFall, Warning } from "../model/sample.ts";
import { ownCopy } from "./plain-text.ts";

export interface SeenLine {
  readonly line: number;
  readonly offset: number;
  readonly plain: string;
  /** The line held metrics; then its x value, where it has one. */
  readonly isMetric: boolean;
  readonly step?: number;
  readonly stampMs?: number;
}

export interface LineFactsReader {
  /** Each line in order. Constant time but for lines that warn or tell of progress. */
  see(line: SeenLine): void;
  facts(): LineFacts;
}

/** Starts with nothing known; `file` is the name that places carry. */
export function createLineFacts(file: string): LineFactsReader {
  const clock = createClock(file);
  const warnings = createWarnings(file);
  const pace = createPace();
  const falls: StepFall[] = [];
  const devices = { cpu: undefined as (LogPlace & { text: string }) | undefined, restored: false };
  let progress: LineFacts["progress"];
  let lines = 0;
  let step: number | undefined;
  let before = "";

  return {
    see(seen) {
      const { plain, stampMs } = seen;
      lines += 1;
      if (stampMs !== undefined) clock.see(seen, stampMs);
      if (lines <= PROGRESS_LINES || progress !== undefined) progress = told(plain) ?? progress;
      if (!seen.isMetric) {
        warnings.see(seen);
        const early = lines <= PROGRESS_LINES;
        if (early && devices.cpu === undefined && CPU_WORDS.test(plain)) {
          devices.cpu = { ...place(file, seen), text: ownCopy(plain.slice(0, QUOTED_CHARS)) };
        }
        devices.restored ||= early && RESTORED.test(plain);
        return;
      }
      if (seen.step !== undefined) {
        if (step !== undefined && seen.step < step && falls.length < FALLS_KEPT) {
          const epochRose = epochOf(plain) > epochOf(before);
          falls.push({ ...place(file, seen), from: step, to: seen.step, epochRose });
        }
        step = seen.step;
        before = plain;
        if (stampMs !== undefined) pace.see(seen.step, stampMs);
      }
    },
    facts: () => ({
      file,
      ...clock.facts(),
      falls: [...falls],
      pace: pace.facts(),
      warnings: warnings.facts(),
      restored: devices.restored,
      ...(progress === undefined ? {} : { progress }),
      ...(devices.cpu === undefined ? {} : { cpu: devices.cpu }),
    }),
  };
}

const place = (file: string, { line, offset }: SeenLine): LogPlace => ({ file, line, offset });

/** JAX, PyTorch and Lightning on a GPU that they cannot use. */
const CPU_WORDS =
  /falling back to (?:the )?cpu\b|no gpu\/tpu found|torch not compiled with cuda|cuda is not available|gpu available: false|could not find cuda drivers|no cuda-capable device/i;

/** A run that goes on from weights: what it starts at is not what it learned. */
const RESTORED =
  /\b(?:load|loaded|loading|resum\w*|restor\w*|init\w*)\b.{0,60}\b(?:checkpoint|weights|pretrained|pre-trained|state_dict)\b|\bfine-?tun|\.from_pretrained\b/i;

const EPOCH = /epoch\W{1,4}(\d{1,9})/i;
const epochOf = (plain: string): number => Number(EPOCH.exec(plain)?.[1] ?? Number.NaN);

const PROGRESS =
  /\b(step|iter(?:ation)?|epoch)s?[\s:=[(]{0,4}(\d{1,12})\s{0,3}\/\s{0,3}(\d{1,12})/i;

/** `Epoch 3/10`, `step:1/1530`, `iteration 7000/ 159576`. */
function told(plain: string): LineFacts["progress"] {
  if (!plain.includes("/")) return undefined;
  const match = PROGRESS.exec(plain);
  const [done, total] = [Number(match?.[2]), Number(match?.[3])];
  if (match === null || total === 0 || done > total) return undefined;
  return { unit: match[1]?.toLowerCase().startsWith("e") === true ? "epoch" : "step", done, total };
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
  see(line: SeenLine): void;
  facts(): readonly Warning[];
} {
  const found = new Map<string, { count: number; first: LogPlace; text: string }>();
  return {
    see(line) {
      const { plain } = line;
      if (!plain.includes("arning") && !plain.includes("WARN")) return;
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
