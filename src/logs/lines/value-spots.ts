// Finds pairs of a name and a value among a line's tokens: `loss: 2.5`, `lr=1e-4`, `acc 93.1%`.
// Whether such a pair is a metric is decided in formats/key-value.ts.
import { notFinite } from "../../base/not-finite.ts";
import { METRIC_KEY_CHARS } from "../metric-object.ts";
import { afterSpace, isMark, tokenText } from "./line-counter.ts";
import { NUMBER, SPACE, WORD } from "./line-tokens.ts";
import type { PlainLine } from "./metric-line.ts";

export interface NameValuePair {
  /** Token indices: where the name begins, and the value's first and last token. */
  readonly from: number;
  readonly value: number;
  readonly last: number;
  /** As written, with runs of spaces as one, one character a byte. */
  readonly name: string;
  /** What separates name and value. */
  readonly by: ":" | "=" | " ";
  /** The value of a word: NaN or infinite. */
  readonly word?: number;
  /** Factor of a number with a size letter, as `1.5k`; the letter is the next token. */
  readonly times?: number;
  /** The name has numbers that are part of it: `mAP@0.5:0.95`. */
  readonly numbered?: true;
}

/** Units that may follow a number without a space. */
const UNITS =
  /^(?:s|ms|us|ns|sec|secs|seconds|min|mins|h|hr|hrs|x|gb|mb|kb|gib|mib|kib|g|w|c|px|it\/s|s\/it|it|tok\/s|tokens\/s|ms\/step|s\/step|ms\/it|samples\/s|img\/s|tflops|gflops|pts|db|dB)$/i;
/** Letters that scale a number, with or without a rate after them: `1.5k`, `35.2k/s`. */
const SIZES: Readonly<Record<string, number>> = { k: 1e3, K: 1e3, M: 1e6, B: 1e9 };
const SIZED = /^[kKMB](?:\/s|\/sec|it\/s)?$/;
/** Names of memory sizes: in `mem 3402M` the letter is a unit and does not scale. */
const BYTES = /mem|cache|vram|gpu|ram$|size|alloc|reserved/i;
/** A unit of the number before it, not a name: `186.94 samples/sec 8556.40 tokens/sec`. */
const RATE = /\/(?:s|sec|second|it|step|iter|batch)$/i;
/** Words of one name. */
const MOST_WORDS = 6;
/** Values of a list: one with more is not of metrics. */
const LISTED = 16;

/** The pair whose value is at token `i`; undefined where no name is before it. */
export function pairAt(line: PlainLine, i: number): NameValuePair | undefined {
  const word = wordValue(line, i);
  if (line.tokens.kinds[i] !== NUMBER && word === undefined) return undefined;
  const signed = word !== undefined && (isMark(line, i - 1, "-") || isMark(line, i - 1, "+"));
  const value = signed ? i - 1 : i;
  let last = endOfValue(line, i);
  if (last === undefined) return undefined;
  const left = nameBefore(line, value);
  if (left === undefined) return undefined;
  let chosen = value;
  if (word === undefined) {
    const percent = percentOf(line, i);
    if (percent !== undefined) {
      chosen = percent;
      last = percent;
    } else if (isRatio(line, i)) return undefined;
  }
  const negative = signed && isMark(line, i - 1, "-");
  const times = chosen === i ? sizeOf(line, i, left.name) : undefined;
  return {
    ...left,
    value: chosen,
    last,
    ...(word === undefined ? {} : { word: negative ? -word : word }),
    ...(times === undefined ? {} : { times }),
  };
}

/**
 * The pairs of a list whose first value is at token `i`: `lr=[1e-4, 3e-4]` is `lr` and `lr[1]`.
 * Empty where there is no list.
 */
export function listAt(line: PlainLine, i: number): readonly NameValuePair[] {
  const { kinds, count } = line.tokens;
  if (kinds[i] !== NUMBER || !isMark(line, i - 1, "[") || !isMark(line, i + 1, ",")) return [];
  const values: number[] = [i];
  let at = i + 1;
  for (; at < count && isMark(line, at, ","); at += 1) {
    at = afterSpace(line, at + 1);
    if (kinds[at] !== NUMBER) return [];
    values.push(at);
  }
  if (!isMark(line, at, "]") || values.length > LISTED) return [];
  const left = nameBefore(line, i - 1);
  if (left === undefined) return [];
  return values.map((value, n) => ({
    ...left,
    name: n === 0 ? left.name : `${left.name}[${n}]`,
    value,
    last: value,
  }));
}

