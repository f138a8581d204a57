// What all sections of a report need, computed once: which runs count, which are shown in full, how
// each is called, and the verdicts. The words are the section files'.
import { comparisonsOf, type GroupComparison } from "../../judge/comparisons.ts";
import { evidenceOf, type Evidence } from "../../judge/evidence.ts";
import { ignoredBy, type ReportInput, type ReportRun } from "../../judge/input.ts";
import { code, link, plain } from "../../base/markdown.ts";
import { createSources, type Sources } from "./sources.ts";
import { verdictsOf, type Verdict } from "../../judge/verdict.ts";

/** REPORT.md has the tables and figures of at most this many runs: nobody reads a longer page. */
const REPORT_RUNS = 12;

export interface ReportContext {
  readonly input: ReportInput;
  readonly evidence: Evidence;
  readonly verdicts: readonly Verdict[];
  /** The runs that are not ignored. */
  readonly counted: readonly ReportRun[];
  /** The counted runs whose tables and figures are on the page, in the order of their start. */
  readonly shown: readonly ReportRun[];
  /** Each group of runs compared with the baseline. */
  readonly comparisons: readonly GroupComparison[];
  readonly sources: Sources;
  /** A run's name in prose, or its folder if another run has the same name. */
  readonly label: (run: ReportRun) => string;
}

/** The context of one report. */
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

/** A link to a line of the journal: `[JOURNAL.md:12](JOURNAL.md#L12)`. */
export function citeJournal(line: number, file = "JOURNAL.md"): string {
  return link(`${plain(file)}:${line}`, file, line);
}

/** The newest runs that are evidence, then the newest others, up to REPORT_RUNS. */
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
