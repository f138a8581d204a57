// What a person's own sentences may state: logged values, quantities that nightlab derives and
// counts, the numbers of the plan and of the commands, and the differences that were tested.
import { compareDecimals, parseDecimal, type Decimal } from "../../base/decimal.ts";
import { comparisonsOf } from "../../judge/comparisons.ts";
import { nameWithoutSeed } from "../../base/seed-name.ts";
import { ignoredBy, type ReportInput, type ReportRun } from "../../judge/input.ts";
import { isSourceEntry } from "./page-sources.ts";
import { readPage } from "./page-units.ts";
import { numberText, numbersIn, unitTokens } from "./unit-tokens.ts";
import { defined } from "../../base/defined.ts";

/** A value that a sentence on a page may state. */
export interface KnownValue {
  readonly token: string;
  /** All names of the run that logged it; absent for a derived value or a count. */
  readonly run?: readonly string[];
  readonly metric?: string;
  /** The path and line of the log, as shown to a person. */
  readonly place?: string;
}

/** A difference that was tested, with the result. */
export interface KnownComparison {
  readonly metric: string;
  /** All names of the runs on the left side. */
  readonly left: readonly string[];
  /** All names of the runs on the right side. */
  readonly right: readonly string[];
  /** Sign of left − right where the test shows a difference; 0 where it does not. */
  readonly sign: -1 | 0 | 1;
  /** Whether small or large values are better, where the plan says so. */
  readonly better?: "min" | "max";
}

/** Everything that a person's own sentences may state about an experiment. */
export interface KnownFacts {
  readonly values: readonly KnownValue[];
  readonly comparisons: readonly KnownComparison[];
  /** All names of all runs: a sentence is checked against the runs it names. */
  readonly runNames: ReadonlySet<string>;
  readonly metricNames: ReadonlySet<string>;
  /**
   * All values that the named runs logged, or that any run logged if none is named. A function,
   * because reading whole logs is slow and seldom needed.
   */
  readonly logged?: (runs: readonly string[]) => readonly ReadonlySet<number>[];
}

/** The known facts of an experiment; `fresh` is the page that logs and journal give now. */
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
    ...defined({ logged }),
  };
}

/** All the names by which a person may refer to a run. */
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

/** A run's duration, time limit, exit code and the numbers in its arguments. */
function recordedValues(run: ReportRun): readonly KnownValue[] {
  const { record } = run;
  if (record === undefined) return [];
  const names = namesOf(run);
  const args = record.args.flatMap((arg) => numbersIn(arg.replace(/^--?[\w-]+=/, "")));
  const own = [record.seconds, record.exitCode, record.limitMs / 1000, record.limitMs / 60_000];
  const tokens = [...args, ...own.flatMap((value) => (value === undefined ? [] : [String(value)]))];
  return tokens.map((token) => ({ token, run: names }));
}

/** The numbers of the fresh page and of the plan, and the counts of runs. */
function derived(input: ReportInput, fresh: string): readonly KnownValue[] {
  const { plan } = input.journal;
  const counted = input.runs.filter((run) => ignoredBy(input, run) === undefined).length;
  const written = [plan.hypothesis, plan.success, plan.failure].flatMap((text) =>
    numbersIn(text ?? ""),
  );
  const shown = readPage(fresh).units.flatMap((unit) =>
    // A cited value is a value of one run, and known with that run.
    (isSourceEntry(unit) ? [] : unitTokens(unit.text)).flatMap((token, i, all) =>
      token.kind === "number" && all[i + 1]?.kind !== "citation" ? [numberText(token.text)] : [],
    ),
  );
  const counts = [input.runs.length, counted, plan.metrics.length].map(String);
  return [...new Set([...written, ...shown, ...counts])].map((token) => ({ token }));
}

/**
 * Whether a number equals a token's value; an estimate (`≈ 0.31`) counts with its written digits.
 */
export function isSame(said: Decimal, token: string): boolean {
  const value = parseDecimal(token.replace(/^≈\s*/, ""));
  if (value === undefined) return false;
  if (said.kind === "nan" || value.kind === "nan") return said.kind === value.kind;
  return compareDecimals(said, value) === 0;
}

/** Whether a written decimal is `value` rounded to as many decimals as it has. */
export function isRounding(written: string, value: number): boolean {
  const part =
    /^[-+]?\d*\.(\d+)$/.exec(written)?.[1] ?? (/^[-+]?\d+$/.test(written) ? "" : undefined);
  if (part === undefined || !Number.isFinite(value) || part.length > 15) return false;
  return Math.abs(Number(written) - value) <= 0.5 * 10 ** -part.length * (1 + 1e-9);
}

/**
 * Whether a tested difference supports a word of comparison (`better`, `lower than`) about these
 * runs and metrics. The first run named is the subject of the comparison.
 */
export function isSupported(
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
