// The lines that two texts have in common, as matching ranges in order. merge.ts decides whose line
// wins where they differ.
import { diffArrays } from "diff";

/** Most differing lines for which a diff is computed: its time grows with their square. */
const MERGE_EDITS = 4_000;

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
 * The matching ranges of two texts, in order. If they differ in more than `MERGE_EDITS` lines, only
 * their common beginning and end match: such texts are unrelated, not versions of one.
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

/** Number of lines that only one of two texts has. */
export function lineDistance(left: readonly string[], right: readonly string[]): number {
  let same = 0;
  for (const { length } of matchLines(left, right)) same += length;
  return left.length + right.length - 2 * same;
}
