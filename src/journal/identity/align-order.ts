// Alignment of two sequences without crossing pairs, by weight: the algorithm under align.ts, which
// decides what makes two commands fit.

/** Largest table for dynamic programming, in cells: 4 bytes each, about 30 ms in all. */
const ALIGN_CELLS = 1_000_000;
/** Where the table would exceed `ALIGN_CELLS`, each command is searched only this far ahead. */
const ALIGN_LOOK_AHEAD = 500;

/** Indices of two members that were paired. */
export type AlignedPair = readonly [left: number, right: number];

/**
 * The pairs, in the same order on both sides, with the largest sum of weights. Of equal sums the
 * one with the earliest pairs wins.
 *
 * The middle is solved by dynamic programming, as in global sequence alignment (S. B. Needleman, C.
 * D. Wunsch, Journal of Molecular Biology 48(3), 1970, 443-453) with a gap penalty of 0; greedily
 * where the table would be too large.
 *
 * @param left number of members of the left side; pairs are indices from 0
 * @param weight a whole number; 0 means "never a pair"
 * @param best the largest weight there is: members at both ends with it are paired directly
 */
export function alignInOrder(
  left: number,
  right: number,
  weight: (left: number, right: number) => number,
  best: number,
): readonly AlignedPair[] {
  const head: AlignedPair[] = [];
  let from = 0;
  while (from < left && from < right && weight(from, from) === best) {
    head.push([from, from]);
    from += 1;
  }
  const tail: AlignedPair[] = [];
  let toLeft = left;
  let toRight = right;
  while (toLeft > from && toRight > from && weight(toLeft - 1, toRight - 1) === best) {
    toLeft -= 1;
    toRight -= 1;
    tail.push([toLeft, toRight]);
  }
  const shifted = (i: number, j: number): number => weight(from + i, from + j);
  const rows = toLeft - from;
  const columns = toRight - from;
  const middle =
    rows * columns <= ALIGN_CELLS
      ? byTable(rows, columns, shifted)
      : byLookingAhead(rows, columns, shifted);
  return [
    ...head,
    ...middle.map(([i, j]): AlignedPair => [from + i, from + j]),
    ...tail.toReversed(),
  ];
}

function byTable(
  rows: number,
  columns: number,
  weight: (i: number, j: number) => number,
): readonly AlignedPair[] {
  if (rows === 0 || columns === 0) return [];
  const width = columns + 1;
  const sums = new Uint32Array((rows + 1) * width);
  const sum = (i: number, j: number): number => sums[i * width + j] ?? 0;
  for (let i = rows - 1; i >= 0; i -= 1) {
    for (let j = columns - 1; j >= 0; j -= 1) {
      const w = weight(i, j);
      const paired = w === 0 ? 0 : w + sum(i + 1, j + 1);
      sums[i * width + j] = Math.max(paired, sum(i + 1, j), sum(i, j + 1));
    }
  }
  const pairs: AlignedPair[] = [];
  let i = 0;
  let j = 0;
  while (i < rows && j < columns) {
    const w = weight(i, j);
    if (w > 0 && sum(i, j) === w + sum(i + 1, j + 1)) {
      pairs.push([i, j]);
      i += 1;
      j += 1;
    } else if (sum(i, j) === sum(i + 1, j)) i += 1;
    else j += 1;
  }
  return pairs;
}

function byLookingAhead(
  rows: number,
  columns: number,
  weight: (i: number, j: number) => number,
): readonly AlignedPair[] {
  const pairs: AlignedPair[] = [];
  let next = 0;
  for (let i = 0; i < rows; i += 1) {
    const end = Math.min(columns, next + ALIGN_LOOK_AHEAD);
    let at = next;
    while (at < end && weight(i, at) === 0) at += 1;
    if (at === end) continue;
    pairs.push([i, at]);
    next = at + 1;
  }
  return pairs;
}

/**
 * The heaviest increasing subsequence: of claims in the order of the right side, the indices of
 * those that also keep the order of the left side. Of equal sums the earliest claims win.
 * O(n log n), with a Fenwick tree (P. M. Fenwick, Software: Practice and Experience 24(3), 1994,
 * 327-336).
 */
export function longestChain(
  claims: readonly { readonly left: number; readonly weight: number }[],
): readonly number[] {
  const highest = claims.reduce((most, { left }) => Math.max(most, left + 1), 0);
  // The tree holds, for each position of the left side, the best chain that ends at or before it.
  const tree: { sum: number; claim: number }[] = Array.from({ length: highest + 1 }, () => ({
    sum: 0,
    claim: -1,
  }));
  const previous: number[] = [];
  let end = { sum: 0, claim: -1 };
  claims.forEach(({ left, weight }, claim) => {
    let below = { sum: 0, claim: -1 };
    for (let i = left; i > 0; i -= i & -i) {
      const node = tree[i];
      if (node !== undefined && node.sum > below.sum) below = node;
    }
    previous.push(below.claim);
    const chain = { sum: below.sum + weight, claim };
    if (chain.sum > end.sum) end = chain;
    for (let i = left + 1; i <= highest; i += i & -i) {
      const node = tree[i];
      if (node === undefined || chain.sum > node.sum) tree[i] = chain;
    }
  });
  const chain: number[] = [];
  for (let claim = end.claim; claim !== -1; claim = previous[claim] ?? -1) chain.push(claim);
  return chain.toReversed();
}
