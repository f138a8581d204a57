// Lines of loguru (and of Python's logging) whose message is `metric {…}`.
// It gives numbers, x axis and stamp of one line; it keeps nothing.
import { canonicalMetric } from "../../model/metric-key.ts";
import { type MetricObject, type NumberEntry, readMetricObject } from "../metric-object.ts";
import type { LineStep, MetricLine } from "../metric-line.ts";
import { stampOf } from "../plain-text.ts";

/** The message itself: the word, perhaps a colon or equals sign, then the object. */
const METRIC = /metrics?[ \t]{0,4}[:=]?[ \t]{0,4}\{/g;

/** X axis keys in the order in which they are preferred, when a line has several. */
const STEP_KEYS: readonly (readonly [string, LineStep["key"]])[] = [
  ["step", "step"],
  ["global_step", "step"],
  ["iteration", "iteration"],
  ["iter", "iteration"],
  ["epoch", "epoch"],
];
const STEP_NAMES: ReadonlySet<string> = new Set(STEP_KEYS.map(([name]) => name));

/** Keys whose string value names the part of the data that the line's values belong to. */
const SPLIT_KEYS: ReadonlySet<string> = new Set(["split", "phase", "mode", "subset"]);

/**
 * `2025-02-02 14:30:00 | INFO | metric {"step": 1, "loss": 0.5}`, loguru's default form with
 * `module:function:line - ` before the message, or the bare message.
 */
export function readLoguruLine(plain: string): MetricLine {
  if (!plain.includes("metric")) return { kind: "other" };
  METRIC.lastIndex = 0;
  for (let match = METRIC.exec(plain); match !== null; match = METRIC.exec(plain)) {
    if (!beginsMessage(plain, match.index)) continue;
    const object = readMetricObject(plain, match.index + match[0].length - 1);
    if (object === undefined) return { kind: "unread" };
    return metricsOf(object, stampOf(plain));
  }
  return { kind: "other" };
}

/** Source code in a log looks alike, but has the word in quotes or after a letter. */
function beginsMessage(plain: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && (plain[before] === " " || plain[before] === "\t")) before -= 1;
  if (before < 0) return true;
  return (before < at - 1 ? "|-:]" : "|:]").includes(plain.charAt(before));
}

function metricsOf(object: MetricObject, stampMs: number | undefined): MetricLine {
  const split = splitOf(object);
  const entries: NumberEntry[] = [];
  for (const entry of object.numbers) {
    if (STEP_NAMES.has(entry.key)) continue;
    entries.push(split === undefined ? entry : { ...entry, key: inSplit(split, entry.key) });
  }
  const step = stepOf(object.numbers);
  return {
    kind: "metrics",
    entries,
    ...(step === undefined ? {} : { step }),
    ...(stampMs === undefined ? {} : { stampMs }),
  };
}

function stepOf(numbers: readonly NumberEntry[]): LineStep | undefined {
  for (const [name, key] of STEP_KEYS) {
    const found = numbers.find((entry) => entry.key === name);
    if (found !== undefined && Number.isFinite(found.value)) return { key, value: found.value };
  }
  return undefined;
}

function splitOf(object: MetricObject): string | undefined {
  for (const { key, value } of object.strings) {
    if (!SPLIT_KEYS.has(key) || !/^[\w.-]{1,40}$/.test(value)) continue;
    const known = canonicalMetric(`${value}/x`) !== `${value.toLowerCase()}/x`;
    if (key === "split" || known || KNOWN_SPLITS.has(value.toLowerCase())) return value;
  }
  return undefined;
}

const KNOWN_SPLITS: ReadonlySet<string> = new Set(["train", "val", "eval", "test"]);

/** `val` and `loss` → `val/loss`; a key that names the split itself stays. */
function inSplit(split: string, key: string): string {
  const canonical = canonicalMetric(`${split}/x`).slice(0, -1);
  return canonicalMetric(key).startsWith(canonical) ? key : `${split}/${key}`;
}
