// The words for a verdict: short sentences and a table, each number with its source.
// How the verdict is reached is judge/verdict.ts; what its numbers follow from is verdict-values.ts.
import { arithmetic, parseDecimal, toNumber } from "../../base/decimal.ts";
import type { Worth } from "../../judge/evaluate.ts";
import {
  askedBy,
  criterionToken,
  marginsOf,
  metOf,
  passingOf,
  verdictWord,
  sideValue,
  type Asked,
} from "./verdict-values.ts";
import type { Comparison, ComparisonOperator, MetricTerm, Term } from "../../criteria/criterion.ts";
import type { Obstacle } from "../../judge/evidence.ts";
import type { ReportContext } from "./report-context.ts";
import { reportFinding } from "./finding-text.ts";
import { stateOf } from "./run-table.ts";
import { findMetric } from "../../judge/evaluate.ts";
import { settingCount } from "../../judge/groups.ts";
import type { ReportRun } from "../../judge/input.ts";
import { code, counted, listed, sentenceCase } from "../../base/markdown.ts";
import type { JudgedComparison, MeasuredRun } from "../../judge/judge.ts";
import type { Verdict } from "../../judge/verdict.ts";
import {
  counting,
  countOf,
  joined,
  rich,
  textOf,
  type Content,
  type Rich,
  type RichTable,
} from "./values.ts";

/** A verdict names at most this many runs; of more it gives the number. */
const NAMED = 5;

const ASKS: Readonly<Record<ComparisonOperator, string>> = {
  "<": "less than",
  "<=": "at most",
  ">": "more than",
  ">=": "at least",
  "==": "exactly",
};

/** ``The success criterion `val/loss < 0.5` is **MET** (single run).`` */
function verdictLine(verdict: Verdict): Rich {
  const label = { 0: "", 1: " (single run)", 2: " (two runs)" }[verdict.runs.length];
  const basis = verdict.word === "NOT EVALUABLE" ? "" : (label ?? ` (${verdict.runs.length} runs)`);
  const changed = verdict.changed ? " It was changed after the first result; see Methods." : "";
  return rich`The ${verdict.which} criterion ${code(verdict.text)} is **${verdictWord(verdict)}**${basis}.${changed}`;
}

/** The reasons for a verdict as sentences; the table of several runs is `verdictTable`. */
export function verdictReasons(verdict: Verdict, context: ReportContext): readonly Content[] {
  const label = context.label;
  if (verdict.word === "NOT EVALUABLE") {
    // A finding about a run also says how it ended, so its obstacle is left out.
    const withFinding = new Set(verdict.blocking.map(({ run }) => run));
    const obstacles = verdict.obstacles.filter(
      (one) => one.run === undefined || !withFinding.has(one.run),
    );
    const shown = verdict.blocking.slice(0, NAMED);
    const more = verdict.blocking.length - shown.length;
    return [
      ...obstacleSentences(obstacles, label),
      ...shown.map(({ run, finding }) =>
        sentence(rich`In ${label(run)}: ${reportFinding(run, finding)}`),
      ),
      ...(more > 0 ? [`${counted(more, "more flag")} of this kind stand in Discussion.`] : []),
    ];
  }
  const one = verdict.runs.length === 1;
  const asked = askedBy(verdict);
  const sentences = verdict.judged.flatMap((judged) =>
    one
      ? judged.perRun.flatMap((measured) =>
          measuredSentences(judged.comparison, measured, asked, context),
        )
      : severalSentences(judged, asked),
  );
  return one
    ? [...sentences, "One run; variation between runs unknown."]
    : [
        ...sentences,
        rich`${passingOf(verdict)} of ${counting(verdict.runs.map(stateOf), "run")} meet it.`,
      ];
}

/** Each obstacle as a sentence; one that many runs share is one sentence with their number. */
function obstacleSentences(
  obstacles: readonly Obstacle[],
  label: ReportContext["label"],
): readonly Content[] {
  const runs = new Map<string, ReportRun[]>();
  for (const { run, text } of obstacles)
    if (run !== undefined) runs.set(text, [...(runs.get(text) ?? []), run]);
  const general = obstacles.filter(({ run }) => run === undefined);
  return [
    ...general.map(({ text }) => sentence(sentenceCase(text))),
    ...[...runs].flatMap(([text, those]): readonly Content[] =>
      those.length <= NAMED
        ? those.map((run) => sentence(sentenceCase(`${label(run)} ${text}`)))
        : [`${those.length} of the runs ${text.replace(/^(?:has|was|is)\b/, pluralVerb)}.`],
    ),
  ];
}

const pluralVerb = (verb: string): string =>
  ({ has: "have", was: "were", is: "are" })[verb] ?? verb;

/** A verdict with its reasons; the same reasons as those of the verdict before are not repeated. */
export function verdictSentences(
  verdict: Verdict,
  reasons: readonly Content[],
  before: readonly Content[] | undefined,
): Rich {
  const text = textOf(joined(reasons, "\n"));
  const same =
    verdict.word === "NOT EVALUABLE" &&
    before !== undefined &&
    textOf(joined(before, "\n")) === text;
  const line = verdictLine(verdict);
  return joined(same ? [line, "The reason is the same."] : [line, ...reasons], " ");
}

function sentence(text: Content): Rich {
  return rich`${text}${textOf(text).endsWith("?") ? "" : "."}`;
}

