// Pairs the units of a page with those that the logs give now: equal units, edited units, and the
// rest, which a person wrote. What the difference in a pair means is audit-edits.ts.
import type { PageUnit } from "./page-units.ts";
import type { UnitToken } from "./unit-tokens.ts";

/** At most this many pairs of units are compared; a page rewritten by hand has some thousands. */
const AUDIT_PAIRS = 500_000;

/** A unit of a page with its tokens, ready to be compared with another page's. */
export interface ComparedUnit {
  readonly unit: PageUnit;
  readonly tokens: readonly UnitToken[];
  /** One text for each token; a citation is replaced by what it cites. */
  readonly words: readonly string[];
  /** How many numbers and citations it has. */
  readonly claims: number;
  /** Its words as one text: equal for units that say the same. */
  readonly key: string;
  /** The headings above it as one text. */
  readonly context: string;
}

export interface Matched {
  /** Units that were edited or moved, each with what the logs give in its place. */
  readonly edited: readonly { readonly written: ComparedUnit; readonly expected: ComparedUnit }[];
  /** Units that a person wrote. */
  readonly free: readonly ComparedUnit[];
  /** Units that the logs give and the page lacks. */
  readonly absent: readonly ComparedUnit[];
}

/** Two units with at least this share of equal words are versions of each other. */
const LEAST_SIMILARITY = 0.5;

/** Each unit of `page` is in at most one of the groups; a unit that is true is in none. */
export function matchUnits(page: readonly ComparedUnit[], fresh: readonly ComparedUnit[]): Matched {
  const byPlace = pool(fresh, (one) => `${one.context}\n${one.key}`);
  const unmatched = page.filter((one) => !take(byPlace, `${one.context}\n${one.key}`));
  const left = [...byPlace.values()].flat();
  const edited: { written: ComparedUnit; expected: ComparedUnit }[] = [];
  const free: ComparedUnit[] = [];
  const open = new Set(left);
  const repeated = new Set(fresh.map((one) => `${runOf(one)}\n${one.key}`));
  const rest: ComparedUnit[] = [];
  for (const written of unmatched) {
    // A moved or repeated sentence is still true, unless it is now below another run's heading.
    const same = [...open].find((one) => one.key === written.key);
    if (same !== undefined) {
      open.delete(same);
      if (runOf(same) !== runOf(written)) edited.push({ written, expected: same });
    } else if (!repeated.has(`${runOf(written)}\n${written.key}`)) rest.push(written);
  }
  let pairs = 0;
  for (const written of rest) {
    let best: { one: ComparedUnit; score: number } | undefined;
    for (const one of open) {
      if ((pairs += 1) > AUDIT_PAIRS) break;
      if (one.unit.kind !== written.unit.kind) continue;
      const score = similarity(written, one) + (one.context === written.context ? 0.1 : 0);
      if (score >= LEAST_SIMILARITY && score > (best?.score ?? 0)) best = { one, score };
    }
    if (best === undefined) free.push(written);
    else {
      open.delete(best.one);
      edited.push({ written, expected: best.one });
    }
  }
  return { edited, free, absent: [...open] };
}

/** The heading of the run that a unit belongs to; "" where it belongs to none. */
function runOf({ unit }: ComparedUnit): string {
  return unit.under.findLast((heading) => heading.startsWith("`")) ?? "";
}

/** The share of words that two units have in common, 0 to 1: the coefficient of Dice (1945). */
function similarity(a: ComparedUnit, b: ComparedUnit): number {
  const count = new Map<string, number>();
  for (const word of a.words) count.set(word, (count.get(word) ?? 0) + 1);
  let common = 0;
  for (const word of b.words) {
    const left = count.get(word) ?? 0;
    if (left > 0) {
      common += 1;
      count.set(word, left - 1);
    }
  }
  return (2 * common) / (a.words.length + b.words.length || 1);
}

function pool(
  units: readonly ComparedUnit[],
  keyOf: (one: ComparedUnit) => string,
): Map<string, ComparedUnit[]> {
  const found = new Map<string, ComparedUnit[]>();
  for (const one of units) {
    const list = found.get(keyOf(one));
    if (list === undefined) found.set(keyOf(one), [one]);
    else list.push(one);
  }
  return found;
}

/** Takes one unit with that key out of the pool; whether there was one. */
function take(from: Map<string, ComparedUnit[]>, key: string): boolean {
  return from.get(key)?.shift() !== undefined;
}
