// Audits a person's own sentences on a page: each number must be a cited token, a logged value or a
// quantity that nightlab derives, and the statistics must support each "better" or "worse".
import { isClaim, sentencesOf, withoutQuotes } from "./audit-claims.ts";
import { oneLine, type AuditFinding } from "./audit-finding.ts";
import { isRounding, isSame, isSupported, type KnownFacts } from "./audit-known.ts";
import type { ComparedUnit } from "./audit-match.ts";
import { compareDecimals, parseDecimal, toNumber } from "../../base/decimal.ts";
import { isSourceEntry, type PageSource } from "./page-sources.ts";
import { lineOfUnit } from "./page-units.ts";
import { numberText, type UnitToken } from "./unit-tokens.ts";

/** A number is compared with at most this many known values, so that an audit stays quick. */
const AUDIT_KNOWN = 200_000;

const BETTER =
  /\b(?:better|worse|improv\w*|outperform\w*|beats?|superior|inferior|significant\w*|surpass\w*|exceeds?|(?:higher|lower|larger|smaller|less|more|faster|slower|greater|fewer)\s+than|reduc(?:es|ed)|increas(?:es|ed)|decreas(?:es|ed))\b/giu;

/** What is wrong with a unit that a person wrote. */
export function freeFindings(
  written: ComparedUnit,
  sources: ReadonlyMap<string, PageSource>,
  known: KnownFacts,
): readonly AuditFinding[] {
  if (isSourceEntry(written.unit)) return [];
  const runs = namesIn(written, known.runNames);
  const metrics = namesIn(written, known.metricNames);
  const findings: AuditFinding[] = [];
  const add = (
    kind: AuditFinding["kind"],
    token: { at: number; text: string },
    message: string,
  ): void => {
    const line = lineOfUnit(written.unit, token.at);
    findings.push({ kind, line, said: oneLine(token.text), message });
  };
  written.tokens.forEach((token, i) => {
    if (token.kind === "citation" && !sources.has(token.text.slice(1, -1))) {
      add("orphan", token, "the page's list of sources has no such number");
    }
    if (token.kind !== "number" || isLabel(written, i)) return;
    const cited = citedSource(written.tokens, i, sources);
    const trouble =
      cited === undefined ? valueTrouble(token, runs, metrics, known) : tokenTrouble(token, cited);
    if (trouble !== undefined) add(trouble.kind, token, trouble.message);
  });
  if (written.unit.kind === "heading") return findings;
  const claims = sentencesOf(written.unit.text).filter(({ text }) => isClaim(text));
  for (const match of withoutQuotes(written.unit.text).matchAll(BETTER)) {
    const inside = claims.find(
      ({ at, text }) => at <= match.index && match.index < at + text.length,
    );
    if (inside === undefined) continue;
    // "More than two days" is no comparison of runs.
    if (
      /than$|^(?:reduc|increas|decreas|exceed)/i.test(match[0]) &&
      runs.length + metrics.length === 0
    )
      continue;
    if (isSupported(match[0].toLowerCase(), runs, metrics, known)) continue;
    add("comparison", { at: match.index, text: match[0] }, comparisonMessage(runs, metrics));
  }
  return findings;
}

/** Whether a number is a label (figure 3, seed 0, the number of a list item) and no claim. */
function isLabel({ tokens, unit }: ComparedUnit, i: number): boolean {
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

/** The source that is cited right after a number. */
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

/** What is wrong with a cited number. */
function tokenTrouble(
  token: Extract<UnitToken, { kind: "number" }>,
  source: PageSource,
): Trouble | undefined {
  const [written, logged] = [parseDecimal(numberText(token.text)), parseDecimal(source.token)];
  const logLine = `${source.path}:${source.line} says ${source.token}`;
  if (written === undefined || logged === undefined) {
    return numberText(token.text) === source.token
      ? undefined
      : { kind: "differs", message: logLine };
  }
  if (compareDecimals(written, logged) === 0 || numberText(token.text) === source.token)
    return undefined;
  if (!isRounding(numberText(token.text), toNumber(logged)))
    return { kind: "differs", message: logLine };
  return token.near ? undefined : { kind: "rounded", message: `${logLine}; write that, or ≈` };
}

/** What is wrong with a number that is not cited. */
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
  // Almost every whole number is in some log; only the digits of a decimal identify a value.
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

function namesIn({ tokens }: ComparedUnit, names: ReadonlySet<string>): readonly string[] {
  const found = tokens.flatMap((token) => {
    const text = token.kind === "name" ? token.name : token.kind === "word" ? token.text : "";
    return names.has(text) ? [text] : [];
  });
  return [...new Set(found)];
}

function comparisonMessage(runs: readonly string[], metrics: readonly string[]): string {
  const who = runs.length === 0 ? "names no run" : `speaks of ${runs.join(" and ")}`;
  const what = metrics.length === 0 ? "" : ` and ${metrics.join(", ")}`;
  return `the sentence ${who}${what}; no tested difference bears it out`;
}
