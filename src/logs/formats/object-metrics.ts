// The metrics of an object in a line: its x axis, its split, and its other numbers. Which lines
// hold one is left to loguru.ts and object-line.ts.
import type { Grade, LineEntry, LineMetrics, Spot } from "../lines/metric-line.ts";
import type { MetricObject } from "../metric-object.ts";
import { notFinite } from "../../base/not-finite.ts";
import { counterOf, inSplit, namesQuality, splitOfWord } from "../metric-words.ts";

/** Keys whose string value is the split that the line's values belong to. */
const SPLIT_KEYS: ReadonlySet<string> = new Set(["split", "phase", "mode", "subset", "stage"]);
/** Keys of numbers that are never metrics: times and identities. */
const PASSED: ReadonlySet<string> = new Set(["time_ms", "timestamp", "_timestamp", "ts", "pid"]);

/**
 * The numbers of `object` except its counters; the finest counter is the x axis. `lineSplit` is the
 * split named by the text before the object; a split in the object overrides it.
 */
export function metricsOfObject(
  format: string,
  object: MetricObject,
  lineSplit: string | undefined,
  gradeOf: (key: string) => Grade,
): LineMetrics {
  const named = splitOf(object);
  const split = named?.split ?? lineSplit;
  const axes = object.numbers.flatMap((number) => {
    const counter = number.key.includes("/") ? axisOfPath(number.key) : counterOf(number.key);
    return counter === undefined ? [] : [{ ...counter, number }];
  });
  const best = axes
    .filter(({ number }) => Number.isFinite(number.value))
    .toSorted((a, b) => a.rank - b.rank)[0];
  const entries = object.numbers
    .filter((number) => !PASSED.has(number.key) && !axes.some((axis) => axis.number === number))
    .map(({ key, at, token, value }): LineEntry => ({
      key: inSplit(split, key),
      at,
      end: at + token.length,
      grade: gradeOf(key),
      ...(isWord(token) ? { word: value } : {}),
    }));
  return {
    kind: "metrics",
    format,
    entries,
    fixed: [...object.keys, ...(named === undefined ? [] : [named.spot])],
    ...(best === undefined
      ? {}
      : {
          step: {
            key: best.key,
            at: best.number.at,
            end: best.number.at + best.number.token.length,
          },
        }),
  };
}

const QUOTED = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * The object with its quoted numbers among its numbers: fairseq logs `{"loss": "3.097",
 * "num_updates": "100"}`. Only if one of them has the name of a result: elsewhere a number in
 * quotes is a version or a name.
 */
export function withQuotedNumbers(object: MetricObject): MetricObject {
  const quoted = object.strings.filter(
    ({ value }) => QUOTED.test(value) || notFinite(value) !== undefined,
  );
  const results = quoted.some(({ key }) => namesQuality(key)) ? quoted : [];
  // `"iter": "10/1000"`
  const counters = object.strings.filter(
    ({ key, value }) => counterOf(key) !== undefined && /^\d{1,12}\/\d{1,12}$/.test(value),
  );
  if (results.length + counters.length === 0) return object;
  const found = [...results, ...counters].map(({ key, value, at }) => {
    const token = value.split("/")[0] ?? value;
    return { key, token, value: notFinite(token) ?? Number(token), at: at + 1 };
  });
  const numbers = [...object.numbers, ...found].toSorted((a, b) => a.at - b.at);
  return { ...object, numbers };
}

/**
 * Of names with a slash, only those that loggers use for counters, such as `trainer/global_step`.
 */
function axisOfPath(key: string): ReturnType<typeof counterOf> {
  return /(?:^|\/)(?:global_step|epoch|step|total_timesteps|training_iteration)$/.test(key)
    ? counterOf(key)
    : undefined;
}

/** True for NaN and Infinity: every other number has a digit. */
export const isWord = (token: string): boolean => !/\d/.test(token);

function splitOf(object: MetricObject): { split: string; spot: Spot } | undefined {
  for (const { key, value, at, end } of object.strings) {
    if (!SPLIT_KEYS.has(key) || !/^[\w.-]{1,40}$/.test(value)) continue;
    const known = splitOfWord(value);
    const spot = { at, end };
    if (known !== undefined) return { split: known, spot };
    if (key === "split") return { split: value, spot };
  }
  return undefined;
}
