// Progress bars of tqdm, Lightning and Keras, such as
// `Epoch 3:  45%|████▌ | 45/100 [00:10<00:12, loss=0.5]`. This reads one redraw of a bar; which
// redraws count is left to lines/bar-redraws.ts.
import { findCounters, isMark } from "../lines/line-counter.ts";
import { NUMBER } from "../lines/line-tokens.ts";
import type { MetricLine, PlainLine } from "../lines/metric-line.ts";
import { readPairs } from "./key-value.ts";

/** tqdm's percentage and the start of its bar. */
const TQDM = /\d%\|/;
/** Keras's count and the start of its bar. */
const KERAS = /\d\/\d+ (?:\[[=>.\s]*\]|\u00E2\u0094\u0081+)/;

/** Names in a bar that are about the bar or the logger, and no metrics. */
const MACHINERY = /^(?:v_num|eta|it\/s|s\/it|ms\/step)$/i;

/** The values that a progress bar shows; `other` for a line that is none or shows none. */
export function readBarLine(line: PlainLine): MetricLine {
  const { text } = line;
  const tqdm = TQDM.test(text);
  if (!tqdm && !KERAS.test(text)) return { kind: "other" };
  const read = readPairs(line, 0);
  const entries = (read?.entries ?? [])
    // `Downloading: 45%|` is the bar's own percentage.
    .filter(({ end }) => text.slice(end, end + 2) !== "%|")
    .filter(({ key }) => !MACHINERY.test(key.split("/").at(-1) ?? key))
    .map((entry) => ({ ...entry, grade: "sure" as const }));
  if (entries.length === 0)
    return { kind: "other", known: true, why: "a progress bar without values" };
  const { best } = findCounters(line);
  const step = best ?? (tqdm ? countOf(line) : undefined);
  return {
    kind: "metrics",
    format: "progress bar",
    entries,
    fixed: [],
    ...(step === undefined ? {} : { step }),
  };
}

/** tqdm's own count, `45/100` after the bar, as the x axis. */
function countOf(line: PlainLine): { key: "iteration"; at: number; end: number } | undefined {
  const { tokens } = line;
  for (let i = tokens.count - 1; i > 0; i -= 1) {
    if (tokens.kinds[i] !== NUMBER || !isMark(line, i + 1, "/") || tokens.kinds[i + 2] !== NUMBER)
      continue;
    return { key: "iteration", at: tokens.starts[i] ?? 0, end: tokens.ends[i] ?? 0 };
  }
  return undefined;
}
