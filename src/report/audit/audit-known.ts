// What a person's own sentence on a page may state: logged values, what nightlab derives and
// counts, the plan's and the commands' numbers, and the differences that were tested.
import type { KnownComparison, KnownFacts, KnownValue } from "./audit-free.ts";
import { comparisonsOf } from "../../judge/comparisons.ts";
import { nameWithoutSeed } from "../../base/seed-name.ts";
import { ignoredBy, type ReportInput, type ReportRun } from "../../judge/input.ts";
import { isSourceEntry } from "./page-sources.ts";
import { readPage } from "./page-units.ts";
import { numberText, unitTokens } from "./unit-tokens.ts";

/** Everything known of an experiment; `fresh` is the page that logs and journal give now. */
export function knownFacts(
  input: ReportInput,
  fresh: string,
  logged?: KnownFacts["logged"],
): KnownFacts {
  const runs = [...input.runs, ...(input.baseline?.kind === "run" ? [input.baseline.run] : [])];
  const metrics = new Set(
    runs.flatMap((run) => run.reading.series.map(({ summary }) => summary.key)),
  );
  for (const metric of input.journal.plan.metrics) metrics.add(metric.key);
  const names = runs.flatMap(namesOf);
  return {
    values: [
      ...runs.flatMap(loggedValues),
      ...runs.flatMap(recordedValues),
      ...derived(input, fresh),
    ],
    comparisons: comparisonsOf(input).map((one): KnownComparison => {
      const { measure } = one;
      return {
        metric: measure.name,
        left: [one.group.name, ...one.group.runs.flatMap(namesOf)],
        right: ["baseline", one.baseline.name, ...one.baseline.runs.flatMap(namesOf)],
        sign: one.sign,
        ...(measure.better && { better: measure.better }),
      };
    }),
    runNames: new Set([...names, ...runs.map((run) => nameWithoutSeed(run.name)), "baseline"]),
    metricNames: metrics,
    ...(logged === undefined ? {} : { logged }),
  };
}

/** All the words by which a person may mean a run. */
export function namesOf(run: ReportRun): readonly string[] {
  const id = run.record === undefined ? [] : [run.record.id];
  return [run.folder, run.path, run.name, nameWithoutSeed(run.name), ...id];
}

function loggedValues(run: ReportRun): readonly KnownValue[] {
  const names = namesOf(run);
  return run.reading.series.flatMap(({ summary }) => {
    const { first, last, min, max, notFinite } = summary;
    const samples = [first, last, min, max, notFinite].flatMap((one) => one ?? []);
    return samples.flatMap((sample): KnownValue[] => [
      {
        token: sample.token,
        run: names,
        metric: summary.key,
        place: `${run.path}/${sample.file}:${sample.line}`,
      },
      ...(sample.step === undefined ? [] : [{ token: String(sample.step), run: names }]),
      { token: String(summary.count), run: names },
    ]);
  });
}

/** Seconds, limit, exit code and the numbers in a run's arguments. */
function recordedValues(run: ReportRun): readonly KnownValue[] {
  const { record } = run;
  if (record === undefined) return [];
  const names = namesOf(run);
  const args = record.args.flatMap((arg) => numbersIn(arg.replace(/^--?[\w-]+=/, "")));
  const own = [record.seconds, record.exitCode, record.limitMs / 1000, record.limitMs / 60_000];
  const tokens = [...args, ...own.flatMap((value) => (value === undefined ? [] : [String(value)]))];
  return tokens.map((token) => ({ token, run: names }));
}

/** Every number of the fresh page, the plan's, and the counts of runs. */
function derived(input: ReportInput, fresh: string): readonly KnownValue[] {
  const { plan } = input.journal;
  const counted = input.runs.filter((run) => ignoredBy(input, run) === undefined).length;
  const written = [plan.hypothesis, plan.success, plan.failure].flatMap((text) =>
    numbersIn(text ?? ""),
  );
  const shown = readPage(fresh).units.flatMap((unit) =>
    // Values of one run stand there cited; they are known with their run.
    (isSourceEntry(unit) ? [] : unitTokens(unit.text)).flatMap((token, i, all) =>
      token.kind === "number" && all[i + 1]?.kind !== "citation" ? [numberText(token.text)] : [],
    ),
  );
  const counts = [input.runs.length, counted, plan.metrics.length].map(String);
  return [...new Set([...written, ...shown, ...counts])].map((token) => ({ token }));
}

function numbersIn(text: string): readonly string[] {
  return unitTokens(text).flatMap((token) =>
    token.kind === "number" ? [numberText(token.text)] : [],
  );
}
