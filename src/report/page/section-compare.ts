// Results: each group of runs compared with the baseline, and the settings of a sweep side by side.
// The numbers come from judge/comparisons.ts; what they mean is left to the person.
import {
  measureGroup,
  measuresOf,
  type GroupComparison,
  type Measure,
  type Measurement,
  REPORT_COMPARISONS,
} from "../../judge/comparisons.ts";
import { compareDecimals, type Decimal } from "../../base/decimal.ts";
import type { Operand } from "../../judge/evaluate.ts";
import type { ReportContext } from "./report-context.ts";
import type { RunGroup } from "../../judge/groups.ts";
import type { ReportRun } from "../../judge/input.ts";
import { code, counted, listed, plain } from "../../base/markdown.ts";
import { differenceValues, type DifferenceValues } from "./difference-values.ts";
import { saidOf } from "./run-table.ts";
import { sourceOf } from "./sources.ts";
import {
  counting,
  joined,
  rich,
  type Content,
  type Derived,
  type ReportBlock,
  type Rich,
} from "./values.ts";
import { searched, sweepOf } from "../../judge/sweep.ts";

/** The table of differences to the baseline; nothing without a baseline or values. */
export function baselineBlocks(context: ReportContext): readonly ReportBlock[] {
  const swept = sweptOnly(context);
  const comparisons = context.comparisons.filter((one) => !swept.has(one.group.runs[0]));
  if (comparisons.length === 0) return [];
  const head = [
    "runs",
    "metric",
    "values",
    "of the baseline",
    "difference",
    "95 % interval",
    "outcome",
  ];
  const values = differenceValues(context.comparisons);
  const rows = comparisons.map((one): readonly Content[] => {
    const { difference, interval } = values(one);
    return [
      groupLabel(one.group, context),
      measureText(one.measure),
      cellText(one.left, context),
      cellText(one.right, context),
      [difference],
      interval === undefined ? "" : [interval],
      outcomeText(one, values(one)),
    ];
  });
  const tested = comparisons.filter((one) => one.difference.kind !== "observed").length;
  const baseline = comparisons[0]?.baseline;
  const who = baseline === undefined ? "" : listed(baseline.runs.map(context.label));
  const notes = [
    `The baseline is ${who}. A difference is the mean of the runs less that of the baseline.`,
    ...testNotes(comparisons, tested),
    ...withoutNotes(comparisons.map((one) => [one.left, one.right]).flat(), context),
  ];
  return [
    { key: "results.baseline", text: "### Against the baseline" },
    { key: "results.baseline.table", text: { head, rows } },
    { key: "results.baseline.note", text: notes.join(" ") },
  ];
}

/** First runs of settings with too few runs to be tested; the table of the sweep shows them. */
function sweptOnly(context: ReportContext): ReadonlySet<ReportRun | undefined> {
  const sweep = sweepOf(searched(context.counted, context.evidence));
  const few = (sweep?.groups ?? []).filter((group) => group.runs.length < 3);
  return new Set(few.map((group) => group.runs[0]));
}

function testNotes(comparisons: readonly GroupComparison[], tested: number): readonly string[] {
  const observed = comparisons.filter(({ difference }) => difference.kind === "observed");
  const flat = observed.filter(
    ({ left, right }) => Math.min(left.values.length, right.values.length) > 2,
  );
  const untested = [
    ...(observed.length > flat.length
      ? ["With fewer than three runs on a side a difference is observed, not tested."]
      : []),
    ...(flat.length > 0
      ? ["Where the values show no spread, a difference is observed, not tested."]
      : []),
  ];
  if (tested === 0) return untested;
  const all =
    tested === 1
      ? "One difference is tested, so its p needs no correction."
      : `${tested} differences are tested; each p is corrected for that by Holm's method, the intervals are not.`;
  return [all, "A difference counts as shown where its corrected p is below 0.05.", ...untested];
}

function outcomeText(
  { difference }: GroupComparison,
  { direction, adjusted }: DifferenceValues,
): Content {
  if (direction === undefined || adjusted === undefined) return "difference observed, not tested";
  const how = difference.kind === "welch" ? "Welch's t" : "paired t, shared seeds";
  return rich`${direction} (${how}, p ${adjusted})`;
}

