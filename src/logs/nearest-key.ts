// The logged name that a promised one was probably meant to be.
// It only compares names; whether anything is missing is a rule's business.
import { canonicalMetric } from "../domain/metric-key.ts";

/** Metric names compared for a suggestion, so that a rule stays quick. */
const SUGGESTION_KEYS = 1_000;

/** A longer name is compared by its beginning. */
const COMPARED_CHARS = 80;
/** Of the longer name's letters, at most this share may differ. */
const FAR = 0.5;

/** The nearest of `keys`, or undefined when none is near. First of equals. */
export function nearestKey(wanted: string, keys: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = FAR;
  for (const key of keys.slice(0, SUGGESTION_KEYS)) {
    const distance = distanceOf(form(wanted), form(key));
    if (distance < bestDistance) {
      best = key;
      bestDistance = distance;
    }
  }
  return best;
}

const form = (key: string): string => canonicalMetric(key).slice(0, COMPARED_CHARS);

/** 0 equal to 1 nothing in common; a shared last part or beginning counts as near. */
function distanceOf(a: string, b: string): number {
  const edits = levenshtein(a, b) / Math.max(1, a.length, b.length);
  const [lastA, lastB] = [lastPart(a), lastPart(b)];
  if (lastA === lastB) return Math.min(0.2 + edits / 10, edits);
  const shorter = Math.min(lastA.length, lastB.length);
  if (shorter >= 3 && (lastA.startsWith(lastB) || lastB.startsWith(lastA))) {
    return Math.min(0.3 + edits / 10, edits);
  }
  return edits;
}

const lastPart = (key: string): string => key.slice(Math.max(...SEPARATORS.map(lastIn(key))) + 1);
const SEPARATORS = ["/", "_", ".", "-"];
const lastIn =
  (key: string) =>
  (separator: string): number =>
    key.lastIndexOf(separator);

/** Insertions, deletions and changes that make `a` into `b` (Levenshtein 1966, two rows). */
function levenshtein(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
