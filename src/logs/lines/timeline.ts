// Keeps when the lines of a log were written: line numbers with time stamps, a bounded number of
// them, from which the time of any line is interpolated. Drawing over time is left to report/.
import type { Timeline } from "../../domain/sample.ts";

/** Stamped lines kept of one log: more than a plot has columns. */
export const TIMELINE_POINTS = 1_024;

export interface TimelineReader {
  /** Takes a line with a stamp; lines come in order. */
  see(line: number, stampMs: number): void;
  /** A copy of what is kept. */
  timeline(): Timeline;
}

/**
 * Keeps every 2^n-th line whose stamp differs from the last one, and the newest such line; so of
 * many lines in one second the first counts. The result depends on the lines alone, not on when it
 * is asked for.
 */
export function createTimeline(): TimelineReader {
  let lines = new Uint32Array(64);
  let stamps = new Float64Array(64);
  let size = 0;
  let stride = 1;
  let seen = 0;
  const newest = { line: 0, stampMs: Number.NaN };
  const put = (line: number, stampMs: number): void => {
    if (size === lines.length) {
      if (size < TIMELINE_POINTS) {
        const [oldLines, oldStamps] = [lines, stamps];
        lines = new Uint32Array(2 * size);
        stamps = new Float64Array(2 * size);
        lines.set(oldLines);
        stamps.set(oldStamps);
      } else {
        for (let i = 0; 2 * i < size; i += 1) {
          lines[i] = lines[2 * i] ?? 0;
          stamps[i] = stamps[2 * i] ?? 0;
        }
        size /= 2;
        stride *= 2;
        // The current line may be due by the old stride only.
        if ((seen - 1) % stride !== 0) return;
      }
    }
    lines[size] = line;
    stamps[size] = stampMs;
    size += 1;
  };
  return {
    see(line, stampMs) {
      if (stampMs === newest.stampMs) return;
      newest.line = line;
      newest.stampMs = stampMs;
      seen += 1;
      if ((seen - 1) % stride === 0) put(line, stampMs);
    },
    timeline() {
      const whole = size === 0 || lines[size - 1] === newest.line;
      const count = whole ? size : size + 1;
      const out = { lines: new Uint32Array(count), stampsMs: new Float64Array(count) };
      out.lines.set(lines.subarray(0, size));
      out.stampsMs.set(stamps.subarray(0, size));
      if (!whole) {
        out.lines[size] = newest.line;
        out.stampsMs[size] = newest.stampMs;
      }
      return out;
    },
  };
}

/** Most stamps are whole seconds, so a line after the last stamp is less than this much later. */
const GRAIN_MS = 1_000;

/**
 * When a line was written, in ms since 1970 as the log's stamps are: interpolated linearly between
 * the stamped lines around it, extrapolated by less than a second after the last one, and the time
 * of the first one before it. NaN where no line has a stamp.
 */
export function timeOfLine({ lines, stampsMs }: Timeline, line: number): number {
  let [low, high] = [0, lines.length - 1];
  if (high < 0) return Number.NaN;
  if (line <= (lines[0] ?? 0)) return stampsMs[0] ?? Number.NaN;
  const last = stampsMs[high] ?? Number.NaN;
  if (line >= (lines[high] ?? 0)) {
    const before = stampsMs[high - 1] ?? last;
    const perLine = (last - before) / ((lines[high] ?? 0) - (lines[high - 1] ?? 0));
    return last + Math.max(0, Math.min(GRAIN_MS - 1, (line - (lines[high] ?? 0)) * perLine || 0));
  }
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((lines[middle] ?? 0) <= line) low = middle;
    else high = middle;
  }
  const [before, after] = [lines[low] ?? 0, lines[high] ?? 0];
  const [from, to] = [stampsMs[low] ?? 0, stampsMs[high] ?? 0];
  return from + ((to - from) * (line - before)) / (after - before);
}
