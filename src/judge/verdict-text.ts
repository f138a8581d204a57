// Puts a verdict into short sentences, every number with its source.
// How the verdict was reached is verdict.ts.
import { arithmetic, decimalText, parseDecimal, toNumber } from "../base/decimal.ts";
import type { Worth } from "./evaluate.ts";
import type { Comparison, ComparisonOperator, MetricTerm, Term } from "../criteria/criterion.ts";
import type { Obstacle } from "./evidence.ts";
import type { ReportContext } from "./report-context.ts";
import { reportFinding } from "./finding-text.ts";
import { findMetric } from "./evaluate.ts";
import { settingCount } from "./groups.ts";
import type { ReportRun } from "./input.ts";
import { code, counted, listed, sentenceCase, table } from "../base/markdown.ts";
import type { JudgedComparison, MeasuredRun } from "./judge.ts";
import type { Verdict } from "./verdict.ts";

/** Runs that a verdict names; of more it says how many they are. */
const NAMED = 5;

const ASKS: Readonly<Record<ComparisonOperator, string>> = {
  "<": "less than",
  "<=": "at most",
  ">": "more than",
  ">=": "at least",
  "==": "exactly",
};

/** `The success criterion is **MET** (single run).` */
function verdictLine(verdict: Verdict): string {
  const label = { 0: "", 1: " (single run)", 2: " (two runs)" }[verdict.runs.length];
  const said = verdict.word === "NOT EVALUABLE" ? "" : (label ?? ` (${verdict.runs.length} runs)`);
  const changed = verdict.changed ? " It was changed after the first result; see Methods." : "";
  return `The ${verdict.which} criterion ${code(verdict.text)} is **${verdict.word}**${said}.${changed}`;
}

/** Why the verdict is what it is, as sentences; the table of several runs is `verdictTable`. */
export function verdictReasons(verdict: Verdict, facts: ReportContext): readonly string[] {
  const label = facts.label;
  if (verdict.word === "NOT EVALUABLE") {
    // How a run ended is said by its finding, where there is one.
    const told = new Set(verdict.blocking.map(({ run }) => run));
    const obstacles = verdict.obstacles.filter(
      (one) => one.run === undefined || !told.has(one.run),
    );
    const said = verdict.blocking.slice(0, NAMED);
    const more = verdict.blocking.length - said.length;
    return [
      ...obstacleSentences(obstacles, label),
      ...said.map(({ run, finding }) =>
        sentence(`In ${label(run)}: ${reportFinding(run, finding)}`),
      ),
      ...(more > 0 ? [`${counted(more, "more flag")} of this kind stand in Discussion.`] : []),
    ];
  }
  const one = verdict.runs.length === 1;
  const sentences = verdict.judged.flatMap((judged) =>
    one
      ? judged.perRun.flatMap((measured) => measuredSentences(judged.comparison, measured, facts))
      : severalSentences(judged),
  );
  return one
    ? [...sentences, "One run; variation between runs unknown."]
    : [...sentences, `${verdict.passing} of ${counted(verdict.runs.length, "run")} meet it.`];
}

/** Each obstacle as a sentence; what hinders many runs alike is said once, with their number. */
function obstacleSentences(
  obstacles: readonly Obstacle[],
  label: ReportContext["label"],
): readonly string[] {
  const runs = new Map<string, ReportRun[]>();
  for (const { run, text } of obstacles)
    if (run !== undefined) runs.set(text, [...(runs.get(text) ?? []), run]);
  const general = obstacles.filter(({ run }) => run === undefined);
  return [
    ...general.map(({ text }) => sentence(sentenceCase(text))),
    ...[...runs].flatMap(([text, those]) =>
      those.length <= NAMED
        ? those.map((run) => sentence(sentenceCase(`${label(run)} ${text}`)))
        : [`${those.length} of the runs ${text.replace(/^(?:has|was|is)\b/, pluralVerb)}.`],
    ),
  ];
}

const pluralVerb = (verb: string): string =>
  ({ has: "have", was: "were", is: "are" })[verb] ?? verb;

/** A verdict and its reasons; those of the one before are not said again. */
export function verdictSentences(
  verdict: Verdict,
  reasons: readonly string[],
  before: readonly string[] | undefined,
): readonly string[] {
  const same = verdict.word === "NOT EVALUABLE" && before?.join("\n") === reasons.join("\n");
  const line = verdictLine(verdict);
  return same ? [line, "The reason is the same."] : [line, ...reasons];
}

function sentence(text: string): string {
  return text.endsWith("?") ? text : `${text}.`;
}

