// Pairs the units of a page with those that the logs give now: equal ones, edited ones, and the
// rest, which somebody wrote. What a pair's difference means is audit-edits.ts.
import type { PageUnit } from "./page-units.ts";
import type { UnitToken } from "./unit-tokens.ts";

/** Pairs of sentences that an audit compares: a page rewritten by hand has some thousands. */
const AUDIT_PAIRS = 500_000;

/** A unit and the texts of its tokens, citations resolved. */
export interface Told {
  readonly unit: PageUnit;
  readonly tokens: readonly UnitToken[];
  /** One for each token. */
  readonly words: readonly string[];
  readonly claims: number;
  readonly key: string;
  readonly context: string;
}

export interface Matched {
  readonly edited: readonly { readonly said: Told; readonly meant: Told }[];
  /** A person's own. */
  readonly free: readonly Told[];
  /** What the logs give and the page lacks. */
  readonly absent: readonly Told[];
}

/** From this share of equal words on, a unit is an edit of another one. */
const ALIKE = 0.5;

/** Each unit of the page in exactly one of the groups, those that are true left out. */
export function matchUnits(page: readonly Told[], truth: readonly Told[]): Matched {
  const byPlace = pool(truth, (one) => `${one.context}\n${one.key}`);
  const unmatched = page.filter((one) => !take(byPlace, `${one.context}\n${one.key}`));
  const left = [...byPlace.values()].flat();
  const edited: { said: Told; meant: Told }[] = [];
  const free: Told[] = [];
  const open = new Set(left);
  const repeated = new Set(truth.map((one) => `${runOf(one)}\n${one.key}`));
  const rest: Told[] = [];
  for (const said of unmatched) {
    // Moved or repeated elsewhere, it stays true unless it stands below another run's heading.
    const same = [...open].find((one) => one.key === said.key);
    if (same !== undefined) {
      open.delete(same);
      if (runOf(same) !== runOf(said)) edited.push({ said, meant: same });
    } else if (!repeated.has(`${runOf(said)}\n${said.key}`)) rest.push(said);
  }
  let pairs = 0;
  for (const said of rest) {
    let best: { one: Told; score: number } | undefined;
    for (const one of open) {
      if ((pairs += 1) > AUDIT_PAIRS) break;
      if (one.unit.kind !== said.unit.kind) continue;
      const score = alike(said, one) + (one.context === said.context ? 0.1 : 0);
      if (score >= ALIKE && score > (best?.score ?? 0)) best = { one, score };
    }
    if (best === undefined) free.push(said);
    else {
      open.delete(best.one);
      edited.push({ said, meant: best.one });
    }
  }
  return { edited, free, absent: [...open] };
}

/** The heading of one run that a unit stands below; "" elsewhere. */
function runOf({ unit }: Told): string {
  return unit.under.findLast((heading) => heading.startsWith("`")) ?? "";
}

/** The share of words that two units have in common, 0 to 1 (Dice's coefficient). */
function alike(a: Told, b: Told): number {
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

function pool(units: readonly Told[], keyOf: (one: Told) => string): Map<string, Told[]> {
  const found = new Map<string, Told[]>();
  for (const one of units) {
    const list = found.get(keyOf(one));
    if (list === undefined) found.set(keyOf(one), [one]);
    else list.push(one);
  }
  return found;
}

function take(from: Map<string, Told[]>, key: string): boolean {
  return from.get(key)?.shift() !== undefined;
}
