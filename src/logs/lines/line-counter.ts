// Finds the x axis in a line of free text: `step 100`, `Epoch: [3][ 10/500]`, `iter 12/400:`.
// Measured values are found in value-spots.ts.
import { MARK, NUMBER, SPACE, WORD } from "./line-tokens.ts";
import type { LineStep, PlainLine, Spot } from "./metric-line.ts";
import { counterOf, splitOfWord } from "../metric-words.ts";

/** Where a counter's value is, and which x axis it counts. */
export interface LineCounter extends Spot {
  readonly key: LineStep["key"];
}

export interface LineCounters {
  /** The one taken as the x axis: that of the smallest rank. */
  readonly best?: LineCounter;
  /** Tokens, by index, of every counter's value and of the total after it. */
  readonly used: ReadonlySet<number>;
  /** Index of the first token that belongs to a counter; the token count without one. */
  readonly from: number;
}

/** Words after which a counter's name means something else: `time per step`, `best epoch`. */
const NOT_AFTER = new Set(
  (
    "per best last total max warmup every each from resume resuming previous start num number nan " +
    "skipped next until first remaining decay accumulation log eval save checkpoint batch early"
  ).split(" "),
);
/** `iterations: 5` may be how many there are; at the beginning of a line it is the counter. */
const PLURAL = /s$/i;

/** The counters among the tokens before index `upTo`. */
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
    // An evaluation's batch counter is not the x axis of the run.
    const held = heldOut(line, i);
    if (!held || counter.key === "epoch") {
      best = preferred(best, { ...spotOf(line, value), ...counter });
    }
    const inner = counter.key === "epoch" ? innerCounter(line, value, upTo) : undefined;
    if (inner === undefined) continue;
    used.add(inner);
    takeTotal(line, inner, used);
    if (held) continue;
    best = preferred(best, { ...spotOf(line, inner), key: "iteration" as const, rank: 45 });
  }
  const inSplit = best === undefined ? epochInBrackets(line, upTo) : undefined;
  if (inSplit !== undefined) {
    used.add(inSplit);
    takeTotal(line, inSplit, used);
    from = 0;
    best = { ...spotOf(line, inSplit), key: "epoch", rank: 50 };
  }
  if (best === undefined) {
    const bare = bracketCounter(line, upTo);
    if (bare !== undefined) {
      for (const i of bare.used) used.add(i);
      best = { ...spotOf(line, bare.value), key: "iteration", rank: 60 };
    }
  }
  return { used, from, ...(best === undefined ? {} : { best }) };
}

type Ranked = LineCounter & { readonly rank: number };

function preferred(a: Ranked | undefined, b: Ranked): Ranked {
  return a !== undefined && a.rank <= b.rank ? a : b;
}

/** Where token `i` is in the line. */
export function spotOf({ tokens }: PlainLine, i: number): Spot {
  return { at: tokens.starts[i] ?? 0, end: tokens.ends[i] ?? 0 };
}

/** The text of token `i`. */
export function tokenText({ text, tokens }: PlainLine, i: number): string {
  return text.slice(tokens.starts[i] ?? 0, tokens.ends[i] ?? 0);
}

/** Whether token `i` exists and is one of `marks`. */
export function isMark({ text, tokens }: PlainLine, i: number, marks: string): boolean {
  return (
    i >= 0 &&
    i < tokens.count &&
    tokens.kinds[i] === MARK &&
    marks.includes(text[tokens.starts[i] ?? 0] ?? "\0")
  );
}

/** The index after a space token at `i`; `i` itself where there is none. */
export const afterSpace = ({ tokens }: PlainLine, i: number): number =>
  i < tokens.count && tokens.kinds[i] === SPACE ? i + 1 : i;

