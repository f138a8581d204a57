// Adds the values of one line to the metrics of its file, or holds the line as a row of a box.
// What the line means is in classify-line.ts; headings above it are parsed in section-counter.ts.
import type { SectionCounter } from "./section-counter.ts";
import type { ConsoleTables } from "./console-tables.ts";
import type { SeenLine } from "./line-facts.ts";
import type { LineClass } from "./classify-line.ts";
import type { Slots } from "./line-template-code.ts";
import { latin1 } from "./line-bytes.ts";
import type { LineStep } from "./metric-line.ts";
import type { MetricSink } from "../series/metric-sink.ts";
import { inSplit } from "../metric-words.ts";
import type { SeriesStore } from "../series/series-store.ts";

export interface LineValues {
  /**
   * Adds the values of a line that was just matched, so that its numbers are in the slots. False
   * where there is no room for some metric. `maySet`: the line may print a setting.
   */
  add(bytes: Uint8Array, meaning: LineClass, seen: SeenLine, maySet: boolean): boolean;
}

/** Lines below a heading such as `Test Error:` that belong to it. */
const SPLIT_REACH = 2;
/** Formats in which a line without a step has none: headings above it do not count. */
const WHOLE = new Set(["loguru", "METRIC", "mlperf", "object", "own pattern"]);

/** Adds to `sink`; `section` and `tables` are shared with the file's line reader. */
export function createLineValues(
  sink: MetricSink,
  slots: Slots,
  section: SectionCounter,
  tables: ConsoleTables,
): LineValues {
  return new Values(sink, slots, section, tables);
}

// Fields are `private`, not `#`: V8 reads those more slowly until the code is optimised.
class Values implements LineValues {
  private readonly sink: MetricSink;
  private readonly slots: Slots;
  private readonly section: SectionCounter;
  private readonly tables: ConsoleTables;

  constructor(sink: MetricSink, slots: Slots, section: SectionCounter, tables: ConsoleTables) {
    this.sink = sink;
    this.slots = slots;
    this.section = section;
    this.tables = tables;
  }

  add(bytes: Uint8Array, meaning: LineClass, seen: SeenLine, maySet: boolean): boolean {
    if (meaning.boxed) {
      this.holdRow(bytes, meaning, seen);
      return true;
    }
    const sink = this.sink;
    const { incoming } = sink;
    const { values, starts, ends } = this.slots;
    const { entries } = meaning;
    sink.begin(seen.line, seen.offset, seen.stampMs);
    this.setStep(meaning);
    const split = meaning.stepSlot < 0 ? this.splitAbove(seen.line) : undefined;
    let all = true;
    for (let i = 0; i < entries.length; i += 1) {
      const entry = entries[i];
      if (entry === undefined) continue;
      const store =
        split === undefined
          ? (entry.store ??= this.storeFor(entry.key, meaning))
          : this.storeFor(inSplit(split, entry.key), meaning);
      if (store === undefined) {
        all = false;
        continue;
      }
      const { slot, times } = entry;
      if (slot >= 0) {
        const value = values[slot] ?? 0;
        incoming.value = times === 1 ? value : scaled(value, times);
        incoming.start = starts[slot] ?? 0;
        incoming.end = (ends[slot] ?? 0) + (times === 1 ? 0 : 1);
        incoming.token = undefined;
      } else {
        incoming.value = entry.word;
        incoming.token = entry.token;
      }
      sink.add(store, maySet ? "maybe" : entry.grade);
    }
    if (entries.length > 0 && meaning.solid && !maySet) sink.end();
    return all;
  }

  private holdRow(bytes: Uint8Array, meaning: LineClass, seen: SeenLine): void {
    const { values, starts, ends } = this.slots;
    const { line, offset, stampMs } = seen;
    for (const { key, slot, word, token, grade } of meaning.entries) {
      const value = slot < 0 ? word : (values[slot] ?? 0);
      const text = token ?? latin1(bytes, starts[slot] ?? 0, ends[slot] ?? 0);
      this.tables.hold({ key, value, token: text, grade, line, offset, stampMs });
    }
  }

  /** Gives the line's values its own x, else that of the headings above. */
  private setStep(meaning: LineClass): void {
    const section = this.section;
    if (meaning.stepSlot < 0) {
      const { read } = meaning;
      if (read.kind !== "metrics" || WHOLE.has(read.format)) return;
      if (read.format !== "Caffe") this.sink.setSectionCounter(section);
      else if (section.lastKey !== undefined) {
        this.sink.setStep(section.lastKey, section.lastValue);
      }
      return;
    }
    const { values } = this.slots;
    section.lastKey = meaning.stepKey;
    section.lastValue = values[meaning.stepSlot] ?? Number.NaN;
    this.sink.setStep(meaning.stepKey, section.lastValue);
    // Lines without a step below this one belong to its epoch.
    if (meaning.epochSlot >= 0 && meaning.sectionSlot < 0) {
      section.key = "epoch";
      section.value = values[meaning.epochSlot] ?? Number.NaN;
    }
  }

  /**
   * The store of a key for values of such a line. A summary of an epoch often has the same names as
   * the lines within the epoch, and so have the batches of an evaluation, which name no epoch: on
   * one axis, each would make the other useless.
   */
  private storeFor(key: string, { stepKey, epochSlot }: LineClass): SeriesStore | undefined {
    const axis: LineStep["key"] | undefined = stepKey;
    const store = this.sink.storeOf(key);
    const known = store?.ownAxis();
    if (store === undefined || axis === undefined) return store;
    store.withEpoch ??= epochSlot >= 0;
    if (known === undefined) return store;
    if (known === axis) {
      const batches = axis === "iteration" && store.withEpoch && epochSlot < 0;
      return batches ? this.sink.storeOf(`${key} (batch)`) : store;
    }
    return known === "epoch" || axis === "epoch" ? this.sink.storeOf(`${key} (${axis})`) : store;
  }

  /** The part of the data that a heading right above the line named. */
  private splitAbove(line: number): string | undefined {
    const { split, splitLine } = this.section;
    return split !== undefined && line - splitLine <= SPLIT_REACH ? split : undefined;
  }
}

/** The double nearest to `1.1k`: multiplying would round twice. */
const scaled = (value: number, times: number): number => Number(`${value}e${Math.log10(times)}`);