/** The settings of a sweep and the best of them, with the note that it confirms nothing. */
export function sweepBlocks(context: ReportContext): readonly ReportBlock[] {
  const sweep = sweepOf(searched(context.counted, context.evidence));
  const measures = measuresOf(context.input);
  if (sweep === undefined || measures.length === 0) return [];
  const shown = sweep.groups.slice(0, REPORT_COMPARISONS);
  const chosen = measures.slice(0, 4);
  const rows = shown.map((group): readonly Content[] => [
    code(settingText(group, sweep.options)),
    groupLabel(group, context),
    ...chosen.map((measure) => cellText(measureGroup(measure, group.runs), context)),
  ]);
  const more = sweep.groups.length - shown.length;
  const notes = [
    ...(more > 0 ? [`${counted(more, "more setting")} are not listed.`] : []),
    ...chosen.flatMap((measure) => bestText(measure, sweep.groups, context)),
    "The best of a sweep was picked after the results were seen; it confirms nothing.",
    ...withoutNotes(
      chosen.flatMap((measure) => sweep.groups.map((group) => measureGroup(measure, group.runs))),
      context,
    ),
  ];
  return [
    { key: "results.sweep", text: `### Sweep over ${listed(sweep.options.map(code))}` },
    {
      key: "results.sweep.table",
      text: { head: ["setting", "runs", ...chosen.map(measureText)], rows },
    },
    { key: "results.sweep.note", text: joined(notes, " ") },
  ];
}

/** `The smallest last val/loss of 4 settings and 4 runs is 0.31 [3], in lr-1.` */
function bestText(
  measure: Measure,
  groups: readonly RunGroup[],
  context: ReportContext,
): readonly Content[] {
  const all = groups.flatMap((group) => {
    const { operands, values } = measureGroup(measure, group.runs);
    return operands.flatMap((operand, i) => {
      const value = values[i];
      return value === undefined ? [] : [{ operand, value, setting: group.args.join("\n") }];
    });
  });
  const sorted = all.toSorted((a, b) => compareDecimals(a.value, b.value) ?? 0);
  const [low, high] = [sorted[0]?.value, sorted.at(-1)?.value];
  if (low === undefined || high === undefined || compareDecimals(low, high) === 0) return [];
  const values = all.map(({ operand: { run, sample } }) => sourceOf(run, sample));
  const settings: Derived = {
    kind: "derived",
    how: "kinds",
    of: [all.map(({ operand: { run }, setting }) => saidOf(run, "setting", setting))],
    value: BigInt(new Set(all.map(({ setting }) => setting)).size),
  };
  const of = rich`of ${settings} ${settings.value === 1n ? "setting" : "settings"} and ${counting(values, "run")}`;
  const sentences = (how: "smallest" | "largest", best: Decimal): readonly Rich[] => {
    const equal = all.filter(({ value }) => compareDecimals(value, best) === 0);
    const [one] = equal;
    if (one === undefined) return [];
    const { run, sample } = one.operand;
    const runs = equal.map(({ operand }) => context.label(operand.run));
    const where = runs.length > 3 ? counted(runs.length, "run") : listed(runs);
    const value = context.sources.cite(run, sample);
    const found: Derived = { kind: "derived", how, of: [values], value };
    return [rich`The ${how} ${measureText(measure)} ${of} is ${found}, in ${where}.`];
  };
  return [
    ...(measure.better === "max" ? [] : sentences("smallest", low)),
    ...(measure.better === "min" ? [] : sentences("largest", high)),
  ];
}

function cellText({ operands }: Measurement, context: ReportContext): Content {
  return operands.length === 0
    ? "none"
    : joined(
        operands.map((one: Operand) => context.sources.cite(one.run, one.sample)),
        ", ",
      );
}

/** ``last `val/loss` ``: a measure's name in tables and sentences. */
export function measureText(measure: Pick<Measure, "name" | "aggregation">): string {
  return `${measure.aggregation} ${code(measure.name)}`;
}

function groupLabel(group: RunGroup, context: ReportContext): string {
  if (group.runs.length > 3) return `${plain(group.name)}, ${counted(group.runs.length, "run")}`;
  return listed(group.runs.map(context.label));
}

function settingText(group: RunGroup, options: readonly string[]): string {
  return group.args.length === 0 ? `no ${options.join(" ")}` : group.args.join(" ");
}

/** Names the runs that are in no mean, so that none is dropped silently. */
function withoutNotes(measured: readonly Measurement[], context: ReportContext): readonly string[] {
  const runs = [...new Set(measured.flatMap((one) => one.without))];
  if (runs.length === 0) return [];
  const who = runs.length > 5 ? counted(runs.length, "run") : listed(runs.map(context.label));
  const verb = runs.length === 1 ? "has" : "have";
  return [`${who} ${verb} no place in it: not ended well, or without a finite value.`];
}
