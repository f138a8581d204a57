// Finds the logged metric that a promised name was probably meant to be, for a suggestion.
// Whether a metric is missing is decided in rules/metric-missing.ts.
import { editDistance } from "../base/nearest.ts";
import { canonicalMetric } from "../domain/metric-key.ts";

/** Names that one is compared with, so that a rule stays quick. */
const SUGGESTION_KEYS = 1_000;

/** Characters compared of a name. */
const COMPARED_CHARS = 80;
/** Edits, as a share of the longer name's length, from which a name is not near. */
const FAR = 0.5;

/** The nearest of `keys`, the first of equals; undefined when none is near. */
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

/** From 0 (equal) to 1 (nothing in common). A shared last part, or beginning of it, is near. */
function distanceOf(a: string, b: string): number {
  const edits = editDistance(a, b) / Math.max(1, a.length, b.length);
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
