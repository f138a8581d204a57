// The claims in a person's own words on a page: each number must be a cited token, a logged value
// or a quantity that nightlab derives, and "better" must be borne out by the statistics.
import { isClaim, sentencesOf } from "./audit-claims.ts";
import { oneLine } from "./audit-edits.ts";
import type { AuditFinding } from "./audit-finding.ts";
import type { Told } from "./audit-match.ts";
import { compareDecimals, parseDecimal, toNumber, type Decimal } from "../../base/decimal.ts";
import { isSourceEntry, type PageSource } from "./page-sources.ts";
import { numberText, type UnitToken } from "./unit-tokens.ts";

/** Values that a person's own number is compared with. */
const AUDIT_KNOWN = 200_000;

/** A value that a page may state. */
export interface KnownValue {
  readonly token: string;
  /** The run that logged it, by all of its names; none for what is derived or counted. */
  readonly run?: readonly string[];
  readonly metric?: string;
  /** Where it stands, for a person. */
  readonly place?: string;
}

/** A difference that was tested, and what came out. */
export interface KnownComparison {
  readonly metric: string;
  /** What is compared, by its names, and with what. */
  readonly left: readonly string[];
  readonly right: readonly string[];
  /** Sign of left − right where the test bears a difference out; 0 where it does not. */
  readonly sign: -1 | 0 | 1;
  /** Which way is better, where the plan says so. */
  readonly better?: "min" | "max";
}

export interface KnownFacts {
  readonly values: readonly KnownValue[];
  readonly comparisons: readonly KnownComparison[];
  /** All names of all runs, so that a sentence can be held to the runs it names. */
  readonly runNames: ReadonlySet<string>;
  readonly metricNames: ReadonlySet<string>;
  /** All values that the named runs logged, or all runs where none is named; read late. */
  readonly logged?: (runs: readonly string[]) => readonly ReadonlySet<number>[];
}

const BETTER =
  /\b(?:better|worse|improv\w*|outperform\w*|beats?|superior|inferior|significant\w*|surpass\w*|exceeds?|(?:higher|lower|larger|smaller|less|more|faster|slower|greater|fewer)\s+than|reduc(?:es|ed)|increas(?:es|ed)|decreas(?:es|ed))\b/giu;

