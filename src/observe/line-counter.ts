// Finds the x axis in a line of free text: `step 100`, `Epoch: [3][ 10/500]`, `iter 12/400:`.
// Values that are measured are found in formats/key-value.ts.
import { MARK, NUMBER, SPACE, WORD } from "./line-tokens.ts";
import type { LineStep, PlainLine, Spot } from "./metric-line.ts";
import { counterOf, splitOfWord } from "./metric-words.ts";

export interface LineCounter extends Spot {
  readonly key: LineStep["key"];
}

export interface LineCounters {
  /** The one that counts furthest. */
  readonly best?: LineCounter;
  /** Token numbers of every counter's value and of the total behind it. */
  readonly used: ReadonlySet<number>;
  /** Token number of the first word that belongs to a counter. */
  readonly from: number;
}

/** Words after which a counter's name counts something else: `time per step`, `best epoch`. */
const NOT_AFTER = new Set(
  (
    "per best last total max warmup every each from resume resuming previous start num number nan " +
    "skipped next until first remaining decay accumulation log eval save checkpoint batch early"
  ).split(" "),
);
/** `iterations: 5` may be a number of them; alone at a line's beginning it is the counter. */
const PLURAL = /s$/i;

/** Looks at the tokens before `upTo`. */
export function findCounters(line: PlainLine, upTo = line.tokens.count): LineCounters {
  const { tokens } = line;
  const used = new Set<number>();
  let best: Ranked | undefined;
  let from = tokens.count;
  for (let i = 0; i < upTo; i += 1) {
    if (tokens.kinds[i] !== WORD) continue;
    const counter = counterAt(line, i) ?? epochOfSplit(line, i, upTo);
    if (counter === undefined) continue;
    const value = valueAfter(line, i, upTo);
    if (value === undefined) continue;
    used.add(value);
    from = Math.min(from, i);
    takeTotal(line, value, used);
    best = preferred(best, { ...spotOf(line, value), ...counter });
    const inner = counter.key === "epoch" ? innerCounter(line, value, upTo) : undefined;
    if (inner === undefined) continue;
    used.add(inner);
    takeTotal(line, inner, used);
    best = preferred(best, { ...spotOf(line, inner), key: "iteration" as const, rank: 45 });
  }
  return { used, from, ...(best === undefined ? {} : { best }) };
}

type Ranked = LineCounter & { readonly rank: number };

function preferred(a: Ranked | undefined, b: Ranked): Ranked {
  return a !== undefined && a.rank <= b.rank ? a : b;
}

export function spotOf({ tokens }: PlainLine, i: number): Spot {
  return { at: tokens.starts[i] ?? 0, end: tokens.ends[i] ?? 0 };
}

export function tokenText({ text, tokens }: PlainLine, i: number): string {
  return text.slice(tokens.starts[i] ?? 0, tokens.ends[i] ?? 0);
}

/** Whether token `i` is one of these marks. */
export function isMark({ text, tokens }: PlainLine, i: number, marks: string): boolean {
  return (
    i >= 0 &&
    i < tokens.count &&
    tokens.kinds[i] === MARK &&
    marks.includes(text[tokens.starts[i] ?? 0] ?? "\0")
  );
}

export const afterSpace = ({ tokens }: PlainLine, i: number): number =>
  i < tokens.count && tokens.kinds[i] === SPACE ? i + 1 : i;

function counterAt(line: PlainLine, i: number): ReturnType<typeof counterOf> {
  const word = tokenText(line, i);
  if (word.length > 40) return undefined;
  if (word === "s" && i === 0 && isMark(line, 1, ":")) return { key: "step", rank: 3 };
  const counter = counterOf(word);
  if (counter === undefined) return undefined;
  const before = wordBefore(line, i)?.toLowerCase();
  if (before !== undefined && NOT_AFTER.has(before)) return undefined;
  const plain = word.toLowerCase();
  // `steps 100` may be how many; `num_updates 100` is a name of a program's own.
  const many = PLURAL.test(plain) && !plain.includes("_");
  const needsMark = plain === "it" || plain === "ep" || many;
  const marked = isMark(line, afterSpace(line, i + 1), ":=");
  if (needsMark && !marked) return undefined;
  if (many && before !== undefined && !plain.includes("timestep")) return undefined;
  return counter;
}

/** `Train: 5 [  50/1251 (  4%)]` counts epochs without the word. */
function epochOfSplit(line: PlainLine, i: number, upTo: number): ReturnType<typeof counterOf> {
  if (!isMark(line, i + 1, ":") || splitOfWord(tokenText(line, i)) === undefined) return undefined;
  const value = valueAfter(line, i, upTo);
  const inner = value === undefined ? undefined : innerCounter(line, value, upTo);
  return inner === undefined ? undefined : { key: "epoch", rank: 50 };
}

function wordBefore(line: PlainLine, i: number): string | undefined {
  const { kinds } = line.tokens;
  const at = kinds[i - 1] === SPACE ? i - 2 : -1;
  return at >= 0 && kinds[at] === WORD ? tokenText(line, at) : undefined;
}

/** Token of the number behind a counter's name; undefined where there is none. */
function valueAfter(line: PlainLine, i: number, upTo: number): number | undefined {
  let at = afterSpace(line, i + 1);
  if (isMark(line, at, ":=#")) at = afterSpace(line, at + 1);
  if (isMark(line, at, "[(#")) at = afterSpace(line, at + 1);
  if (at >= upTo || line.tokens.kinds[at] !== NUMBER) return undefined;
  const { kinds } = line.tokens;
  // `step 5ms` is a time; `epoch 3e` nothing at all.
  if (kinds[at + 1] === WORD && at + 1 < line.tokens.count) return undefined;
  return at;
}

/** `/ 159576` behind a counter is how far it goes. */
function takeTotal(line: PlainLine, value: number, used: Set<number>): void {
  let at = afterSpace(line, value + 1);
  const of = line.tokens.kinds[at] === WORD && tokenText(line, at) === "of";
  if (!isMark(line, at, "/") && !of) return;
  at = afterSpace(line, at + 1);
  if (at < line.tokens.count && line.tokens.kinds[at] === NUMBER) used.add(at);
}

/** The batch in `Epoch: [0][  10/5005]` and `Train Epoch: 1 [640/60000 (1%)]`. */
function innerCounter(line: PlainLine, value: number, upTo: number): number | undefined {
  let at = value + 1;
  if (isMark(line, at, "])")) at += 1;
  at = afterSpace(line, at);
  if (!isMark(line, at, "[(")) return undefined;
  at = afterSpace(line, at + 1);
  if (at >= upTo || line.tokens.kinds[at] !== NUMBER) return undefined;
  return isMark(line, afterSpace(line, at + 1), "/") ? at : undefined;
}