/** A comparison as a table with a row for each run: both sides, and whether the run meets it. */
export function verdictTable(
  { comparison, perRun }: JudgedComparison,
  asked: Asked,
  context: ReportContext,
): RichTable {
  const head = [
    "run",
    code(termText(comparison.left)),
    code(`${comparison.operator} ${termText(comparison.right)}`),
    "met",
  ];
  const rows = perRun.map((one) => [
    context.label(one.run),
    sideText(comparison.left, one.left, asked, context),
    sideText(comparison.right, one.right, asked, context),
    [metOf(comparison, one, asked)],
  ]);
  return { head, rows };
}

function measuredSentences(
  comparison: Comparison,
  measured: MeasuredRun,
  asked: Asked,
  context: ReportContext,
): readonly Content[] {
  const left = sideText(comparison.left, measured.left, asked, context);
  const right = sideText(comparison.right, measured.right, asked, context);
  const where = context.label(measured.run);
  return [
    rich`In ${where}, ${sideName(comparison.left, measured.left)} is ${left}.`,
    rich`The criterion asks for ${ASKS[comparison.operator]} ${right}.`,
    ...baselineSentence(measured.right, context),
  ];
}

function baselineSentence(worth: Worth, context: ReportContext): readonly string[] {
  const runs = worth.operands.filter((one) => one.term.baseline).map((one) => one.run);
  const labels = [...new Set(runs)].map((run) => context.label(run));
  return labels.length === 0 ? [] : [`The baseline is ${listed(labels)}.`];
}

function severalSentences(judged: JudgedComparison, asked: Asked): readonly Content[] {
  const { margin, perRun, comparison } = judged;
  const { left, right, operator } = comparison;
  const values = marginsOf(judged, asked);
  if (margin === undefined || values === undefined) {
    if (perRun.length < 3) return ["From two runs nothing is estimated."];
    const settings = settingCount(perRun.map((one) => one.run));
    return settings > 1
      ? [`The runs are of ${settings} settings: each is judged by itself, and no mean is taken.`]
      : ["Each run has to be equal by itself."];
  }
  const limit = right.kind === "number" ? parseDecimal(right.token) : undefined;
  let { mean, bound } = values;
  let limitText: Content = "0";
  let what = `the margin ${code(`${termText(left)} - ${group(right, "-", termText)}`)}`;
  if (right.kind === "number" && limit?.kind === "finite") {
    // The limit is a plain number: the left side itself is set beside it.
    what =
      left.kind === "metric" ? `the ${pickedWord(left)} ${code(left.name)}` : code(termText(left));
    const lefts = [perRun.map((one) => sideValue(left, one.left, asked))];
    const token = criterionToken(right, asked);
    mean = { ...mean, of: lefts, value: arithmetic("+", margin.mean, limit) };
    bound = { ...bound, of: [values.margins, [token]], value: margin.bound + toNumber(limit) };
    limitText = [token];
  }
  return [
    rich`The mean of ${what} over ${countOf(values.margins)} runs is ${mean}, its one-sided 95 % t-bound ${bound}; the criterion asks for ${ASKS[operator]} ${limitText}.`,
  ];
}

/** `the last of 20 values of val/loss`, or the expression where it is more than one metric. */
function sideName(term: Term, worth: Worth): string {
  const operand = worth.operands[0];
  if (term.kind !== "metric" || operand === undefined) return code(termText(term));
  const summary = findMetric(operand.run, term.name);
  const of = summary === undefined ? "" : ` of ${counted(summary.count, "value")}`;
  return `the ${pickedWord(term)}${of} of ${code(operand.sample.key)}`;
}

function pickedWord(term: MetricTerm): string {
  switch (term.aggregation) {
    case "last":
      return "last";
    case "best":
      return "best";
    case "min":
      return "smallest";
    case "max":
      return "largest";
  }
}

/** The cited value of one side; a derived value with its operands: `0.49 (= 0.98 × 0.5 [2])`. */
function sideText(term: Term, worth: Worth, asked: Asked, context: ReportContext): Rich {
  const operands = [...worth.operands];
  const written = (inner: Term): Rich => {
    switch (inner.kind) {
      case "number":
        return [criterionToken(inner, asked)];
      case "metric": {
        const operand = operands.shift();
        return operand === undefined ? [] : [context.sources.cite(operand.run, operand.sample)];
      }
      case "negated":
        return rich`-${written(inner.term)}`;
      case "arithmetic": {
        const left = grouped(inner.left, inner.operator, written);
        return rich`${left} ${inner.operator.replace("*", "×")} ${grouped(inner.right, inner.operator, written)}`;
      }
    }
  };
  const text = written(term);
  if (term.kind === "number" || term.kind === "metric") return text;
  return rich`${sideValue(term, worth, asked)} (= ${text})`;
}

/** The term as a criterion writes it. */
function termText(term: Term): string {
  switch (term.kind) {
    case "number":
      return term.token;
    case "metric": {
      const name = `${term.baseline ? "baseline." : ""}${term.name}`;
      const aggregated = term.aggregation === "last" ? name : `${term.aggregation}(${name})`;
      return term.overSeeds ? `mean(${aggregated})` : aggregated;
    }
    case "negated":
      return `-${termText(term.term)}`;
    case "arithmetic": {
      const left = group(term.left, term.operator, termText);
      return `${left} ${term.operator} ${group(term.right, term.operator, termText)}`;
    }
  }
}

/** The text of an operand, in brackets where the operator `around` it binds more strongly. */
function group(term: Term, around: string, text: (term: Term) => string): string {
  return textOf(grouped(term, around, (inner) => [text(inner)]));
}

function grouped(term: Term, around: string, text: (term: Term) => Rich): Rich {
  if (term.kind !== "arithmetic") return text(term);
  const binds = "*/".includes(term.operator) ? "+-" : "+";
  return binds.includes(around) ? text(term) : rich`(${text(term)})`;
}