/** What is wrong with a unit that nightlab did not write. */
export function freeFindings(
  told: Told,
  sources: ReadonlyMap<string, PageSource>,
  known: KnownFacts,
): readonly AuditFinding[] {
  if (isSourceEntry(told.unit)) return [];
  const runs = namesIn(told, known.runNames);
  const metrics = namesIn(told, known.metricNames);
  const findings: AuditFinding[] = [];
  const add = (
    kind: AuditFinding["kind"],
    token: { at: number; text: string },
    message: string,
  ): void => {
    const line = told.unit.line + told.unit.text.slice(0, token.at).split("\n").length - 1;
    findings.push({ kind, line, said: oneLine(token.text), message });
  };
  told.tokens.forEach((token, i) => {
    if (token.kind === "citation" && !sources.has(token.text.slice(1, -1))) {
      add("orphan", token, "the page's list of sources has no such number");
    }
    if (token.kind !== "number" || isLabel(told, i)) return;
    const cited = citedSource(told.tokens, i, sources);
    const trouble =
      cited === undefined ? valueTrouble(token, runs, metrics, known) : tokenTrouble(token, cited);
    if (trouble !== undefined) add(trouble.kind, token, trouble.message);
  });
  if (told.unit.kind === "heading") return findings;
  const prose = told.unit.text.replaceAll(/`[^`\n]*`|“[^”]*”|"[^"\n]*"/g, (inside) =>
    " ".repeat(inside.length),
  );
  const claims = sentencesOf(told.unit.text).filter(({ text }) => isClaim(text));
  for (const match of prose.matchAll(BETTER)) {
    const inside = claims.find(
      ({ at, text }) => at <= match.index && match.index < at + text.length,
    );
    if (inside === undefined) continue;
    // "More than two days" compares no runs.
    if (
      /than$|^(?:reduc|increas|decreas|exceed)/i.test(match[0]) &&
      runs.length + metrics.length === 0
    )
      continue;
    if (isBorneOut(match[0].toLowerCase(), runs, metrics, known)) continue;
    add("comparison", { at: match.index, text: match[0] }, comparisonMessage(runs, metrics));
  }
  return findings;
}

/** Figure 3, table 2, seed 0, item numbers: labels and no claims. */
function isLabel({ tokens, unit }: Told, i: number): boolean {
  const before = tokens[i - 1];
  if (unit.kind === "item" && i === 0) return true;
  if (unit.kind === "heading" && i <= 1) return true;
  return (
    before?.kind === "word" &&
    /^(?:figures?|figs?|tables?|sections?|equations?|eq|steps?|seeds?|lines?|pages?|chapters?|runs?|versions?|v|issues?|no|GPU|Python|CUDA)$/i.test(
      before.text,
    )
  );
}

/** The source that is cited right behind a number. */
function citedSource(
  tokens: readonly UnitToken[],
  i: number,
  sources: ReadonlyMap<string, PageSource>,
): PageSource | undefined {
  const next = tokens[i + 1];
  return next?.kind === "citation" ? sources.get(next.text.slice(1, -1)) : undefined;
}

interface Trouble {
  readonly kind: AuditFinding["kind"];
  readonly message: string;
}

function tokenTrouble(
  token: Extract<UnitToken, { kind: "number" }>,
  source: PageSource,
): Trouble | undefined {
  const [said, meant] = [parseDecimal(numberText(token.text)), parseDecimal(source.token)];
  const place = `${source.path}:${source.line} says ${source.token}`;
  if (said === undefined || meant === undefined) {
    return numberText(token.text) === source.token
      ? undefined
      : { kind: "differs", message: place };
  }
  if (compareDecimals(said, meant) === 0 || numberText(token.text) === source.token)
    return undefined;
  if (!isRounding(numberText(token.text), toNumber(meant)))
    return { kind: "differs", message: place };
  return token.near ? undefined : { kind: "rounded", message: `${place}; write that, or ≈` };
}

function valueTrouble(
  token: Extract<UnitToken, { kind: "number" }>,
  runs: readonly string[],
  metrics: readonly string[],
  known: KnownFacts,
): Trouble | undefined {
  const text = numberText(token.text);
  const said = parseDecimal(text);
  if (said === undefined) return undefined;
  const fits = known.values.slice(0, AUDIT_KNOWN).filter((one) => {
    const ofRun =
      one.run === undefined || runs.length === 0 || one.run.some((name) => runs.includes(name));
    const ofMetric =
      one.metric === undefined || metrics.length === 0 || metrics.includes(one.metric);
    return ofRun && ofMetric;
  });
  if (fits.some((one) => isSame(said, one.token))) return undefined;
  // A whole number is in some log almost always; only a decimal is told by its digits.
  const value = toNumber(said);
  const isLogged = !Number.isInteger(value) && known.logged?.(runs).some((all) => all.has(value));
  if (isLogged === true) return undefined;
  const whole = /^\d+$/.test(text)
    ? undefined
    : fits.find((one) => isRounding(text, Number(one.token)));
  if (whole !== undefined) {
    if (token.near) return undefined;
    const where = whole.place === undefined ? "" : ` (${whole.place})`;
    return { kind: "rounded", message: `it looks like ${whole.token}${where}; write that, or ≈` };
  }
  const of = runs.length === 0 ? "" : ` of ${runs.join(", ")}`;
  return { kind: "orphan", message: `no log line${of} and no derived quantity gives it` };
}

/** Whether a number is the value of a token, a rounded one included as it is written. */
export function isSame(said: Decimal, token: string): boolean {
  const value = parseDecimal(token.replace(/^≈\s*/, ""));
  if (value === undefined) return false;
  if (said.kind === "nan" || value.kind === "nan") return said.kind === value.kind;
  return compareDecimals(said, value) === 0;
}

/** Whether a written decimal is `value` rounded to its digits. */
export function isRounding(written: string, value: number): boolean {
  const part =
    /^[-+]?\d*\.(\d+)$/.exec(written)?.[1] ?? (/^[-+]?\d+$/.test(written) ? "" : undefined);
  if (part === undefined || !Number.isFinite(value) || part.length > 15) return false;
  return Math.abs(Number(written) - value) <= 0.5 * 10 ** -part.length * (1 + 1e-9);
}

function namesIn(told: Told, names: ReadonlySet<string>): readonly string[] {
  const found = told.tokens.flatMap((token) => {
    const text = token.kind === "name" ? token.name : token.kind === "word" ? token.text : "";
    return names.has(text) ? [text] : [];
  });
  return [...new Set(found)];
}

/** Whether a comparison that was tested says what the sentence says. */
export function isBorneOut(
  word: string,
  runs: readonly string[],
  metrics: readonly string[],
  known: KnownFacts,
): boolean {
  return known.comparisons.some((one) => {
    if (one.sign === 0 || (metrics.length > 0 && !metrics.includes(one.metric))) return false;
    const [first, second] = runs;
    const forward = first !== undefined && one.left.includes(first);
    const back = first !== undefined && one.right.includes(first);
    const other = forward ? one.right : one.left;
    if (!forward && !back) return false;
    if (second !== undefined && !other.includes(second)) return false;
    const sign = forward ? one.sign : -one.sign;
    const isBetter = one.better === undefined ? undefined : sign < 0 === (one.better === "min");
    if (/^(?:better|improv|outperform|beat|superior|surpass)/.test(word)) return isBetter === true;
    if (/^(?:worse|inferior)/.test(word)) return isBetter === false;
    if (/^(?:higher|larger|more|greater|increas|exceed)/.test(word)) return sign > 0;
    if (/^(?:lower|smaller|less|fewer|reduc|decreas)/.test(word)) return sign < 0;
    return word.startsWith("significant");
  });
}

function comparisonMessage(runs: readonly string[], metrics: readonly string[]): string {
  const who = runs.length === 0 ? "names no run" : `speaks of ${runs.join(" and ")}`;
  const what = metrics.length === 0 ? "" : ` and ${metrics.join(", ")}`;
  return `the sentence ${who}${what}; no tested difference bears it out`;
}
