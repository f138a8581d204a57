// Rows of boxed tables with one name and one value, as Stable Baselines and others print them:
// `|    ep_rew_mean          | 21.3        |`. Tables with a header are left to console-table.ts.
import { notFinite } from "../../base/not-finite.ts";
import type { MetricLine, PlainLine } from "../lines/metric-line.ts";
import { namesQuality } from "../metric-words.ts";
import { trueText } from "../lines/plain-text.ts";

const ROW =
  /^[ \t]{0,20}(?:\||\u00E2\u0094\u0082)[ \t]{1,40}([A-Za-z%][\w/.@ -]{0,80}?)[ \t]{1,80}(?:\||\u00E2\u0094\u0082)[ \t]{1,40}([-+]?[\d.][\d.,]{0,30}(?:e[-+]?\d{1,3})?|nan|inf|-inf)[ \t]{1,40}(?:\||\u00E2\u0094\u0082)[ \t]*$/d;

/** The metric of such a row; `other` for every other line. */
export function readTableRow({ text }: PlainLine): MetricLine {
  if (!/[|\u00E2]/.test(text) || text.length > 300) return { kind: "other" };
  const match = ROW.exec(text);
  const [key, value, spot] = [match?.[1], match?.[2], match?.indices?.[2]];
  if (key === undefined || value === undefined || spot === undefined) return { kind: "other" };
  const word = notFinite(value);
  const grade = namesQuality(key) ? "sure" : "maybe";
  const [at, end] = spot;
  return {
    kind: "metrics",
    format: "table row",
    fixed: [],
    entries: [{ key: trueText(key), at, end, grade, ...(word === undefined ? {} : { word }) }],
  };
}
