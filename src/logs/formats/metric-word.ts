// Lines that declare their metrics: `METRIC val_bpb=0.9979`, `METRIC: loss=0.5 step=3`.
// The word in lower case, before an object, is left to loguru.ts.
import type { MetricLine, PlainLine } from "../lines/metric-line.ts";
import { readPairs } from "./key-value.ts";

const WORD = /(?:^|[\]|>:-][ \t]{0,4})METRICS?\b[ \t:]{1,4}/;

/** All pairs after the word METRIC; `other` for a line without it. */
export function readMetricWordLine(line: PlainLine): MetricLine {
  if (!line.text.includes("METRIC")) return { kind: "other" };
  const match = WORD.exec(line.text);
  if (match === null) return { kind: "other" };
  const read = readPairs(line, match.index + match[0].length, true);
  if (read === undefined) return { kind: "other", why: "no name=value behind METRIC" };
  const entries = read.entries.map((entry) => ({ ...entry, grade: "sure" as const }));
  return { ...read, format: "METRIC", entries };
}
