// Reads a value back from a page: `0.40376 (= 0.98 × 0.412 [2])` is computed again from the numbers
// in it. For the verification of a page; shares no code with what made the page.
import { unescaped } from "../../src/report/audit/unit-tokens.ts";

/**
 * The value of a cell or clause, computed from its operands; undefined where the text is no value.
 * NaN and infinities are values, and NaN is the value where the operands give another result.
 */
export function writtenValue(text: string): number | undefined {
  const bare = unescaped(text)
    .replaceAll(/\s*\[\d{1,9}\]/g, "")
    .trim();
  const derived = /^(\S+) \(= (.+)\)$/.exec(bare);
  if (derived === null) return termValue(bare);
  const [, said = "", term = ""] = derived;
  const [stated, value] = [termValue(said), termValue(term)];
  if (stated === undefined || value === undefined) return undefined;
  // A result too large for a double is left to the exact arithmetic of the page's own code.
  if (!Number.isFinite(value)) return Number.POSITIVE_INFINITY;
  return isNear(stated, value) ? value : Number.NaN;
}

/** Arithmetic mean of at least one value. */
export function meanAgain(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Whether two values are equal in the digits that a page shows, which are at least four. */
export function isNear(said: number, value: number): boolean {
  if (Object.is(said, value)) return true;
  const size = Math.max(Math.abs(said), Math.abs(value));
  return Math.abs(said - value) <= 1e-3 * size + 1e-12;
}

/** The value of sums and products of numbers, with brackets; undefined for anything else. */
function termValue(text: string): number | undefined {
  const tokens = text.replaceAll("≈", "").match(TOKENS) ?? [];
  if (tokens.join("") !== text.replaceAll(/[\s≈]+/g, "")) return undefined;
  let at = 0;
  const sum = (): number => {
    let value = product();
    while (tokens[at] === "+" || tokens[at] === "-") {
      value = tokens[at++] === "+" ? value + product() : value - product();
    }
    return value;
  };
  const product = (): number => {
    let value = factor();
    while (tokens[at] === "×" || tokens[at] === "/") {
      value = tokens[at++] === "×" ? value * factor() : value / factor();
    }
    return value;
  };
  const factor = (): number => {
    const token = tokens[at++] ?? "";
    if (token === "-") return -factor();
    if (token === "+") return factor();
    if (token !== "(") return numberOf(token);
    const value = sum();
    at += 1;
    return value;
  };
  const value = sum();
  return at === tokens.length && tokens.length < MOST_TOKENS ? value : undefined;
}

/** Longer terms are not computed again: a criterion has at most 2,000 characters. */
const MOST_TOKENS = 2_000;
const TOKENS = /(?:\d[\d,]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|nan|[-+]?inf(?:inity)?|[-+×/()]/gi;

function numberOf(token: string): number {
  if (/^inf/i.test(token)) return Number.POSITIVE_INFINITY;
  return /^nan$/i.test(token) || token === "" ? Number.NaN : Number(token.replaceAll(",", ""));
}
