// Parses headings, which give the lines below them their counter or their split: `Epoch 3/10`,
// `=== Step 5 ===`, `Test Error:`. Which lines belong to one is decided in line-values.ts.
import type { LineStep, Spot } from "./metric-line.ts";
import { counterOf, splitOfWord } from "../metric-words.ts";

/** What the headings above the current line say: a counter, and a split of the data. */
export interface SectionCounter {
  key: LineStep["key"] | undefined;
  value: number;
  /** The counter of the last line that had one, heading or not. */
  lastKey: LineStep["key"] | undefined;
  lastValue: number;
  /** The split that `Test Error:` names, and the number of that line. */
  split: string | undefined;
  splitLine: number;
}

/** A counter with nothing around it but the words and marks of headings. */
const HEADING =
  /(?:^|[\]|>:-][ \t]{1,9})[-=*#>~+[(\s]{0,80}(?:(?:start(?:ing|ed)?|begin(?:ning)?|train(?:ing)?|running|current|learning)[ :]{1,3}|evaluating [a-z]{2,30}, )?(epochs?|global[ _]step|step|iteration|iter|batch|round|episode)[ \t]{0,3}[:=#[(]?[ \t]{0,3}(\d{1,12})(?:[ \t]{0,3}(?:\/|of)[ \t]{0,3}\d{1,12})?(?:,[ \t]?epoch=\d{1,9})?[\])]?(?:[ \t]{1,3}(?:starts?|started|begins?|begin))?(?:[ \t]{1,3}\([\d.:]{1,12} ?(?:m?s|sec|seconds)?\))?(?:[ \t,|-]{1,5}(?:(?:epoch )?(?:time|duration|lr|learning rate)|testing net)\b[^|]{0,60})?[-=*#:.,<~+\])\s]{0,80}$/di;
/** ESPnet's `2/200epoch started. Estimated time to finish: …`. */
const STARTED = /\b(\d{1,9})\/\d{1,9}(epoch) started\b/d;

/** Where the counter of a heading is; undefined for all other lines. Linear. */
export function sectionCounterSpot(
  text: string,
): (Spot & { readonly key: LineStep["key"] }) | undefined {
  if (text.length > 300) return undefined;
  const heading = HEADING.exec(text);
  const match = heading ?? STARTED.exec(text);
  const spot = match?.indices?.[heading === null ? 1 : 2];
  const counter = counterOf(match?.[heading === null ? 2 : 1] ?? "");
  if (spot === undefined || counter === undefined) return undefined;
  return { key: counter.key, at: spot[0], end: spot[1] };
}

const SPLIT_HEADING =
  /^[-=*#>\s]{0,80}(test|val|valid|validation|eval|evaluation)(?: (?:error|results?|set|metrics|scores?|performance|stats))?[ \t]{0,3}:?[-=*#<\s]{0,80}$/i;

/** The split of the data that a heading names: `Test Error:`, `***** eval metrics *****`. */
export function sectionSplit(text: string): string | undefined {
  return text.length > 200 ? undefined : splitOfWord(SPLIT_HEADING.exec(text)?.[1] ?? "");
}
