// Classifies a parsed line: its metrics by slot, and what else its words say about the run. The
// result holds for every line of the same template; those are matched in line-templates.ts.
import { sectionSplit, sectionCounterSpot } from "./section-counter.ts";
import { type TableHeader, tableHeader } from "../formats/console-table.ts";
import { mayFail } from "./tracebacks.ts";
import { epochSpot, hasFactWords, progressSpots } from "./line-facts.ts";
import { type LineTokens, NUMBER } from "./line-tokens.ts";
import type { Grade, LineStep, MetricLine, Spot } from "./metric-line.ts";
import { trueText } from "./plain-text.ts";
import { namesSetting } from "../metric-words.ts";
import type { SeriesStore } from "../series/series-store.ts";
import { deathMarkerKind } from "./death-markers.ts";

/** One value of a line. */
export interface ClassEntry {
  readonly key: string;
  readonly grade: Grade;
  /** Slot of its number; -1 for a word such as `nan`, which has `word` and `token` instead. */
  readonly slot: number;
  readonly word: number;
  readonly token: string | undefined;
  /** Factor of the number, 1 without a size letter; `1.5k` has 1,000 and one more letter. */
  readonly times: number;
  /** Looked up when the first value comes. */
  store: SeriesStore | undefined;
}

/** What one line means, and every line of its template with it. A slot is -1 without a number. */
export interface LineClass {
  readonly read: MetricLine;
  readonly entries: readonly ClassEntry[];
  readonly stepKey: LineStep["key"] | undefined;
  readonly stepSlot: number;
  readonly epochSlot: number;
  readonly doneSlot: number;
  readonly totalSlot: number;
  readonly unit: "step" | "epoch" | undefined;
  /** Some entry is of a higher grade than `maybe`. */
  readonly solid: boolean;
  /** It has the name of a result whose value is not understood. */
  readonly partly: boolean;
  /** A format that only loggers write: it counts even inside a traceback or printed source. */
  readonly firm: boolean;
  readonly deathMarker: ReturnType<typeof deathMarkerKind>;
  /** It may begin a traceback or another report of a failure. */
  readonly mayFail: boolean;
  /** Its words may matter to the facts, so that they need its text. */
  readonly hasFactWords: boolean;
  /** It prints a setting. */
  readonly setting: boolean;
  /** One value alone on its line, without a step: it may be a setting as well as a result. */
  readonly lone: boolean;
  /** It begins or ends a stretch in which the program prints its own source. */
  readonly code: "begins" | "ends" | undefined;
  /** A row of a box, which has one metric in each row. */
  readonly boxed: boolean;
  /** The columns of the table whose header it is. */
  readonly header: TableHeader | undefined;
  /** A heading's counter and split, which hold for the lines below it. */
  readonly sectionKey: LineStep["key"] | undefined;
  readonly sectionSlot: number;
  readonly sectionSplit: string | undefined;
  /** Where the number of each slot is in this line. */
  readonly spots: readonly Spot[];
  /** Where numbers decided how the line was parsed: they are compared as text. */
  readonly fixed: readonly Spot[];
}

/** A process other than the first, as torchrun marks its lines; `Rank1: 85.2%` is a metric. */
const RANK = /^\[(?:rank|default)0*([1-9]\d{0,5})\]:/;

/** Values taken of one line: one with more is a list of something. */
const MOST_ENTRIES = 2_000;

/** The beginning of a line of Python, with which a program that prints its own source starts. */
const SOURCE =
  /^(?:import [\w.]+(?: as \w+)?\s*(?:#.*)?$|import \w+,|from [\w.]+ import |def \w+\(|class \w+[(:]|if __name__ == |@\w+[\w.]*(?:\(|$))/;
/** A rule of dashes or the like, which ends the source. */
const SOURCE_END = /^[=#*_-]{3,}\s*$|^[=#*-]{8,}/;

/**
 * Classifies `text`, a whole line without stamp and colours, one character a byte. `tokens` are the
 * line's, `read` is what its format made of it.
 */
export function classifyLine(text: string, tokens: LineTokens, read: MetricLine): LineClass {
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
  const rank = RANK.exec(text)?.[1];
  const entries = (metrics?.entries ?? []).slice(0, MOST_ENTRIES).map((entry): ClassEntry => {
    const { grade, word, times = 1 } = entry;
    const key = rank === undefined ? entry.key : `rank${rank}/${entry.key}`;
    const token = text.slice(entry.at, entry.end);
    const asWord = { slot: -1, word: word ?? Number.NaN, token };
    const slot = word === undefined ? slotAlways(spots, entry) : asWord.slot;
    const number = { slot, word: Number.NaN, token: undefined };
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
    sectionKey: heading?.key,
    sectionSlot: slotOf(heading),
    sectionSplit: sectionSplit(text),
    read,
    entries,
    stepKey: step?.key,
    stepSlot,
    epochSlot: slotOf(epochSpot(text)),
    doneSlot,
    totalSlot,
    unit: doneSlot >= 0 && totalSlot >= 0 ? progress?.unit : undefined,
    solid: entries.some(({ grade }) => grade !== "maybe"),
    partly: metrics?.partly === true,
    firm: metrics !== undefined && ["loguru", "METRIC", "mlperf"].includes(metrics.format),
    deathMarker: deathMarkerKind(whole),
    mayFail: mayFail(whole),
    hasFactWords: hasFactWords(whole),
    setting: step === undefined && entries.some(({ key }) => namesSetting(key)),
    lone: metrics?.format === "key-value" && step === undefined && entries.length === 1,
    code: SOURCE.test(text) ? "begins" : SOURCE_END.test(text) ? "ends" : undefined,
    spots,
    fixed: metrics?.fixed ?? [],
  };
}

/** The slot of a spot that is needed even where it is no number token; then no template is kept. */
function slotAlways(spots: Spot[], spot: Spot): number {
  const known = spots.findIndex(({ at }) => at === spot.at);
  if (known >= 0) return known;
  return spots.push({ at: spot.at, end: spot.end }) - 1;
}

function isNumberToken(tokens: LineTokens, spot: Spot): boolean {
  for (let i = 0; i < tokens.count; i += 1) {
    if (tokens.starts[i] === spot.at)
      return tokens.ends[i] === spot.end && tokens.kinds[i] === NUMBER;
  }
  return false;
}
