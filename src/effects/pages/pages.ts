// Writes an experiment's REPORT.md if its bytes differ, and never over a page that is not
// nightlab's; rebuilds plots and report without a daemon. The content is made in report/.
import { dirname, join, resolve } from "node:path";
import type { ReportInput } from "../../judge/input.ts";
import { renewPage } from "../../report/page/preserve-user-edits.ts";
import { withLineMarks } from "../../report/audit/line-marks.ts";
import { valueRefusals, type Refusal } from "../../report/audit/verify-values.ts";
import { reportTree } from "../../report/page/page.ts";
import {
  createReadingCache,
  type ExperimentFilesOptions,
  readExperimentFiles,
} from "../run-store/experiment-files.ts";
import { renewComparePlots, withFigures } from "../render/compare-plots.ts";
import { readSources } from "./verify-page.ts";
import { renewPlots } from "../render/run-plots.ts";
import { createRenderer, type Renderer } from "../render/render.ts";
import { readWithRetry } from "../os/read-with-retry.ts";
import { readSystemFile } from "../run-store/system-sampler.ts";
import { readRun } from "../run-store/tail.ts";
import { atomicWrite } from "../os/atomic-write.ts";

/** Attempts to write REPORT.md when saves keep coming between its reading and its writing. */
const REPORT_ATTEMPTS = 3;

const PAGE = "REPORT.md";
/** Where the report goes if the person has a REPORT.md of their own. */
const BESIDE = "REPORT.nightlab.md";

export interface RenewedReport {
  /** False if nothing was written: the bytes were the same, or writing failed. */
  readonly written: boolean;
  /** Absolute path of the page, also if it could not be written. */
  readonly path: string;
  /** Why the page is not up to date, in a sentence; the old one was kept. */
  readonly unwritten?: string;
  /** Why the new page failed verification; `unwritten` says so too. */
  readonly refused?: string;
  /** Messages for the person, each a sentence: a page that is not nightlab's, a full disk. */
  readonly problems: readonly string[];
}

/**
 * Brings an experiment's REPORT.md up to date, atomically and only if its bytes differ. If nightlab
 * did not write REPORT.md, the report goes to REPORT.nightlab.md. Rejects only if the journal
 * cannot be read.
 */
export async function renewReport(
  experimentDir: string,
  options: ReportOptions = {},
): Promise<RenewedReport> {
  const report = await renewOnce(experimentDir, options);
  if (report.refused === undefined) return report;
  // A log that changed while it was read is read anew, from its first byte.
  return renewOnce(experimentDir, { ...options, cache: createReadingCache() });
}

async function renewOnce(experimentDir: string, options: ReportOptions): Promise<RenewedReport> {
  const dir = resolve(experimentDir);
  const { renderer } = options;
  const { input } = await readExperimentFiles(dir, options);
  if (renderer === undefined) return writeReport(dir, input, options.wrote);
  const failures = await renewComparePlots(dir, input, renderer);
  const report = await writeReport(dir, await withFigures(dir, input), options.wrote);
  return { ...report, problems: [...failures, ...report.problems] };
}

export interface ReportOptions extends ExperimentFilesOptions {
  /** Draws the experiment's own pictures; without it they are left as they are. */
  readonly renderer?: Renderer;
  /** Called with what REPORT.md says, once it is written. */
  readonly wrote?: (text: string) => void;
}

export interface Rebuilt extends RenewedReport {
  readonly runs: number;
  /** Number of plots of runs that exist now. */
  readonly plots: number;
}

