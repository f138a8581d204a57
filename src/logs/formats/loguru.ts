// Lines of loguru, or of Python's logging, whose message is `metric {…}`: their numbers and x axis.
// Stamps are read from all lines alike, in lines/line-stamp.ts.
import type { MetricLine, PlainLine } from "../lines/metric-line.ts";
import { trueText } from "../lines/plain-text.ts";
import { readMetricObject } from "../metric-object.ts";
import { metricsOfObject, withQuotedNumbers } from "./object-metrics.ts";

/** The message: the word, then perhaps a colon or equals sign, then the object. */
const METRIC = /metrics?[ \t]{0,4}[:=]?[ \t]{0,4}\{/g;

/**
 * Reads `2025-02-02 14:30:00 | INFO | metric {"step": 1, "loss": 0.5}`, loguru's default form with
 * `module:function:line - ` before the message, and the message alone.
 */
export function readLoguruLine({ text }: PlainLine): MetricLine {
  if (!text.includes("metric")) return { kind: "other" };
  METRIC.lastIndex = 0;
  for (let match = METRIC.exec(text); match !== null; match = METRIC.exec(text)) {
    if (!beginsMessage(text, match.index)) continue;
    const object = readMetricObject(text, match.index + match[0].length - 1, trueText);
    if (object === undefined) return { kind: "unread", format: "loguru" };
    return metricsOfObject("loguru", withQuotedNumbers(object), undefined, () => "sure");
  }
  return { kind: "other" };
}

/** False in source code that was printed to the log: there a quote or a letter comes before. */
function beginsMessage(plain: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && (plain[before] === " " || plain[before] === "\t")) before -= 1;
  if (before < 0) return true;
  return (before < at - 1 ? "|-:]" : "|:]").includes(plain.charAt(before));
}
