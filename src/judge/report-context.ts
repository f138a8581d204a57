// What every section of the report needs to know, worked out once: who counts, who is shown in
// full, how a run is called, and the verdicts. Sections turn it into words.
import { comparisonsOf, type GroupComparison } from "./comparisons.ts";
import { evidenceOf, type Evidence } from "./evidence.ts";
import { ignoredBy, type ReportInput, type ReportRun } from "./input.ts";
import { code, link, plain } from "../base/markdown.ts";
import { createSources, type Sources } from "./sources.ts";
import { verdictsOf, type Verdict } from "./verdict.ts";

/** Runs whose tables and figures stand in REPORT.md itself; a page with more is not read. */
const REPORT_RUNS = 12;

export interface ReportContext {
  readonly input: ReportInput;
  readonly evidence: Evidence;
  readonly verdicts: readonly Verdict[];
  /** Runs that no line of the person's leaves out. */
  readonly counted: readonly ReportRun[];
  /** Those of them whose tables and figures stand on the page, in the order of their start. */
  readonly shown: readonly ReportRun[];
  /** Groups of runs beside the baseline's. */
  readonly comparisons: readonly GroupComparison[];
  readonly sources: Sources;
  /** What a run is called in prose: its name, or its folder where others have the same name. */
  readonly label: (run: ReportRun) => string;
}

/** The facts of one report. */
export function reportContext(input: ReportInput): ReportContext {
  const counted = input.runs.filter((run) => ignoredBy(input, run) === undefined);
  const evidence = evidenceOf(input);
  const names = new Map<string, number>();
  for (const run of input.runs) names.set(run.name, (names.get(run.name) ?? 0) + 1);
  return {
    input,
    evidence,
    verdicts: verdictsOf(input),
    comparisons: comparisonsOf(input),
    counted,
    shown: shownRuns(counted, evidence),
    sources: createSources(),
    label: (run) => code(names.get(run.name) === 1 ? run.name : run.folder),
  };
}

/** `[JOURNAL.md:12](JOURNAL.md#L12)`. */
export function citeJournal(line: number, file = "JOURNAL.md"): string {
  return link(`${plain(file)}:${line}`, file, line);
}

/** The newest runs that are evidence, then the newest others, as many as a page can carry. */
function shownRuns(counted: readonly ReportRun[], evidence: Evidence): readonly ReportRun[] {
  const judged = new Set(evidence.runs);
  const others = counted.filter((run) => !judged.has(run));
  const chosen = new Set(evidence.runs.slice(-REPORT_RUNS));
  for (const run of others.toReversed()) {
    if (chosen.size >= REPORT_RUNS) break;
    chosen.add(run);
  }
  return counted.filter((run) => chosen.has(run));
}
