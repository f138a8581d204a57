// Lines that hold a dict of Python or an object of JSON: `{'loss': 0.5, 'epoch': 0.1}`, JSONL,
// and either of them behind words. Objects of settings look alike: names tell them apart.
import { findCounters } from "../lines/line-counter.ts";
import type { Grade, LineMetrics, MetricLine, PlainLine } from "../lines/metric-line.ts";
import { trueText } from "../lines/plain-text.ts";
import { type MetricObject, readMetricObject } from "../metric-object.ts";
import { namesQuality, namesSetting } from "../metric-words.ts";
import { metricsOfObject, withQuotedNumbers } from "./object-metrics.ts";
import { splitBefore } from "./split-words.ts";

const OBJECT = /\{[ \t]?["']/;

export function readObjectLine(line: PlainLine): MetricLine {
  const { text, tokens } = line;
  const from = text.search(OBJECT);
  if (from < 0) return { kind: "other" };
  // Source code: an f-string, an argument, an assignment.
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

/** On a line with a step that names a result, all of its numbers are logged on purpose. */
function graded(read: LineMetrics, object: MetricObject): LineMetrics {
  if (read.step === undefined) return read;
  const sure = object.numbers.some(({ key }) => namesQuality(key));
  const grade: Grade = sure ? "sure" : "likely";
  return { ...read, entries: read.entries.map((entry) => ({ ...entry, grade })) };
}

/** An object that is the whole line and has no end was torn, or goes on in the next line. */
function tornOrOther(text: string, from: number): MetricLine {
  const rest = text.slice(from).trimEnd();
  const whole = text.slice(0, from).trim() === "";
  const goesOn = /[,{[(]$/.test(rest) || !/\d/.test(rest) || rest.includes("...");
  if (!whole || goesOn || !/^\{ ?["'][\w /.@-]{1,80}["'] ?:/.test(rest)) return { kind: "other" };
  return { kind: "unread", format: "object" };
}