function sizeOf(line: PlainLine, i: number, name: string): number | undefined {
  const letter = i + 1 < line.tokens.count ? tokenText(line, i + 1) : "";
  if (line.tokens.kinds[i + 1] !== WORD || !SIZED.test(letter) || BYTES.test(name))
    return undefined;
  return SIZES[letter.charAt(0)];
}

/** Whether `0,5312` is at token `i`: half of it would be another number. */
const hasDecimalComma = (line: PlainLine, i: number): boolean =>
  line.tokens.kinds[i] === NUMBER &&
  isMark(line, i + 1, ",") &&
  i + 2 < line.tokens.count &&
  line.tokens.kinds[i + 2] === NUMBER &&
  /^\d/.test(tokenText(line, i + 2));

function wordValue(line: PlainLine, i: number): number | undefined {
  const { kinds, starts, ends } = line.tokens;
  if (kinds[i] !== WORD || (ends[i] ?? 0) - (starts[i] ?? 0) > 8) return undefined;
  return notFinite(tokenText(line, i));
}

/** Token `i` where a value ends there, perhaps with a unit after it; undefined where none does. */
function endOfValue(line: PlainLine, i: number): number | undefined {
  const { count, kinds } = line.tokens;
  let next = i + 1;
  if (next < count && kinds[next] === WORD) {
    const unit = tokenText(line, next);
    if (kinds[i] !== NUMBER || !(UNITS.test(unit) || SIZED.test(unit))) return undefined;
    next += 1;
  }
  if (isMark(line, next, "%")) next += 1;
  if (hasDecimalComma(line, i)) return undefined;
  if (next >= count || kinds[next] === SPACE || isMark(line, next, ",;|)]}\"'")) return i;
  const end = afterSpace(line, next + 1);
  if (isMark(line, next, ":") && isRangeStart(line, i)) return undefined;
  // A full stop, as in `tensor(1.)` or a sentence; a colon, as in `epoch 3 loss 0.5: saved`.
  if (
    isMark(line, next, ".:") &&
    (end >= count || kinds[next + 1] === SPACE || isMark(line, next + 1, ",)]"))
  ) {
    return i;
  }
  // `epoch=0/micro_step=10`, `2.5/acc:3`, `9842/10000`, `0.5(0.6)`, `0.5±0.1`.
  if (isMark(line, next, "/(±[")) return i;
  if (isMark(line, next, "-") && kinds[next + 1] === SPACE) return i;
  return undefined;
}

/** Whether token `i` is the `0.95` in `mAP@0.5:0.95: 0.3`. */
const isRangeStart = (line: PlainLine, i: number): boolean =>
  isMark(line, i - 1, ":") &&
  line.tokens.kinds[i - 2] === WORD &&
  RANGED.test(tokenText(line, i - 2));

/** The share in `9842/10000 (98%)`, `2463/10042=0.2453`, which is the value. */
function percentOf(line: PlainLine, i: number): number | undefined {
  if (!isRatio(line, i)) return undefined;
  let at = afterSpace(line, ratioTotal(line, i) + 1);
  if (isMark(line, at, "=")) {
    const share = afterSpace(line, at + 1);
    return line.tokens.kinds[share] === NUMBER ? share : undefined;
  }
  if (!isMark(line, at, "([")) return undefined;
  at = afterSpace(line, at + 1);
  return line.tokens.kinds[at] === NUMBER && isMark(line, at + 1, "%") ? at : undefined;
}

const ratioTotal = (line: PlainLine, i: number): number => {
  const slash = afterSpace(line, i + 1);
  return afterSpace(line, slash + 1);
};
const isRatio = (line: PlainLine, i: number): boolean =>
  isMark(line, afterSpace(line, i + 1), "/") &&
  ratioTotal(line, i) < line.tokens.count &&
  line.tokens.kinds[ratioTotal(line, i)] === NUMBER;

/** How PyTorch, NumPy and JAX print a number, with brackets around it. */
const SCALAR = /^(?:(?:np|numpy|jnp)\.)?(?:float\d*|bfloat16|u?int\d*|[Tt]ensor|Array|array)$/;

/**
 * The name of a value at token `i` that is not understood, so that it can be told: `loss 0,5312`.
 */
export function nameOfUnread(line: PlainLine, i: number): string | undefined {
  return hasDecimalComma(line, i) ? nameBefore(line, i)?.name : undefined;
}

type Named = Pick<NameValuePair, "from" | "name" | "by" | "numbered">;

