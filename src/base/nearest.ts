// The known word that a mistyped one was probably meant to be, by Damerau-Levenshtein distance.
// What the words are, and what is said about them, belongs to whoever asks.

/** A word this long has no nearest spelling worth the quadratic search. */
const NEAREST_CHARS = 40;

/**
 * The known word nearest to `word` ignoring case, or undefined where none is near: at most one
 * slip for words of up to four characters, two up to eight, three beyond. The first of equals wins.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (word.length === 0 || word.length > NEAREST_CHARS) return undefined;
  const wanted = word.toLowerCase();
  let limit = word.length <= 4 ? 1 : word.length <= 8 ? 2 : 3;
  let best: string | undefined;
  for (const candidate of known) {
    if (Math.abs(candidate.length - wanted.length) > limit) continue;
    const slips = distance(wanted, candidate.toLowerCase());
    if (slips > limit || (best !== undefined && slips === limit)) continue;
    best = candidate;
    limit = slips;
  }
  return best;
}

/**
 * Insertions, deletions, substitutions and swaps of neighbours between two words, each stretch of
 * letters edited once (optimal string alignment; Boytsov 2011, section 3).
 */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + (same ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
