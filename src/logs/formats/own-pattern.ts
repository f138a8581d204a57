// The person's own pattern for metric lines: `metrics_pattern` in the frontmatter, a regular
// expression with named groups. RE2 matches it in linear time, so that it cannot hang.
//
// A group `step`, `epoch` or `iteration` is the x axis, and `split` the split. A pair of groups
// `key` and `value` takes the metric's name from the line. Every other group is a metric.
import { RE2JS } from "re2js";
import { notFinite } from "../../base/not-finite.ts";
import type { LineEntry, MetricLine, OwnFormat, Spot } from "../lines/metric-line.ts";
import { counterOf, inSplit } from "../metric-words.ts";
import { trueText } from "../lines/plain-text.ts";
import { scanNumber } from "../lines/scan-number.ts";

/** A longer pattern is refused: it is a program by then. */
const OWN_PATTERN_CHARS = 1_000;
/** Instructions of a pattern: each may be looked at for each character of a line. */
const OWN_PATTERN_SIZE = 500;
/** Matches read in one line. */
const OWN_PATTERN_MATCHES = 1_000;
/**
 * Characters times instructions that a line may cost, some 0.3 s. Of a longer line the beginning is
 * read, and fewer matches: each may look at the rest of the line once more.
 */
const OWN_PATTERN_STEPS = 2e7;

export type OwnPattern =
  | { readonly kind: "pattern"; readonly read: OwnFormat }
  /** Why it cannot be used, worded to follow "the pattern". */
  | { readonly kind: "refused"; readonly why: string };

const refused = (why: string): OwnPattern => ({ kind: "refused", why });

/**
 * A reader of the lines that match `pattern`, which gives undefined for all others; `refused` for a
 * pattern that cannot be used. Never throws.
 */
export function ownPattern(pattern: string): OwnPattern {
  if (pattern.length > OWN_PATTERN_CHARS) {
    return refused(`is longer than ${OWN_PATTERN_CHARS} characters`);
  }
  const compiled = compile(pattern);
  if (typeof compiled === "string") return refused(compiled);
  if (compiled.programSize() > OWN_PATTERN_SIZE) {
    return refused("counts too high for a pattern that is asked of every line");
  }
  const names = Object.keys(compiled.namedGroups());
  if (names.every((name) => AXES.has(name) || name === "split")) {
    return refused("names no metric: put its value in a group, `(?<loss>\\S+)`");
  }
  return { kind: "pattern", read: (text) => readWith(compiled, text) };
}

const AXES = new Set(["step", "epoch", "iteration", "iter", "global_step"]);

/** The pattern for RE2, or why it is refused. */
function compile(pattern: string): RE2JS | string {
  const plain = pattern.replaceAll("\\\\", "");
  try {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
    // RE2 would take `\k<loss>` for letters.
    if (!/\\k</.test(plain)) return compiled;
  } catch (error) {
    if (!/\(\?<?[=!]|\\[1-9]/.test(plain)) {
      const message = error instanceof Error ? error.message : String(error);
      const said = message.replace(/^error parsing regexp: /, "");
      // It names groups as Python does.
      return `is no pattern: ${said.replaceAll("(?P<", "(?<")}`;
    }
  }
  return "looks back or ahead, or repeats what it found: such a pattern could take for ever";
}

function readWith(pattern: RE2JS, line: string): MetricLine | undefined {
  const text = trueText(line).slice(0, OWN_PATTERN_STEPS / pattern.programSize());
  // Most lines are no match, which is found out without groups.
  if (!pattern.test(text)) return undefined;
  const names = Object.entries(pattern.namedGroups());
  const entries: LineEntry[] = [];
  let step: (Spot & { key: "step" | "epoch" | "iteration" }) | undefined;
  const affordable = OWN_PATTERN_STEPS / pattern.programSize() / text.length;
  let left = Math.min(OWN_PATTERN_MATCHES, affordable);
  for (const matcher = pattern.matcher(text); left >= 1 && matcher.find(); left -= 1) {
    const found = new Map(names.map(([name, group]) => [name, matcher.group(group) ?? undefined]));
    const [key, value, split] = [found.get("key"), found.get("value"), found.get("split")];
    for (const name of ["key", "value", "split"]) found.delete(name);
    if (key !== undefined && value !== undefined) found.set(key, value);
    for (const [name, token] of found) {
      if (token === undefined) continue;
      const read = readToken(line, token);
      if (read === undefined) continue;
      const axis = AXES.has(name) ? counterOf(name) : undefined;
      if (axis !== undefined) step ??= { key: axis.key, at: read.at, end: read.end };
      else entries.push({ ...read, key: inSplit(split, name), grade: "sure" });
    }
  }
  const format = "own pattern";
  if (entries.length === 0) return { kind: "unread", format };
  return { kind: "metrics", format, entries, fixed: [], ...(step === undefined ? {} : { step }) };
}

/** Where a token's number is in the line: any place with the same text gives the same value. */
function readToken(line: string, token: string): (Spot & { word?: number }) | undefined {
  const trimmed = token.trim();
  const at = line.indexOf(trimmed);
  if (trimmed === "" || at < 0) return undefined;
  const spot = { at, end: at + trimmed.length };
  const word = notFinite(trimmed);
  if (word !== undefined) return { ...spot, word };
  const bytes = Buffer.from(trimmed, "latin1");
  const number = { end: 0, value: 0, grouped: false };
  const whole = scanNumber(bytes, 0, bytes.length, true, number) && number.end === bytes.length;
  return whole ? spot : undefined;
}
