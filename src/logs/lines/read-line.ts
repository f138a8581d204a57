// Tries the formats on one line, the surest first.
// Each is one file in formats/; what becomes of the values is left to line-reader.ts.
import { readFixedWording } from "../formats/fixed-wording.ts";
import { readBarLine } from "../formats/progress-bar.ts";
import { readKeyValueLine } from "../formats/key-value.ts";
import { readLoguruLine } from "../formats/loguru.ts";
import { readMetricWordLine } from "../formats/metric-word.ts";
import { readMlperfLine } from "../formats/mlperf.ts";
import { readObjectLine } from "../formats/object-line.ts";
import { readTableRow } from "../formats/table-row.ts";
import type { LineFormat, MetricLine, PlainLine } from "./metric-line.ts";

const FORMATS: readonly LineFormat[] = [
  readLoguruLine,
  readMetricWordLine,
  readMlperfLine,
  readFixedWording,
  readBarLine,
  readObjectLine,
  readTableRow,
  readKeyValueLine,
];

/** What the first format that knows the line gives; else the last reason why none does. */
export function readMetricLine(line: PlainLine): MetricLine {
  let why: string | undefined;
  for (const format of FORMATS) {
    const read = format(line);
    if (read.kind !== "other" || read.known === true) return read;
    why = read.why ?? why;
  }
  return why === undefined ? { kind: "other" } : { kind: "other", why };
}