function counterAt(line: PlainLine, i: number): ReturnType<typeof counterOf> {
  const word = tokenText(line, i);
  if (word.length > 40) return undefined;
  if (word === "s" && i === 0 && isMark(line, 1, ":")) return { key: "step", rank: 3 };
  const counter = counterOf(word);
  if (counter === undefined) return undefined;
  const before = wordBefore(line, i)?.toLowerCase();
  const plain = word.toLowerCase();
  const passed = before !== undefined && NOT_AFTER.has(before);
  if (passed && !(plain === "epoch" && splitOfWord(before) !== undefined)) return undefined;
  // `steps 100` may be how many; `num_updates 100` is a counter's own name.
  const many = PLURAL.test(plain) && !plain.includes("_");
  const needsMark = plain === "it" || plain === "ep" || many;
  const marked = isMark(line, afterSpace(line, i + 1), ":=");
  const total = isMark(line, afterSpace(line, i + 1) + 1, "/");
  if (needsMark && !marked && !total) return undefined;
  if (many && !total && before !== undefined && !plain.includes("timestep")) return undefined;
  return counter;
}

/** `Train: 5 [  50/1251 (  4%)]` counts epochs without saying so. */
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

/** The index after a `(train)` at `at`, behind a counter's name; `at` itself without one. */
function afterSplit(line: PlainLine, at: number): number {
  const split =
    isMark(line, at, "(") &&
    isMark(line, at + 2, ")") &&
    splitOfWord(tokenText(line, at + 1)) !== undefined;
  return split ? at + 3 : at;
}

/** Whether a counter is of an evaluation, as in `Epoch(val) [1][625/625]`. */
function heldOut(line: PlainLine, i: number): boolean {
  return afterSplit(line, i + 1) > i + 1 && splitOfWord(tokenText(line, i + 2)) !== "train";
}

/** Index of the number after a counter's name; undefined where there is none. */
function valueAfter(line: PlainLine, i: number, upTo: number): number | undefined {
  let at = afterSpace(line, afterSplit(line, i + 1));
  if (isMark(line, at, ":=#")) at = afterSpace(line, at + 1);
  if (isMark(line, at, "[(#")) at = afterSpace(line, at + 1);
  if (at >= upTo || line.tokens.kinds[at] !== NUMBER) return undefined;
  const { kinds } = line.tokens;
  // `step 5ms` is a time, `epoch 3e` nothing.
  if (kinds[at + 1] === WORD && at + 1 < line.tokens.count) return undefined;
  // `Steps:  10%|` is a percentage.
  return isMark(line, at + 1, "%") ? undefined : at;
}

/** Marks the total after a counter's value as used: `/ 159576`, `of 159576`. */
function takeTotal(line: PlainLine, value: number, used: Set<number>): void {
  let at = afterSpace(line, value + 1);
  const of = line.tokens.kinds[at] === WORD && tokenText(line, at) === "of";
  if (!isMark(line, at, "/") && !of) return;
  at = afterSpace(line, at + 1);
  if (at < line.tokens.count && line.tokens.kinds[at] === NUMBER) used.add(at);
}

/** The index after all that may follow a counter's value: `/3`, `/3]`, `]`, `/3 ( 33%)`. */
function afterTotal(line: PlainLine, value: number): number {
  let at = value + 1;
  const slash = afterSpace(line, at);
  if (isMark(line, slash, "/")) {
    const total = afterSpace(line, slash + 1);
    if (line.tokens.kinds[total] === NUMBER) at = total + 1;
  }
  if (isMark(line, at, "])")) at += 1;
  const open = afterSpace(line, at);
  const share = afterSpace(line, open + 1);
  const percent = isMark(line, share + 1, "%") && isMark(line, share + 2, ")");
  return isMark(line, open, "(") && percent ? share + 3 : at;
}

/**
 * Index of the batch number in `Epoch: [0][  10/5005]`, `Train Epoch: 1 [640/60000 (1%)]`,
 * `Epoch: [0/100]  [ 10/1251]` and, without brackets, `epoch 005:   1000 / 8223`.
 */
