// The counter that a line of its own announces: `Epoch 3/10`, `[batch=366/48000]:`, `=== Step 5 ===`.
// Lines below it that count nothing themselves belong to it; reading them is left to others.
import type { LineStep, Spot } from "./metric-line.ts";
import { counterOf, splitOfWord } from "../metric-words.ts";

/** What is known of the place in the run from the lines above. */
export interface SectionCounter {
  key: LineStep["key"] | undefined;
  value: number;
  /** `Test Error:` above a line of values: which part of the data, and on which line it stands. */
  split: string | undefined;
  splitLine: number;
}

/** Words and marks that a heading may have around its counter. */
const HEADING =
  /(?:^|[\]|>:-][ \t]{1,9})[-=*#>~+[(\s]{0,80}(?:(?:start(?:ing|ed)?|begin(?:ning)?|train(?:ing)?|running|current|learning)[ :]{1,3})?(epochs?|global[ _]step|step|iteration|iter|batch|round|episode)[ \t]{0,3}[:=#[(]?[ \t]{0,3}(\d{1,12})(?:[ \t]{0,3}(?:\/|of)[ \t]{0,3}\d{1,12})?(?:,[ \t]?epoch=\d{1,9})?[\])]?(?:[ \t]{1,3}(?:starts?|started|begins?|begin))?(?:[ \t]{1,3}\([\d.:]{1,12} ?(?:m?s|sec|seconds)?\))?(?:[ \t,|-]{1,5}(?:(?:epoch )?(?:time|duration|lr|learning rate)|testing net)\b[^|]{0,60})?[-=*#:.,<~+\])\s]{0,80}$/di;
/** ESPnet: `2/200epoch started. Estimated time to finish: …`. */
const STARTED = /\b(\d{1,9})\/\d{1,9}(epoch) started\b/d;

/** Where a heading's counter stands; undefined for all other lines. Linear. */
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

/** The part of the data that a heading names: `Test Error:`, `***** eval metrics *****`. */
export function sectionSplit(text: string): string | undefined {
  return text.length > 200 ? undefined : splitOfWord(SPLIT_HEADING.exec(text)?.[1] ?? "");
}
