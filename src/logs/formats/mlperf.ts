// Lines of MLPerf's logger, `:::MLLOG {…}`: one event each, whose `key` says what its `value` is.
// Only results are metrics; starts, stops and settings are events too.
import type { MetricLine, PlainLine, Spot } from "../lines/metric-line.ts";
import { trueText } from "../lines/plain-text.ts";
import { readMetricObject } from "../metric-object.ts";
import { namesQuality } from "../metric-words.ts";
import { isWord } from "./object-metrics.ts";

const MARK = ":::MLLOG";
/** Counters in an event, the finest first. */
const AXES = [
  ["metadata/step_num", "step"],
  ["metadata/samples_count", "step"],
  ["metadata/iteration_num", "iteration"],
  ["metadata/epoch_num", "epoch"],
  ["metadata/epoch_count", "epoch"],
  ["metadata/first_epoch_num", "epoch"],
] as const;
const RESULT = /^(?:eval_(?!samples|start|stop)\w+|throughput|tracked_stats|train_loss)$/;

/** The result in an MLPerf event; `other`, with the reason, for its other events. */
export function readMlperfLine({ text }: PlainLine): MetricLine {
  const mark = text.indexOf(MARK);
  if (mark < 0) return { kind: "other" };
  const from = text.indexOf("{", mark);
  if (from < 0 || text.slice(mark + MARK.length, from).trim() !== "") return { kind: "other" };
  const object = readMetricObject(text, from, trueText);
  if (object === undefined) return { kind: "unread", format: "mlperf" };
  const name = object.strings.find(({ key }) => key === "key");
  const fixed: Spot[] = [...object.keys];
  if (name === undefined) return { kind: "other", known: true, why: "the MLPerf event has no key" };
  fixed.push({ at: name.at, end: name.end });
  const key = name.value;
  // Stable Diffusion reports FID and CLIP under one key.
  const metric = object.strings.find((string) => string.key === "metadata/metric");
  if (metric !== undefined) fixed.push({ at: metric.at, end: metric.end });
  const results = object.numbers.filter((number) => /^value(?:\/|$)/.test(number.key));
  if (
    results.length === 0 ||
    !(RESULT.test(key) || namesQuality(key)) ||
    /_(start|stop)$/.test(key)
  ) {
    return { kind: "other", known: true, why: `the MLPerf event ${key} is no result` };
  }
  const axis = AXES.flatMap(([path, axisKey]) =>
    object.numbers.filter((number) => number.key === path).map((number) => ({ axisKey, number })),
  )[0];
  return {
    kind: "metrics",
    format: "mlperf",
    fixed,
    entries: results.map(({ key: path, at, token, value }) => ({
      key: metric?.value ?? `${key}${path.slice("value".length)}`,
      at,
      end: at + token.length,
      grade: "sure",
      ...(isWord(token) ? { word: value } : {}),
    })),
    ...(axis === undefined
      ? {}
      : {
          step: {
            key: axis.axisKey,
            at: axis.number.at,
            end: axis.number.at + axis.number.token.length,
          },
        }),
  };
}