function innerCounter(line: PlainLine, value: number, upTo: number): number | undefined {
  let at = afterTotal(line, value);
  const bare = isMark(line, at, ":,") || at === value + 1;
  if (isMark(line, at, ":,")) at += 1;
  const cell = afterSpace(line, at);
  if (isMark(line, cell, "|") && countsBatches(line, afterSpace(line, cell + 1))) at = cell + 1;
  at = afterSpace(line, at);
  if (isMark(line, at, "[(")) at = afterSpace(line, at + 1);
  else if (!bare || !isWhole(line, at)) return undefined;
  if (at >= upTo || line.tokens.kinds[at] !== NUMBER) return undefined;
  return isMark(line, afterSpace(line, at + 1), "/") ? at : undefined;
}

/** Index of the epoch in `[ Valid | 001/100 ]`, with which a line begins. */
function epochInBrackets(line: PlainLine, upTo: number): number | undefined {
  if (!isMark(line, 0, "[")) return undefined;
  const word = afterSpace(line, 1);
  if (word >= upTo || splitOfWord(tokenText(line, word)) === undefined) return undefined;
  const mark = afterSpace(line, word + 1);
  const value = afterSpace(line, mark + 1);
  const slash = afterSpace(line, value + 1);
  const counts = isMark(line, mark, "|") && isWhole(line, value) && isMark(line, slash, "/");
  return counts ? value : undefined;
}

/** Whether `200/ 2983 batches` is at `at`. */
function countsBatches(line: PlainLine, at: number): boolean {
  const total = afterSpace(line, afterSpace(line, at + 1) + 1);
  const word = afterSpace(line, total + 1);
  return word < line.tokens.count && /^(?:batches|steps|iters?)$/i.test(tokenText(line, word));
}

const isWhole = (line: PlainLine, i: number): boolean =>
  i < line.tokens.count && line.tokens.kinds[i] === NUMBER && /^\d{1,12}$/.test(tokenText(line, i));

/**
 * A counter that no word names: `[1,  2000] loss`, `[0/5][100/782] Loss_D`, `[10]\ttrain-rmse`,
 * `loss: 2.3  [   64/60000]`. The last bracket
 * is taken: it counts within those before it.
 */
function bracketCounter(
  line: PlainLine,
  upTo: number,
): { readonly value: number; readonly used: readonly number[] } | undefined {
  let found: { value: number; used: readonly number[]; end: number } | undefined;
  for (let i = 0; i < upTo; i += 1) {
    if (!isMark(line, i, "[")) continue;
    if (found !== undefined && found.end !== i) break;
    const group = bracketAt(line, i);
    if (group === undefined) continue;
    found = { ...group, used: [...(found?.used ?? []), ...group.used] };
    i = group.end - 1;
  }
  return found;
}

/** The bracketed counter that begins at token `i`; `end` is the index after it. */
function bracketAt(
  line: PlainLine,
  i: number,
): { readonly value: number; readonly used: readonly number[]; readonly end: number } | undefined {
  const first = afterSpace(line, i + 1);
  if (!isWhole(line, first)) return undefined;
  const before = line.tokens.kinds[i - 1] === SPACE ? i - 2 : i - 1;
  const leads = before < 0 || isMark(line, before, "])");
  const mark = afterSpace(line, first + 1);
  if (leads && isMark(line, mark, "]")) return { value: first, used: [first], end: mark + 1 };
  const second = afterSpace(line, mark + 1);
  if (!isWhole(line, second)) return undefined;
  const close = afterSpace(line, second + 1);
  const used = [first, second];
  if (!isMark(line, close, "]")) return undefined;
  if (leads && isMark(line, mark, ",")) return { value: second, used, end: close + 1 };
  // `Correct: [98/100]` is a result, not a counter.
  const named =
    isMark(line, before, ":=") && splitOfWord(tokenText(line, before - 1)) === undefined;
  return isMark(line, mark, "/") && !named ? { value: first, used, end: close + 1 } : undefined;
}