/** One row a run: both sides of a comparison, and whether it passes. */
export function verdictTable(judged: JudgedComparison, facts: ReportContext): string {
  const { comparison } = judged;
  return table(
    [
      "run",
      code(termText(comparison.left)),
      code(`${comparison.operator} ${termText(comparison.right)}`),
      "met",
    ],
    judged.perRun.map((one) => [
      facts.label(one.run),
      sideText(comparison.left, one.left, facts),
      sideText(comparison.right, one.right, facts),
      one.passes ? "yes" : "no",
    ]),
  );
}

function measuredSentences(
  comparison: Comparison,
  measured: MeasuredRun,
  facts: ReportContext,
): readonly string[] {
  const left = sideText(comparison.left, measured.left, facts);
  const right = sideText(comparison.right, measured.right, facts);
  const where = facts.label(measured.run);
  return [
    `In ${where}, ${sideName(comparison.left, measured.left)} is ${left}.`,
    `The criterion asks for ${ASKS[comparison.operator]} ${right}.`,
    ...baselineSentence(measured.right, facts),
  ];
}

function baselineSentence(worth: Worth, facts: ReportContext): readonly string[] {
  const runs = worth.operands.filter((one) => one.term.baseline).map((one) => one.run);
  const labels = [...new Set(runs)].map((run) => facts.label(run));
  return labels.length === 0 ? [] : [`The baseline is ${listed(labels)}.`];
}

function severalSentences(judged: JudgedComparison): readonly string[] {
  const { margin, perRun, comparison } = judged;
  const { left, right, operator } = comparison;
  if (margin === undefined) {
    if (perRun.length < 3) return ["From two runs nothing is estimated."];
    const settings = settingCount(perRun.map((one) => one.run));
    return settings > 1
      ? [`The runs are of ${settings} settings: each is judged by itself, and no mean is taken.`]
      : ["Each run has to be equal by itself."];
  }
  const limit = right.kind === "number" ? parseDecimal(right.token) : undefined;
  const isPlain = limit?.kind === "finite";
  const what = isPlain
    ? left.kind === "metric"
      ? `the ${pickedWord(left)} ${code(left.name)}`
      : code(termText(left))
    : `the margin ${code(`${termText(left)} - ${group(right, "-", termText)}`)}`;
  const mean = isPlain ? arithmetic("+", margin.mean, limit) : margin.mean;
  const bound = short(margin.bound + (isPlain ? toNumber(limit) : 0));
  return [
    `The mean of ${what} over ${perRun.length} runs is ${decimalText(mean)}, its one-sided 95 % t-bound ≈ ${bound}; the criterion asks for ${ASKS[operator]} ${isPlain ? limitText(right) : "0"}.`,
  ];
}

function limitText(term: Term): string {
  return term.kind === "number" ? term.token : "0";
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
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

/** The cited value of a side; for a derived one its operands as well: `0.49 (= 0.98 * 0.5 [2])`. */
function sideText(term: Term, worth: Worth, facts: ReportContext): string {
  const operands = [...worth.operands];
  const written = (inner: Term): string => {
    switch (inner.kind) {
      case "number":
        return inner.token;
      case "metric": {
        const operand = operands.shift();
        return operand === undefined ? "" : facts.sources.cite(operand.run, operand.sample);
      }
      case "negated":
        return `-${written(inner.term)}`;
      case "arithmetic": {
        const left = group(inner.left, inner.operator, written);
        return `${left} ${inner.operator.replace("*", "×")} ${group(inner.right, inner.operator, written)}`;
      }
    }
  };
  const text = written(term);
  if (term.kind === "number" || term.kind === "metric") return text;
  return `${decimalText(worth.value)} (= ${text})`;
}

/** The term as a criterion would write it. */
function termText(term: Term): string {
  switch (term.kind) {
    case "number":
      return term.token;
    case "metric": {
      const name = `${term.baseline ? "baseline." : ""}${term.name}`;
      const said = term.aggregation === "last" ? name : `${term.aggregation}(${name})`;
      return term.overSeeds ? `mean(${said})` : said;
    }
    case "negated":
      return `-${termText(term.term)}`;
    case "arithmetic": {
      const left = group(term.left, term.operator, termText);
      return `${left} ${term.operator} ${group(term.right, term.operator, termText)}`;
    }
  }
}

function group(term: Term, around: string, say: (term: Term) => string): string {
  const text = say(term);
  if (term.kind !== "arithmetic") return text;
  const binds = "*/".includes(term.operator) ? "+-" : "+";
  return binds.includes(around) ? text : `(${text})`;
}
