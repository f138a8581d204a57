// The person's own pattern for metric lines: `metrics_pattern` in the frontmatter, a regular
// expression with named groups. It runs in V8's linear engine, so that it cannot hang.
//
// A group `step`, `epoch` or `iteration` is the x axis, and `split` the split. A pair of groups
// `key` and `value` takes the metric's name from the line. Every other group is a metric.
import { setFlagsFromString } from "node:v8";
import type { LineEntry, MetricLine, OwnFormat, Spot } from "../lines/metric-line.ts";
import { counterOf, inSplit } from "../metric-words.ts";
import { trueText } from "../lines/plain-text.ts";
import { scanNumber } from "../lines/scan-number.ts";

/** A longer pattern is refused: it is a program by then. */
const OWN_PATTERN_CHARS = 1_000;
/** Matches read in one line. */
const OWN_PATTERN_MATCHES = 1_000;

export type OwnPattern =
  | { readonly kind: "pattern"; readonly read: OwnFormat }
  /** Why it cannot be used, worded to follow "the pattern". */
  | { readonly kind: "refused"; readonly why: string };

const WORDS: ReadonlyMap<string, number> = new Map([
  ["nan", Number.NaN],
  ["inf", Number.POSITIVE_INFINITY],
  ["infinity", Number.POSITIVE_INFINITY],
  ["-inf", Number.NEGATIVE_INFINITY],
  ["-infinity", Number.NEGATIVE_INFINITY],
]);

/**
 * A reader of the lines that match `pattern`, which gives undefined for all others; `refused` for a
 * pattern that cannot be used. Never throws.
 */
export function ownPattern(pattern: string): OwnPattern {
  if (pattern.length > OWN_PATTERN_CHARS) {
    return { kind: "refused", why: `is longer than ${OWN_PATTERN_CHARS} characters` };
  }
  const plain = compiled(pattern, "");
  if (typeof plain === "string") return { kind: "refused", why: `is no pattern: ${plain}` };
  const names = Object.keys(new RegExp(`${pattern}|`).exec("")?.groups ?? {});
  const values = names.filter((name) => !AXES.has(name) && name !== "split");
  if (values.length === 0) {
    return { kind: "refused", why: "names no metric: put its value in a group, `(?<loss>\\S+)`" };
  }
  setFlagsFromString("--enable-experimental-regexp-engine");
  const linear = compiled(pattern, "gl");
  if (typeof linear === "string") {
    const why = "looks back or ahead, or repeats what it found: such a pattern could take for ever";
    return { kind: "refused", why };
  }
  return { kind: "pattern", read: (text) => readWith(linear, text) };
}

const AXES = new Set(["step", "epoch", "iteration", "iter", "global_step"]);

function compiled(pattern: string, flags: string): RegExp | string {
  try {
    return new RegExp(pattern, flags);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function readWith(pattern: RegExp, line: string): MetricLine | undefined {
  const text = trueText(line);
  const entries: LineEntry[] = [];
  let step: (Spot & { key: "step" | "epoch" | "iteration" }) | undefined;
  let matches = 0;
  for (const match of text.matchAll(pattern)) {
    matches += 1;
    if (matches > OWN_PATTERN_MATCHES) break;
    const { key, value, split, ...groups } = match.groups ?? {};
    const named = key !== undefined && value !== undefined ? { ...groups, [key]: value } : groups;
    for (const [name, token] of Object.entries(named)) {
      if (token === undefined) continue;
      const read = readToken(line, token);
      if (read === undefined) continue;
      const axis = AXES.has(name) ? counterOf(name) : undefined;
      if (axis !== undefined) step ??= { key: axis.key, at: read.at, end: read.end };
      else entries.push({ ...read, key: inSplit(split, name), grade: "sure" });
    }
  }
  if (matches === 0) return undefined;
  if (entries.length === 0) return { kind: "unread", format: "own pattern" };
  const format = "own pattern";
  return { kind: "metrics", format, entries, fixed: [], ...(step === undefined ? {} : { step }) };
}

/** Where a token's number is in the line: any place with the same text gives the same value. */
function readToken(line: string, token: string): (Spot & { word?: number }) | undefined {
  const trimmed = token.trim();
  const at = line.indexOf(trimmed);
  if (trimmed === "" || at < 0) return undefined;
  const spot = { at, end: at + trimmed.length };
  const word = WORDS.get(trimmed.toLowerCase());
  if (word !== undefined) return { ...spot, word };
  const bytes = Buffer.from(trimmed, "latin1");
  const number = { end: 0, value: 0, grouped: false };
  const whole = scanNumber(bytes, 0, bytes.length, true, number) && number.end === bytes.length;
  return whole ? spot : undefined;
}
