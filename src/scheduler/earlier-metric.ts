// `if`: whether an earlier run's metrics meet a condition, in the language of criteria/.
// Only final values count: a running run is waited for, and a failed one holds the command.
import { ENDED } from "../domain/command-state.ts";
import type { MetricSummary } from "../domain/sample.ts";
import { sameMetric } from "../domain/metric-key.ts";
import type { Command, World } from "../domain/world.ts";
import {
  mapMetrics,
  metricTerms,
  termMetrics,
  type Comparison,
  type MetricTerm,
  type Term,
} from "../criteria/criterion.ts";
import { decimalText } from "../base/decimal.ts";
import { directionIn, evaluate, holds, type Missing, type Scope } from "../judge/evaluate.ts";
import { readCriterion } from "../criteria/expression.ts";
import type { ReportRun } from "../judge/input.ts";
import { isSettling } from "./approval.ts";
import { isSweep } from "../domain/members.ts";
import { resolveTarget } from "../domain/resolve-reference.ts";
import { READY, type Condition } from "./readiness.ts";

const hold = (reason: string): Condition => ({ kind: "hold", reason });

/** Evaluates a command's `if`: ready where it holds or there is none, skip where it is false. */
export function judgeIf(world: World, command: Command): Condition {
  const { spec, parent, earlierRuns = [] } = command;
  // Judged already: for the sweep as a whole, or before the first attempt.
  if (spec.if === undefined || parent !== undefined || earlierRuns.length > 0) return READY;
  const criterion = readCriterion(spec.if).value;
  if (criterion === undefined) return hold("`if` cannot be read");
  const named = new Map<string, Named>();
  for (const term of metricTerms(criterion)) {
    const found = runNamed(world, command, term);
    if ("kind" in found) return found;
    named.set(term.name, found);
  }
  for (const comparison of criterion.comparisons) {
    const answer = judge(world, command, comparison, named);
    if (answer.kind === "skip") {
      return { ...answer, reason: `\`${criterion.text}\` is not so: ${answer.reason}` };
    }
    if (answer.kind !== "ready") return answer;
  }
  return READY;
}

/** The run and the metric that a term of the expression names. */
interface Named {
  readonly run: ReportRun;
  readonly metric: string;
}

/** The run that a term names, once it is done; until then what to wait for, or what is wrong. */
function runNamed(world: World, command: Command, term: MetricTerm): Named | Condition {
  const { written, metric, found } = resolve(world, command, term.name);
  if (found === undefined) {
    const settling = settlingName(world, command, term.name);
    if (settling !== undefined) {
      return { kind: "wait", reason: `until \`${settling}\` has been taken up` };
    }
    const what =
      written === "" ? `\`${term.name}\` names no run` : `no run is called \`${written}\``;
    return hold(`${what}; write \`if\` as \`full.val/loss < 0.4\``);
  }
  const title = `\`${found.id}\` (${found.spec.target})`;
  if (found.id === command.id) return hold("its `if` is about itself");
  if (isSweep(found)) {
    const [first = `${found.id}.1`] = found.members ?? [];
    return hold(`${title} is a sweep: name one of its runs in \`if\`, such as \`${first}\``);
  }
  if (!ENDED.has(found.state)) return { kind: "wait", reason: `after \`${found.id}\`` };
  if (found.state === "done" && found.run?.outcome !== undefined) {
    return { run: asReportRun(found), metric };
  }
  return hold(`${title}, which its \`if\` is about, ended as ${found.state}`);
}

interface Resolved {
  /** The run as written before the metric; empty where none is. */
  readonly written: string;
  readonly metric: string;
  readonly found: Command | undefined;
}

/**
 * Splits `full.val/loss` at the last dot whose left side is a run: names may have dots, as `lr-0.1`
 * and `k7f3.2`. Without one, the run is the one of `after`, where that is a single run.
 */
