// Hands the values of one line, or the row of a box that it is, to the metrics of its file.
// What the line means is in classify-line.ts; what is counted below a heading in section-counter.ts.
import type { SectionCounter } from "./section-counter.ts";
import type { ConsoleTables } from "./console-tables.ts";
import type { SeenLine } from "./line-facts.ts";
import type { LineClass } from "./classify-line.ts";
import type { Slots } from "./line-templates.ts";
import { latin1 } from "./line-bytes.ts";
import type { LineStep } from "./metric-line.ts";
import type { MetricSink } from "../series/metric-sink.ts";
import { inSplit } from "../metric-words.ts";
import type { SeriesStore } from "../series/series-store.ts";

export interface LineValues {
  /** False where some metric has no room. `settings`: the line may print a setting. */
  add(bytes: Uint8Array, meaning: LineClass, seen: SeenLine, settings: boolean): boolean;
}

/** Lines below a heading such as `Test Error:` that it speaks of. */
const SPLIT_REACH = 2;
/** Formats whose lines are whole by themselves: a logger names the step or there is none. */
const WHOLE = new Set(["loguru", "METRIC", "mlperf", "object", "own pattern"]);

/** The double nearest to `1.1k`: a product would be rounded twice. */
const sized = (value: number, times: number): number => Number(`${value}e${Math.log10(times)}`);

export function createLineValues(
  sink: MetricSink,
  slots: Slots,
  announced: SectionCounter,
  tables: ConsoleTables,
): LineValues {
  const { incoming } = sink;

  const hold = (bytes: Uint8Array, meaning: LineClass, seen: SeenLine): void => {
    const { line, offset, stampMs } = seen;
    for (const { key, slot, word, token, grade } of meaning.entries) {
      const value = slot < 0 ? word : (slots.values[slot] ?? 0);
      const text = token ?? latin1(bytes, slots.starts[slot] ?? 0, slots.ends[slot] ?? 0);
      tables.hold({ key, value, token: text, grade, line, offset, stampMs });
    }
  };

  /**
   * Where a key's values on that axis go. A summary of an epoch often has the names of the lines
   * within it: on one axis, each would make the other useless.
   */
  const storeFor = (key: string, axis: LineStep["key"] | undefined): SeriesStore | undefined => {
    const store = sink.storeOf(key);
    const known = store?.ownAxis();
    if (axis === undefined || known === undefined || known === axis) return store;
    return known === "epoch" || axis === "epoch" ? sink.storeOf(`${key} (${axis})`) : store;
  };
  /** The part of the data that a heading right above the line named. */
  const splitAbove = (line: number): string | undefined =>
    announced.split !== undefined && line - announced.splitLine <= SPLIT_REACH
      ? announced.split
      : undefined;

  return {
    add(bytes, meaning, seen, settings) {
      const { entries, read } = meaning;
      if (meaning.boxed) {
        hold(bytes, meaning, seen);
        return true;
      }
      sink.begin(seen.line, seen.offset, seen.stampMs);
      if (meaning.stepSlot >= 0) {
        sink.setStep(meaning.stepKey, slots.values[meaning.stepSlot] ?? Number.NaN);
        if (meaning.epochSlot >= 0 && meaning.announcedSlot < 0) {
          announced.key = "epoch";
          announced.value = slots.values[meaning.epochSlot] ?? Number.NaN;
        }
      } else if (read.kind === "metrics" && !WHOLE.has(read.format))
        sink.setSectionCounter(announced);
      const split = meaning.stepSlot < 0 ? splitAbove(seen.line) : undefined;
      let all = true;
      for (let i = 0; i < entries.length; i += 1) {
        const entry = entries[i];
        if (entry === undefined) continue;
        const store =
          split === undefined
            ? (entry.store ??= storeFor(entry.key, meaning.stepKey))
            : storeFor(inSplit(split, entry.key), meaning.stepKey);
        if (store === undefined) {
          all = false;
          continue;
        }
        if (entry.slot >= 0) {
          const { times } = entry;
          const value = slots.values[entry.slot] ?? 0;
          incoming.value = times === 1 ? value : sized(value, times);
          incoming.start = slots.starts[entry.slot] ?? 0;
          incoming.end = (slots.ends[entry.slot] ?? 0) + (times === 1 ? 0 : 1);
          incoming.token = undefined;
        } else {
          incoming.value = entry.word;
          incoming.token = entry.token;
        }
        sink.add(store, settings ? "maybe" : entry.grade);
      }
      if (entries.length > 0 && meaning.solid && !settings) sink.end();
      return all;
    },
  };
}
