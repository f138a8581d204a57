// What a line of a shape not seen before means to the reading of its file: its metrics by slot,
// and what else its words tell. Lines of known shapes are matched in line-templates.ts.
import { sectionSplit, sectionCounterSpot } from "./section-counter.ts";
import { type TableHeader, tableHeader } from "../formats/console-table.ts";
import { mayFail } from "./tracebacks.ts";
import { epochSpot, progressSpots, speaks } from "./line-facts.ts";
import type { LineTokens } from "./line-tokens.ts";
import { type Grade, type LineStep, type MetricLine, type Spot } from "./metric-line.ts";
import { trueText } from "./plain-text.ts";
import { namesSetting } from "../metric-words.ts";
import type { SeriesStore } from "../series/series-store.ts";
import { deathMarkerKind } from "./death-markers.ts";
import { isBar } from "../formats/progress-bar.ts";

export interface MeantEntry {
  readonly key: string;
  readonly grade: Grade;
  /** Slot of its number; -1 for a word, whose value and text stand here. */
  readonly slot: number;
  readonly word: number;
  readonly token: string | undefined;
  /** What the number is multiplied by; then its token has one more letter. */
  readonly times: number;
  /** Looked up with the first value. */
  store: SeriesStore | undefined;
}

export interface LineClass {
  readonly read: MetricLine;
  readonly entries: readonly MeantEntry[];
  readonly stepKey: LineStep["key"] | undefined;
  /** Slots; -1 where there is none. */
  readonly stepSlot: number;
  readonly epochSlot: number;
  readonly doneSlot: number;
  readonly totalSlot: number;
  readonly unit: "step" | "epoch" | undefined;
  /** Some entry is more than a guess. */
  readonly solid: boolean;
  /** The object of a logger, which counts wherever it stands. */
  readonly firm: boolean;
  readonly telling: ReturnType<typeof deathMarkerKind>;
  readonly mayFail: boolean;
  readonly speaks: boolean;
  readonly bar: boolean;
  /** It prints a setting. */
  readonly setting: boolean;
  /** A result alone on its line, without a step: settings are printed so as well. */
  readonly lone: boolean;
  readonly code: "begins" | "ends" | undefined;
  /** A row of a box with one value in each. */
  readonly boxed: boolean;
  /** Names of the columns that stand below it. */
  readonly header: TableHeader | undefined;
  /** The line is a heading, which says where the lines below it belong. */
  readonly announcedKey: LineStep["key"] | undefined;
  readonly announcedSlot: number;
  readonly announcedSplit: string | undefined;
  /** Stretches whose numbers are slots, in the order of the slots. */
  readonly spots: readonly Spot[];
  readonly fixed: readonly Spot[];
}

/** Values of one line; a line with more of them lists something. */
const MOST_ENTRIES = 2_000;

/** Python at a line's beginning; logs that print their own source begin it so. */
const SOURCE =
  /^(?:import [\w.]+(?: as \w+)?\s*(?:#.*)?$|import \w+,|from [\w.]+ import |def \w+\(|class \w+[(:]|if __name__ == |@\w+[\w.]*(?:\(|$))/;
const RULE_OFF = /^[=#*_-]{3,}\s*$|^[=#*-]{8,}/;

/** Reads `bytes`, a whole line without stamp and colours, whose tokens are in `tokens`. */
export function meaningOf(text: string, tokens: LineTokens, read: MetricLine): LineClass {
  const spots: Spot[] = [];
  const slotOf = (spot: Spot | undefined): number => {
    if (spot === undefined) return -1;
    const known = spots.findIndex(({ at }) => at === spot.at);
    if (known >= 0) return known;
    if (!isNumberToken(tokens, spot)) return -1;
    spots.push({ at: spot.at, end: spot.end });
    return spots.length - 1;
  };
  const metrics = read.kind === "metrics" ? read : undefined;
  const entries = (metrics?.entries ?? []).slice(0, MOST_ENTRIES).map((entry): MeantEntry => {
    const { key, grade, word, times = 1 } = entry;
    const token = text.slice(entry.at, entry.end);
    const asWord = { slot: -1, word: word ?? Number.NaN, token };
    const place = word === undefined ? slotAlways(spots, entry) : asWord.slot;
    const number = { slot: place, word: Number.NaN, token: undefined };
    return { key, grade, times, store: undefined, ...(word === undefined ? number : asWord) };
  });
  const step = metrics?.step;
  const stepSlot = step === undefined ? -1 : slotAlways(spots, step);
  const progress = progressSpots(text);
  const [doneSlot, totalSlot] = [slotOf(progress?.done), slotOf(progress?.total)];
  const whole = trueText(text);
  const heading = tokens.count === 0 ? undefined : sectionCounterSpot(text);
  return {
    boxed: metrics?.format === "table row",
    header: tableHeader(text),
    announcedKey: heading?.key,
    announcedSlot: slotOf(heading),
    announcedSplit: sectionSplit(text),
    read,
    entries,
    stepKey: step?.key,
    stepSlot,
    epochSlot: slotOf(epochSpot(text)),
    doneSlot,
    totalSlot,
    unit: doneSlot >= 0 && totalSlot >= 0 ? progress?.unit : undefined,
    solid: entries.some(({ grade }) => grade !== "maybe"),
    firm: metrics !== undefined && ["loguru", "METRIC", "mlperf"].includes(metrics.format),
    telling: deathMarkerKind(whole),
    mayFail: mayFail(whole),
    speaks: speaks(whole),
    bar: isBar(text),
    setting: step === undefined && entries.some(({ key }) => namesSetting(key)),
    lone: metrics?.format === "key-value" && step === undefined && entries.length === 1,
    code: SOURCE.test(text) ? "begins" : RULE_OFF.test(text) ? "ends" : undefined,
    spots,
    fixed: metrics?.fixed ?? [],
  };
}

/** A spot that is needed whatever its token is: without one, the shape is not remembered. */
function slotAlways(spots: Spot[], spot: Spot): number {
  const known = spots.findIndex(({ at }) => at === spot.at);
  if (known >= 0) return known;
  return spots.push({ at: spot.at, end: spot.end }) - 1;
}

function isNumberToken(tokens: LineTokens, spot: Spot): boolean {
  for (let i = 0; i < tokens.count; i += 1) {
    if (tokens.starts[i] === spot.at) return tokens.ends[i] === spot.end && tokens.kinds[i] === 1;
  }
  return false;
}
