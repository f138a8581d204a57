// The lines that two texts have in common, as matching ranges in order. merge.ts decides whose line
// wins where they differ.
import { diffArrays, diffChars } from "diff";

/** Most lines, of both texts together, between two anchors for which a diff is computed. */
const DIFF_LINES = 4_000;
/** Most differing lines there: a diff's time grows with their square; a tenth of a second. */
const DIFF_EDITS = 1_000;
/** Between anchors, lines may again be there just once; so often they are looked for. */
const DIFF_ROUNDS = 4;

/**
 * A matching range: `length` lines from index `left` of one text equal those from `right`; from 0.
 */
export interface Match {
  readonly left: number;
  readonly right: number;
  readonly length: number;
}

/** The lines of a text without their ends (LF, CRLF or CR); a final line end starts no new line. */
export function linesIn(text: string): readonly string[] {
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** The line ends of a text's first `count` lines; "" for lines that have none. */
export function lineEndsIn(text: string, count: number): readonly string[] {
  const ends = text.match(/\r\n|\n|\r/g) ?? [];
  return Array.from({ length: count }, (_, i) => ends[i] ?? "");
}

/**
 * The matching ranges of two texts, in order. Of long texts the lines that each has just once are
 * matched first, as in a patience diff, and what lies between two of them is compared by itself. If
 * that differs in more than `DIFF_EDITS` lines, only its beginning and end match.
 */
export function matchLines(left: readonly string[], right: readonly string[]): readonly Match[] {
  const matches: Match[] = [];
  const add = ({ left: i, right: j, length }: Match): void => {
    const last = matches.at(-1);
    if (length === 0) return;
    if (last !== undefined && last.left + last.length === i && last.right + last.length === j) {
      matches[matches.length - 1] = { ...last, length: last.length + length };
    } else matches.push({ left: i, right: j, length });
  };
  matchRange({ left, right }, { left: 0, right: 0 }, add, DIFF_ROUNDS);
  return matches;
}

interface Both<T> {
  readonly left: T;
  readonly right: T;
}

/** Adds the matches of two texts, which begin `at` these lines. `rounds`: how often to anchor. */
function matchRange(
  { left, right }: Both<readonly string[]>,
  at: Both<number>,
  add: (match: Match) => void,
  rounds: number,
): void {
  const shorter = Math.min(left.length, right.length);
  let head = 0;
  while (head < shorter && left[head] === right[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && left.at(-1 - tail) === right.at(-1 - tail)) tail += 1;
  const moved = (match: Match, by: number): void =>
    add({
      left: match.left + at.left + by,
      right: match.right + at.right + by,
      length: match.length,
    });
  moved({ left: 0, right: 0, length: head }, 0);
  const inner = {
    left: left.slice(head, left.length - tail),
    right: right.slice(head, right.length - tail),
  };
  const lines = inner.left.length + inner.right.length;
  const anchors = lines > DIFF_EDITS && rounds > 0 ? anchorsOf(inner) : [];
  if (anchors.length === 0) {
    if (lines <= DIFF_LINES) for (const match of diffed(inner)) moved(match, head);
  } else {
    let from = { left: 0, right: 0 };
    for (const to of [...anchors, { left: inner.left.length, right: inner.right.length }]) {
      const between = {
        left: inner.left.slice(from.left, to.left),
        right: inner.right.slice(from.right, to.right),
      };
      const start = { left: at.left + head + from.left, right: at.right + head + from.right };
      matchRange(between, start, add, rounds - 1);
      if (to.left < inner.left.length) moved({ ...to, length: 1 }, head);
      from = { left: to.left + 1, right: to.right + 1 };
    }
  }
  moved({ left: left.length - tail, right: right.length - tail, length: tail }, 0);
}

/** Lines that both texts have just once, in the longest order that is the same in both. */
function anchorsOf({ left, right }: Both<readonly string[]>): readonly Both<number>[] {
  const there = onlyOnce(right);
  const pairs = [...onlyOnce(left)].flatMap(([line, i]) => {
    const j = there.get(line);
    return j === undefined ? [] : [{ left: i, right: j }];
  });
  // Patience sorting: `ends` holds, by length, the chain that ends furthest up on the right.
  const ends: number[] = [];
  const before: number[] = [];
  pairs.forEach((pair, nth) => {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((pairs[ends[middle] ?? 0]?.right ?? 0) < pair.right) low = middle + 1;
      else high = middle;
    }
    before.push(ends[low - 1] ?? -1);
    ends[low] = nth;
  });
  const chain: Both<number>[] = [];
  for (let nth = ends.at(-1) ?? -1; nth !== -1; nth = before[nth] ?? -1) {
    const pair = pairs[nth];
    if (pair !== undefined) chain.push(pair);
  }
  return chain.toReversed();
}

/** The lines that a text has just once, in order, with their indices. */
function onlyOnce(lines: readonly string[]): ReadonlyMap<string, number> {
  const once = new Map<string, number>();
  const more = new Set<string>();
  lines.forEach((line, i) => {
    if (once.delete(line)) more.add(line);
    else if (!more.has(line)) once.set(line, i);
  });
  return once;
}

/**
 * Lines with text are matched first, then the blank lines next to them: blank lines are all alike,
 * and a match of more of them may leave out a line that both texts have.
 */
function diffed({ left, right }: Both<readonly string[]>): readonly Match[] {
  const [ours, theirs] = [withText(left), withText(right)];
  if (ours.length === 0 || theirs.length === 0) return [];
  const changes = diffArrays(
    ours.map((i) => left[i]),
    theirs.map((j) => right[j]),
    { maxEditLength: DIFF_EDITS },
  );
  const pairs: (readonly [number, number])[] = [];
  let [i, j] = [0, 0];
  for (const { added, removed, count } of changes ?? []) {
    if (!added && !removed) {
      for (let k = 0; k < count; k += 1) pairs.push([ours[i + k] ?? 0, theirs[j + k] ?? 0]);
    }
    if (!added) i += count;
    if (!removed) j += count;
  }
  return withBlanks(left, right, pairs);
}

const isText = (line: string): boolean => line.trim() !== "";

const withText = (lines: readonly string[]): readonly number[] =>
  lines.flatMap((line, i) => (isText(line) ? [i] : []));

/** Matches of single lines, with the equal blank lines above and below each. */
function withBlanks(
  left: readonly string[],
  right: readonly string[],
  pairs: readonly (readonly [number, number])[],
): readonly Match[] {
  const matches: Match[] = [];
  let [from, to] = [0, 0];
  const isBlankPair = (i: number, j: number): boolean =>
    left[i] !== undefined && left[i] === right[j] && !isText(left[i] ?? "");
  for (const [i, j] of pairs) {
    let above = 0;
    while (i - above > from && j - above > to && isBlankPair(i - above - 1, j - above - 1)) {
      above += 1;
    }
    let length = above + 1;
    while (isBlankPair(i - above + length, j - above + length)) length += 1;
    matches.push({ left: i - above, right: j - above, length });
    [from, to] = [i - above + length, j - above + length];
  }
  return matches;
}

/** Sentences that have nothing to do with one another share half of their characters, in order. */
const EDIT_SHARE = 0.7;
/** Longest differing part that is compared by character, in characters of both texts. */
const CHAR_DIFF = 1_000;
/** So many characters are compared of two texts together: the time grows with a part's square. */
const CHARS_COMPARED = 4_000;

/**
 * How far two texts are apart, in characters that only one of them has. A line that was typed
 * further is nearer to what it was than to nothing.
 */
export function textDistance(left: readonly string[], right: readonly string[]): number {
  let distance = 0;
  let unused = CHARS_COMPARED;
  let [i, j] = [0, 0];
  const end = { left: left.length, right: right.length, length: 0 };
  for (const match of [...matchLines(left, right), end]) {
    const [ours, theirs] = [left.slice(i, match.left), right.slice(j, match.right)] as const;
    const gap = [ours.join("\n"), theirs.join("\n")] as const;
    const chars = gap[0].length + gap[1].length;
    const isCompared = chars <= Math.min(CHAR_DIFF, unused);
    distance += isCompared ? charDistance(...gap) : chars;
    if (isCompared) unused -= chars;
    [i, j] = [match.left + match.length, match.right + match.length];
  }
  return distance;
}

function charDistance(left: string, right: string): number {
  const most = left.length + right.length;
  if (left === "" || right === "") return most;
  let same = 0;
  for (const { added, removed, value } of diffChars(left, right)) {
    if (!added && !removed) same += value.length;
  }
  const isEdit = same >= EDIT_SHARE * Math.min(left.length, right.length);
  return isEdit ? most - 2 * same : most;
}
