// Verifies a page before it is saved, from the tree that it is made of: each source is in its log's
// line, each literal in what a person or run.json says, and each derived value follows from its
// inputs once more (derived-values.ts). The page's text is not read for it.
import { numberTerms } from "../../criteria/criterion.ts";
import { readCriterion } from "../../criteria/expression.ts";
import { argsWithoutSeed } from "../../judge/groups.ts";
import { ignoredBy, type ReportInput, type ReportRun } from "../../judge/input.ts";
import type { ReportTree } from "../page/page.ts";
import { pathOf, textOf, valuesIn, type Literal, type Source, type Value } from "../page/values.ts";
import { derivedTrouble, isSource } from "./derived-values.ts";

/** Why a page is not saved. */
export interface Refusal {
  /** The value as the page has it. */
  readonly said: string;
  /** What is wrong with it, in words without a full stop. */
  readonly message: string;
}

/** What is wrong with a source, given its log's line as it is on disk; undefined where nothing is. */
export type SourceTrouble = (source: Source) => string | undefined;

/** Reasons not to save a page; none for a sound one. */
export function valueRefusals(
  tree: ReportTree,
  input: ReportInput,
  troubleOf: SourceTrouble,
): readonly Refusal[] {
  const written = writtenBy(input);
  const seen = new Set<Value>();
  const refusals: Refusal[] = [];
  const visit = (value: Value): void => {
    if (seen.has(value)) return;
    seen.add(value);
    const message = troubleIn(value);
    if (message !== undefined) refusals.push({ said: saidBy(value), message });
    if (value.kind !== "derived") return;
    for (const inputs of value.of) inputs.forEach(visit);
    if (isSource(value.value)) visit(value.value);
  };
  const troubleIn = (value: Value): string | undefined => {
    switch (value.kind) {
      case "literal":
        return literalTrouble(value, written);
      case "source":
        return written.places(value.run).has(placeOf(value))
          ? (numberTrouble(value, tree.sources) ?? troubleOf(value))
          : `nothing of the kind was read from ${pathOf(value)}:${value.line}`;
      case "derived":
        return derivedTrouble(value);
    }
  };
  for (const { text } of tree.blocks) valuesIn(text).forEach(visit);
  return refusals;
}

/** What logs, journal and run.json gave for the page. */
interface Written {
  readonly input: ReportInput;
  /** Runs by their paths; the baseline may be one of them, and was read by itself. */
  readonly runs: ReadonlyMap<string, readonly ReportRun[]>;
  /** What was read from the logs of the run with this path. */
  readonly places: (run: string) => ReadonlySet<string>;
  /** The numbers in a criterion. */
  readonly numbers: Readonly<Record<"success" | "failure", readonly string[]>>;
}

function writtenBy(input: ReportInput): Written {
  const { baseline, journal } = input;
  const others = baseline?.kind === "run" ? [baseline.run, ...(baseline.group ?? [])] : [];
  const runs = Map.groupBy([...input.runs, ...others], ({ path }) => path);
  const known = new Map<string, ReadonlySet<string>>();
  const places = (path: string): ReadonlySet<string> => {
    const found = known.get(path) ?? new Set(runs.get(path)?.flatMap(placesOf));
    known.set(path, found);
    return found;
  };
  const numbers = (which: "success" | "failure"): readonly string[] =>
    (readCriterion(journal.plan[which] ?? "").value?.comparisons ?? []).flatMap(({ left, right }) =>
      [left, right].flatMap(numberTerms).map(({ token }) => token),
    );
  return {
    input,
    runs,
    places,
    numbers: { success: numbers("success"), failure: numbers("failure") },
  };
}

/** Everything that was read from a run's logs and may be a source of the page. */
function placesOf({ path: run, reading, findings }: ReportRun): readonly string[] {
  const samples = reading.series.flatMap(({ summary: { first, last, min, max, notFinite } }) =>
    [first, last, min, max, notFinite].flatMap((one) => one ?? []),
  );
  const flags = findings.flatMap(({ evidence, metric: key, token }) =>
    evidence === undefined || key === undefined || token === undefined
      ? []
      : [{ ...evidence, key, token }],
  );
  return [...samples, ...flags].map((one) => placeOf({ ...one, run }));
}

/** A key of a source: equal for two that are one logged value. */
export function placeOf({
  run,
  file,
  line,
  offset,
  key,
  token,
}: Omit<Source, "kind" | "as">): string {
  return JSON.stringify([run, file, line, offset, key, token]);
}

/** The number of a source leads to an entry of the list that is the same logged value. */
function numberTrouble(source: Source, entries: readonly Source[]): string | undefined {
  const { number } = source;
  if (number === undefined) return undefined;
  const entry = entries[number - 1];
  // A line may say a value twice: redraws of a bar have one line, and an offset each.
  const { offset } = source;
  return entry?.number === number && placeOf({ ...entry, offset }) === placeOf(source)
    ? undefined
    : `entry ${number} of the list of sources is another value`;
}

function literalTrouble({ token, of }: Literal, written: Written): string | undefined {
  if ("criterion" in of) {
    return written.numbers[of.criterion][of.at] === token
      ? undefined
      : `the ${of.criterion} criterion has no such number`;
  }
  const [run] = written.runs.get(of.run) ?? [];
  const said = run === undefined ? undefined : saidOfRun(run, of.says, written.input);
  return said === token ? undefined : `${of.run} says ${said ?? "nothing of the kind"}`;
}

function saidOfRun(
  run: ReportRun,
  says: "state" | "ignored" | "setting",
  input: ReportInput,
): string | undefined {
  switch (says) {
    case "state":
      return run.record === undefined ? "by hand" : (run.record.ending ?? "running");
    case "ignored":
      return ignoredBy(input, run) === undefined ? undefined : "ignored";
    case "setting":
      return argsWithoutSeed(run).join("\n");
  }
}

function saidBy(value: Value): string {
  if (value.kind !== "source") return textOf([value]);
  return `${value.key} ${value.token}`;
}
