// Which lines of two texts are the same ones: stretches that match, in order.
// What a difference means, and whose line wins, is decided in merge.ts.
import { diffArrays } from "diff";

/** Lines that two versions of a journal differ by; finding more takes quadratic time. */
const MERGE_EDITS = 4_000;

/** `length` lines from `left` on in one text are those from `right` on in the other; from 0. */
export interface Match {
  readonly left: number;
  readonly right: number;
  readonly length: number;
}

/** The lines of a text without their ends (LF, CRLF or CR); a last line end begins no new line. */
export function linesIn(text: string): readonly string[] {
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** The ends of a text's first lines, as many as asked for. */
export function lineEndsIn(text: string, count: number): readonly string[] {
  const ends = text.match(/\r\n|\n|\r/g) ?? [];
  return Array.from({ length: count }, (_, i) => ends[i] ?? "");
}

/**
 * Matching stretches in order. Beyond MERGE_EDITS differences only the lines before the first and
 * after the last of them match: such texts are two, not two versions of one.
 */
export function matchLines(left: readonly string[], right: readonly string[]): readonly Match[] {
  const shorter = Math.min(left.length, right.length);
  let head = 0;
  while (head < shorter && left[head] === right[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && left.at(-1 - tail) === right.at(-1 - tail)) tail += 1;
  const matches: Match[] = [];
  const add = (match: Match): void => {
    if (match.length > 0) matches.push(match);
  };
  add({ left: 0, right: 0, length: head });
  const inner = [
    left.slice(head, left.length - tail),
    right.slice(head, right.length - tail),
  ] as const;
  for (const match of innerMatches(...inner)) {
    add({ left: match.left + head, right: match.right + head, length: match.length });
  }
  add({ left: left.length - tail, right: right.length - tail, length: tail });
  return matches;
}

function innerMatches(left: readonly string[], right: readonly string[]): readonly Match[] {
  if (left.length === 0 || right.length === 0) return [];
  const changes = diffArrays([...left], [...right], { maxEditLength: MERGE_EDITS });
  const matches: Match[] = [];
  let at: readonly [number, number] = [0, 0];
  for (const { added, removed, count } of changes ?? []) {
    const [i, j] = at;
    if (added) at = [i, j + count];
    else if (removed) at = [i + count, j];
    else {
      matches.push({ left: i, right: j, length: count });
      at = [i + count, j + count];
    }
  }
  return matches;
}

/** How many lines stand in only one of two texts. */
export function lineDistance(left: readonly string[], right: readonly string[]): number {
  let same = 0;
  for (const { length } of matchLines(left, right)) same += length;
  return left.length + right.length - 2 * same;
}
