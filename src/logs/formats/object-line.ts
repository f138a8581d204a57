// Lines with a Python dict or a JSON object, alone or after words: `{'loss': 0.5, 'epoch': 0.1}`.
// Objects of settings look the same; the names of their keys tell them apart.
import { findCounters } from "../lines/line-counter.ts";
import type { Grade, LineMetrics, MetricLine, PlainLine } from "../lines/metric-line.ts";
import { trueText } from "../lines/plain-text.ts";
import { type MetricObject, readMetricObject } from "../metric-object.ts";
import { namesQuality, namesSetting } from "../metric-words.ts";
import { metricsOfObject, withQuotedNumbers } from "./object-metrics.ts";
import { splitBefore } from "./split-words.ts";

const OBJECT = /\{[ \t]?["']/;

/** The metrics of a line's first object; `unread` where it is torn, `other` where there is none. */
export function readObjectLine(line: PlainLine): MetricLine {
  const { text, tokens } = line;
  const from = text.search(OBJECT);
  if (from < 0) return { kind: "other" };
  // Source code: an f-string, an argument or an assignment.
  if (from > 0 && /[\w"'($%=\\]/.test(text.charAt(from - 1))) return { kind: "other" };
  const whole = readMetricObject(text, from, trueText);
  if (whole === undefined) return tornOrOther(text, from);
  const object = withQuotedNumbers(whole);
  if (object.numbers.length === 0) return { kind: "other" };
  let upTo = 0;
  while (upTo < tokens.count && (tokens.starts[upTo] ?? 0) < from) upTo += 1;
  const read = metricsOfObject("object", object, splitBefore(line, upTo), gradesOf(object));
  if (read.step !== undefined) return graded(read, object);
  const { best } = findCounters(line, upTo);
  return graded(best === undefined ? read : { ...read, step: best }, object);
}

function gradesOf(object: MetricObject): (key: string) => Grade {
  const settings = settingsIn(object);
  return (key) => (settings < 2 && namesQuality(key) ? "sure" : "maybe");
}

const settingsIn = (object: MetricObject): number =>
  object.numbers.filter(({ key }) => namesSetting(key)).length;

/** With a step and the name of a result, all numbers of the line were logged on purpose. */
function graded(read: LineMetrics, object: MetricObject): LineMetrics {
  if (read.step === undefined) return read;
  const sure = object.numbers.some(({ key }) => namesQuality(key));
  const grade: Grade = sure ? "sure" : "likely";
  return { ...read, entries: read.entries.map((entry) => ({ ...entry, grade })) };
}

/** `unread` for an object that was torn: it is the whole line, and does not go on in the next. */
function tornOrOther(text: string, from: number): MetricLine {
  const rest = text.slice(from).trimEnd();
  const whole = text.slice(0, from).trim() === "";
  const goesOn = /[,{[(]$/.test(rest) || !/\d/.test(rest) || rest.includes("...");
  if (!whole || goesOn || !/^\{ ?["'][\w /.@-]{1,80}["'] ?:/.test(rest)) return { kind: "other" };
  return { kind: "unread", format: "object" };
}