/** Rebuilds an experiment's plots and report from logs and journal alone, without a daemon. */
export async function rebuildExperiment(
  experimentDir: string,
  options: ExperimentFilesOptions = {},
): Promise<Rebuilt> {
  const dir = resolve(experimentDir);
  const before = await readExperimentFiles(dir, options);
  const promised = before.input.journal.plan.metrics.map((metric) => metric.key);
  const problems: string[] = [];
  const renderer = createRenderer();
  let plots = 0;
  try {
    for (const run of before.input.runs) {
      const runDir = join(dir, run.path);
      const reading = await readRun(runDir);
      // The findings as the report has them, which also use system samples and earlier runs.
      const { findings } = run;
      const runTitle = run.folder;
      const system = await readSystemFile(runDir);
      const made = await renewPlots({
        runDir,
        runTitle,
        reading,
        findings,
        promised,
        renderer,
        system,
      });
      plots += made.plots.length;
      problems.push(...made.failures);
    }
    const report = await renewReport(dir, { ...options, renderer });
    return {
      ...report,
      problems: [...problems, ...report.problems],
      runs: before.input.runs.length,
      plots,
    };
  } finally {
    await renderer.close();
  }
}

async function writeReport(
  dir: string,
  input: ReportInput,
  wrote?: ReportOptions["wrote"],
): Promise<RenewedReport> {
  const own = await writePage(join(dir, PAGE), input, wrote);
  switch (own.kind) {
    case "settled":
      return own.report;
    case "not-ours": {
      const beside = await writePage(join(dir, BESIDE), input);
      const notice = `${join(dir, PAGE)} was not written by nightlab and stays as it is; the report is in ${BESIDE} beside it. Move your page away to have the report there`;
      if (beside.kind === "settled") {
        return { ...beside.report, problems: [notice, ...beside.report.problems] };
      }
      const neither = `Cannot write the report of ${dir}: neither ${PAGE} nor ${BESIDE} was written by nightlab; move one of them away`;
      return { written: false, path: join(dir, PAGE), unwritten: neither, problems: [neither] };
    }
  }
}

/** Why a page does not pass verification, in one sentence. */
function refusalText(refusals: readonly Refusal[]): string {
  const [first] = refusals;
  const more = refusals.length > 1 ? `, and ${refusals.length - 1} more` : "";
  return `the new one says ${first?.said ?? ""}, and ${first?.message ?? ""}${more}`;
}

type PageWrite =
  { readonly kind: "settled"; readonly report: RenewedReport } | { readonly kind: "not-ours" };

async function writePage(
  path: string,
  input: ReportInput,
  wrote?: ReportOptions["wrote"],
): Promise<PageWrite> {
  const failed = (why: string): PageWrite => {
    const unwritten = `Cannot write ${path}: ${why}`;
    const report = { written: false, path, unwritten, problems: [unwritten] };
    return { kind: "settled", report };
  };
  const tree = reportTree(input);
  const { lineOf, troubleOf } = await readSources(dirname(path), tree);
  const blocks = withLineMarks(tree, lineOf);
  for (let attempt = 0; attempt < REPORT_ATTEMPTS; attempt += 1) {
    const current = await readWithRetry(path);
    if (current.kind === "refused") return failed(current.why);
    const renewed = renewPage(current.text, blocks);
    if (renewed.kind === "not-ours") return renewed;
    if (renewed.kind === "conflicted") {
      return failed(`git left conflict markers on line ${renewed.line}; resolve them first`);
    }
    if (renewed.text === current.text) {
      return { kind: "settled", report: { written: false, path, problems: [] } };
    }
    // Someone saved the page meanwhile: the next attempt merges that save.
    const again = await readWithRetry(path);
    if (again.kind === "refused") return failed(again.why);
    if (again.text !== current.text) continue;
    const refusals = valueRefusals(tree, input, troubleOf);
    if (refusals.length > 0) {
      const refused = refusalText(refusals);
      const unwritten = `Cannot write ${path}: the new page fails its own audit: ${refused}`;
      const report = { written: false, path, unwritten, refused, problems: [unwritten] };
      return { kind: "settled", report };
    }
    try {
      const written = await atomicWrite(path, renewed.text);
      wrote?.(renewed.text);
      return { kind: "settled", report: { written, path, problems: [] } };
    } catch (error) {
      return failed(error instanceof Error ? error.message : String(error));
    }
  }
  return failed("it is saved again and again; it is renewed at the next change");
}
