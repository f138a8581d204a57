// Audits a person's own text in the journal. It checks only what a sentence surely claims: the
// value of a metric of a named run, and which of two named runs is better. Receipts are
// audit-receipts.ts.
import { oneLine, type AuditFinding, type AuditResult } from "./audit-finding.ts";
import { isClaim, sentencesOf, withoutQuotes, type Sentence } from "./audit-claims.ts";
import {
  isRounding,
  isSame,
  isSupported,
  type KnownFacts,
  type KnownValue,
} from "./audit-known.ts";
import { parseDecimal } from "../../base/decimal.ts";
import { holds } from "../../judge/evaluate.ts";
import { readCriterion } from "../../criteria/expression.ts";
import type { ReportInput } from "../../judge/input.ts";
import { lineOfUnit, readPage, type PageUnit } from "./page-units.ts";
import { numberText, unitTokens, type UnitToken } from "./unit-tokens.ts";

/** The findings in the person's own sentences. `text` is the journal that `input` was read from. */
export function auditJournal(input: ReportInput, text: string, known: KnownFacts): AuditResult {
  const findings: AuditFinding[] = [];
  let claims = 0;
  for (const unit of readPage(ownText(input, text)).units) {
    if (unit.kind === "heading" || unit.kind === "rule") continue;
    for (const sentence of sentencesOf(unit.text)) {
      if (!isClaim(sentence.text)) continue;
      const read = readSentence(sentence, known);
      if (read.runs.length === 0) continue;
      claims += read.values.length;
      findings.push(
        ...valueFindings(unit, read, input, known),
        ...betterFindings(unit, read, known),
      );
    }
  }
  return { findings, claims, absent: 0 };
}

/** The journal with commands and receipts blanked out; lines and offsets stay the same. */
function ownText(input: ReportInput, text: string): string {
  let own = text;
  for (const { span, receipt, commands } of input.journal.blocks) {
    for (const part of [
      ...(commands.length > 0 ? [span] : []),
      ...(receipt ? [receipt.span] : []),
    ]) {
      const blank = own.slice(part.start, part.end).replaceAll(/[^\n]/g, " ");
      own = own.slice(0, part.start) + blank + own.slice(part.end);
    }
  }
  return own;
}

interface ReadSentence extends Sentence {
  readonly runs: readonly string[];
  /** Numbers right beside a metric's name. */
  readonly values: readonly { readonly metric: string; readonly token: UnitToken }[];
}