function nameBefore(line: PlainLine, value: number): Named | undefined {
  const { kinds } = line.tokens;
  let at = value - 1;
  // `tensor(2.5)`, `[0.1]`, `(0.5)` after a name and its mark.
  if (isMark(line, at, "[(") && kinds[at] !== SPACE) {
    // NumPy prints `[23.]`.
    const point = isMark(line, value + 1, ".") && isMark(line, value + 2, "])");
    if (!point && !isMark(line, value + 1, ")],")) return undefined;
    if (isMark(line, value + 1, ",") && isMark(line, at, "[")) return undefined;
    at -= 1;
    if (kinds[at] === WORD && SCALAR.test(tokenText(line, at))) at -= 1;
    if (!isMark(line, at, ":=") && kinds[at] !== SPACE) return undefined;
  }
  const spaced = kinds[at] === SPACE;
  if (spaced) at -= 1;
  let by: NameValuePair["by"] = " ";
  if (isMark(line, at, ":=")) {
    by = isMark(line, at, ":") ? ":" : "=";
    at -= 1;
    const padded = kinds[at] === SPACE;
    if (padded) at -= 1;
    // `a == 3`, `x += 1`, `::3` are source code.
    if (isMark(line, at, ":=+-*/<>!")) return undefined;
    const ranged = rangeName(line, at);
    if (ranged !== undefined) return { ...ranged, by };
    return nameOfWords(line, at, by, by === "=" && !padded);
  }
  if (!spaced) return undefined;
  return nameOfWords(line, at, by, false);
}

/** The name `mAP@0.5:0.95` that ends at token `at`, its last number. */
function rangeName(line: PlainLine, at: number): Omit<Named, "by"> | undefined {
  const { kinds, starts, ends } = line.tokens;
  if (kinds[at] !== NUMBER || !isMark(line, at - 1, ":") || kinds[at - 2] !== WORD)
    return undefined;
  if (!RANGED.test(tokenText(line, at - 2))) return undefined;
  const name = line.text.slice(starts[at - 2] ?? 0, ends[at] ?? 0);
  return { from: at - 2, name, numbered: true };
}
const RANGED = /@\.?\d+(?:\.\d+)?$/;

/** The name whose words end at token `at`; it goes as far left as words of a name do. */
function nameOfWords(
  line: PlainLine,
  at: number,
  by: NameValuePair["by"],
  glued: boolean,
): Named | undefined {
  const { kinds, starts, ends } = line.tokens;
  let end = at;
  let from = -1;
  let left = at;
  if (by !== " " && isMark(line, left, ")")) {
    // `elapsed time per iteration (ms): 134441.1`
    const open = openingOf(line, left);
    if (open === undefined) return undefined;
    left = open - 1;
    if (kinds[left] === SPACE) left -= 1;
  }
  if (by === " " && kinds[at] === WORD && RATE.test(tokenText(line, at)) && isValueBefore(line, at))
    return undefined;
  const most = glued ? 1 : by === " " ? 3 : MOST_WORDS;
  for (let taken = 0; left >= 0 && taken < most && kinds[left] === WORD; taken += 1) {
    // A word right after a number is its unit: `31613ms step_avg:213.66ms`.
    if (left > 0 && kinds[left - 1] === NUMBER) break;
    from = left;
    left = kinds[left - 1] === SPACE ? left - 2 : -1;
    if (from > 0 && kinds[from - 1] !== SPACE) break;
  }
  // `"loss": 2` in quotes, outside an object that could be parsed.
  if (
    from < 0 &&
    isMark(line, at, "\"'") &&
    kinds[at - 1] === WORD &&
    isMark(line, at - 2, "\"'")
  ) {
    from = at - 1;
    end = at - 1;
  }
  // LightGBM: `valid_0's auc: 0.91`.
  if (from > 1 && isMark(line, from - 1, "'") && kinds[from - 2] === WORD) from -= 2;
  if (from < 0) return undefined;
  const name = line.text.slice(starts[from] ?? 0, ends[end] ?? 0).replaceAll(/[ \t]+/g, " ");
  return name.length > METRIC_KEY_CHARS ? undefined : { from, name, by };
}

/** Whether a rate at `at` belongs to the value before it: not in `loss 2.5 tokens/s 1500`. */
function isValueBefore(line: PlainLine, at: number): boolean {
  const { kinds } = line.tokens;
  if (kinds[at - 1] !== SPACE || kinds[at - 2] !== NUMBER) return false;
  const before = at - 4;
  const named = kinds[at - 3] === SPACE && kinds[before] === WORD;
  return !named || RATE.test(tokenText(line, before));
}

function openingOf(line: PlainLine, close: number): number | undefined {
  for (let at = close - 1; at >= 0 && close - at < 8; at -= 1) {
    if (isMark(line, at, "(")) return at;
  }
  return undefined;
}