function resolve(world: World, command: Command, name: string): Resolved {
  for (let at = name.lastIndexOf("."); at > 0; at = name.lastIndexOf(".", at - 1)) {
    const written = name.slice(0, at);
    const found = resolveTarget(world, command.experiment, written, command);
    if (found !== undefined) return { written, metric: name.slice(at + 1), found };
  }
  const dot = name.indexOf(".");
  if (dot > 0)
    return { written: name.slice(0, dot), metric: name.slice(dot + 1), found: undefined };
  const [after, ...more] = command.spec.after ?? [];
  const single = more.length === 0 ? after?.target : undefined;
  const found =
    single === undefined ? undefined : resolveTarget(world, command.experiment, single, command);
  return { written: "", metric: name, found };
}

/** The target of a block that a term may name and that has not settled. */
function settlingName(world: World, { experiment, spec }: Command, name: string) {
  const named = (spec.after ?? []).map(({ target }) => target);
  for (let at = name.lastIndexOf("."); at > 0; at = name.lastIndexOf(".", at - 1)) {
    named.push(name.slice(0, at));
  }
  return named.find((one) => isSettling(world, experiment, one));
}

function judge(
  world: World,
  { experiment }: Command,
  comparison: Comparison,
  named: ReadonlyMap<string, Named>,
): Condition {
  const promised = world.views.get(experiment)?.reading.plan.metrics ?? [];
  const metricOf = ({ name }: MetricTerm): string => named.get(name)?.metric ?? name;
  const better = directionIn(
    comparison,
    termMetrics(comparison.left).map(metricOf),
    (name) => promised.find(({ key }) => sameMetric(key, name))?.direction,
  );
  // Terms are renamed to `<index>.<metric>`: a dot may split a name in several ways.
  const [names, runs] = [[...named.keys()], [...named.values()]];
  const numbered = (term: Term): Term =>
    mapMetrics(term, (one) => ({ ...one, name: `${names.indexOf(one.name)}.${metricOf(one)}` }));
  const others = (number: string): ReportRun | undefined => runs[Number(number)]?.run;
  const scope: Scope = { run: NO_RUN, better, others };
  const left = evaluate(numbered(comparison.left), scope);
  const right = evaluate(numbered(comparison.right), scope);
  if (left.kind === "missing") return unknown(left.missing);
  if (right.kind === "missing") return unknown(right.missing);
  for (const { value, operands } of [left.worth, right.worth]) {
    if (value.kind === "finite") continue;
    const what = operands.map(({ term }) => `\`${names[Number.parseInt(term.name, 10)]}\``);
    return hold(`${what.join(", ")} gives ${decimalText(value)}, which decides no \`if\``);
  }
  const { operator } = comparison;
  if (holds(operator, left.worth.value, right.worth.value)) return READY;
  const [one, other] = [left, right].map(({ worth }) => decimalText(worth.value));
  return { kind: "skip", reason: `${one} is not ${operator} ${other}` };
}

function unknown({ run, term, reason }: Missing): Condition {
  const of = run === undefined || run.name === "" ? "" : ` of \`${run.name}\``;
  return hold(`\`${term.name}\`${of}, which its \`if\` is about, has no value: ${reason}`);
}

/** A run of the world in the form that criteria evaluate; they read its metrics only. */
function asReportRun({ spec, run }: Command): ReportRun {
  const series = (run?.outcome?.metrics ?? []).map((summary: MetricSummary) => ({
    summary,
    stepKey: "sample" as const,
    steps: new Float64Array(),
    values: new Float64Array(),
    lines: new Uint32Array(),
  }));
  const folder = run?.folder ?? "";
  const reading = { ...NO_RUN.reading, series };
  return { ...NO_RUN, name: spec.target, folder, path: `runs/${folder}`, reading };
}

const NO_RUN: ReportRun = {
  folder: "",
  name: "",
  path: "",
  reading: {
    series: [],
    tracebacks: [],
    deathMarkers: [],
    lastLines: [],
    unread: { count: 0 },
    files: [],
  },
  findings: [],
  plots: [],
};