function readSentence(sentence: Sentence, known: KnownFacts): ReadSentence {
  const tokens = unitTokens(sentence.text);
  const runs = new Set<string>();
  for (const token of tokens) {
    const name = token.kind === "name" ? token.name.replace(/^runs\//, "") : wordOf(token);
    // A run may be called `try` or `full`: as a bare word that is not a run's name.
    if (known.runNames.has(name) && (token.kind === "name" || /\d|[-_]/.test(name))) runs.add(name);
    if (name === "baseline" && known.runNames.has(name)) runs.add(name);
  }
  const values = tokens.flatMap((token, i) => {
    const metric = token.kind === "number" ? metricBeside(tokens, i, known) : undefined;
    return metric === undefined ? [] : [{ metric, token }];
  });
  return { ...sentence, runs: [...runs], values };
}

/**
 * The metric that a number is a value of: `val/loss is 0.31`, `val/loss 0.31`, `0.31 in val/loss`.
 */
function metricBeside(
  tokens: readonly UnitToken[],
  i: number,
  known: KnownFacts,
): string | undefined {
  const number = tokens[i];
  if (number === undefined || !/[.\de]/.test(number.text) || !/\./.test(number.text))
    return undefined;
  if (number.kind === "number" && number.near) return undefined;
  if (/^(?:%|×|x|s|ms|min|h|GB|MB)$/.test(tokens[i + 1]?.text ?? "")) return undefined;
  for (let back = 1; back <= 4; back += 1) {
    const before = tokens[i - back];
    const name = before === undefined ? "" : wordOf(before);
    if (known.metricNames.has(name)) return name;
    if (
      !/^(?:is|was|of|at|to|ends?|ended|reach\w*|fell|falls|fall|got|gets|comes?|came|=|:|val|a|the|its?|last|best|with|only|exactly|final|finally|went|up|down|stays?|stayed)$/i.test(
        name,
      )
    )
      break;
  }
  const [next, after] = [tokens[i + 1], tokens[i + 2]];
  const direct = next === undefined ? "" : wordOf(next);
  if (known.metricNames.has(direct)) return direct;
  const behind = after === undefined ? "" : wordOf(after);
  return /^(?:in|of|for)$/.test(direct) && known.metricNames.has(behind) ? behind : undefined;
}

function wordOf(token: UnitToken): string {
  if (token.kind === "name") return token.name;
  return token.kind === "word" || token.kind === "mark" ? token.text : "";
}

function valueFindings(
  unit: PageUnit,
  { runs, values, at }: ReadSentence,
  input: ReportInput,
  known: KnownFacts,
): readonly AuditFinding[] {
  return values.flatMap(({ metric, token }): AuditFinding[] => {
    const text = numberText(token.text);
    const said = parseDecimal(text);
    if (said === undefined) return [];
    const fits = known.values.filter(
      (one) =>
        (one.run === undefined || one.run.some((name) => runs.includes(name))) &&
        (one.metric === undefined || one.metric === metric),
    );
    if (fits.some((one) => isSame(said, one.token))) return [];
    const logged = known.logged?.(runs) ?? [];
    if (logged.some((all) => all.has(Number(text)))) return [];
    const head = {
      line: lineOfUnit(unit, at + token.at),
      said: oneLine(`${metric} ${token.text}`),
    };
    const whole = roundedFrom(text, fits, logged);
    if (whole === undefined) {
      const message = `no log line of ${runs.join(", ")} gives it`;
      return [{ ...head, kind: "orphan", message }];
    }
    const flips = flippedCriterion(input, metric, text, whole);
    if (flips === undefined) return [];
    const message = `the log says ${whole}, and rounded it would meet another side of \`${flips}\``;
    return [{ ...head, kind: "rounded", message }];
  });
}

/** The value that a written number may be a rounding of: a known one, or any that was logged. */
function roundedFrom(
  text: string,
  fits: readonly KnownValue[],
  logged: readonly ReadonlySet<number>[],
): string | undefined {
  const known = fits.find((one) => isRounding(text, Number(one.token)));
  if (known !== undefined) return known.token;
  for (const values of logged) {
    for (const value of values) if (isRounding(text, value)) return String(value);
  }
  return undefined;
}

/** A criterion that only one of the rounded and the logged number meets; undefined if none. */
function flippedCriterion(
  input: ReportInput,
  metric: string,
  said: string,
  logged: string,
): string | undefined {
  const [left, right] = [parseDecimal(said), parseDecimal(logged)];
  if (left === undefined || right === undefined) return undefined;
  for (const text of [input.journal.plan.success, input.journal.plan.failure]) {
    for (const { left: term, operator, right: limit } of readCriterion(text ?? "").value
      ?.comparisons ?? []) {
      if (term.kind !== "metric" || term.name !== metric || limit.kind !== "number") continue;
      const bound = parseDecimal(limit.token);
      if (bound === undefined) continue;
      if (holds(operator, left, bound) !== holds(operator, right, bound)) return text;
    }
  }
  return undefined;
}

/** Words that judge. `lower` and the like are left out: a reader sees that from the numbers. */
const BETTER =
  /\b(?:better|worse|improv(?:es|ed)|outperform\w*|beats?|superior|inferior|significantly|surpass(?:es|ed))\b/giu;

function betterFindings(
  unit: PageUnit,
  { runs, text, at }: ReadSentence,
  known: KnownFacts,
): readonly AuditFinding[] {
  if (runs.length < 2) return [];
  const metrics = unitTokens(text)
    .map(wordOf)
    .filter((word) => known.metricNames.has(word));
  return [...withoutQuotes(text).matchAll(BETTER)].flatMap((match): AuditFinding[] => {
    if (isSupported(match[0].toLowerCase(), runs, metrics, known)) return [];
    const line = lineOfUnit(unit, at + match.index);
    const message = `the sentence speaks of ${runs.join(" and ")}; no tested difference bears it out`;
    return [{ kind: "comparison", line, said: match[0], message }];
  });
}
