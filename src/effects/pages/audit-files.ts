// Reads what an audit needs: the page, the experiment from its logs, and the log lines that the
// page cites. The audit itself is report/audit/audit.ts.
import { dirname, join, resolve } from "node:path";
import { auditPage, type LogLines } from "../../report/audit/audit.ts";
import type { AuditResult } from "../../report/audit/audit-finding.ts";
import { auditJournal } from "../../report/audit/audit-journal.ts";
import { knownFacts, namesOf } from "../../report/audit/audit-known.ts";
import { auditReceipts } from "../../report/audit/audit-receipts.ts";
import { renderReport } from "../../report/page/page.ts";
import { citedLines } from "./cited-lines.ts";
import { readExperimentFiles, type ExperimentFiles } from "../run-store/experiment-files.ts";
import { readWithRetry } from "../os/read-with-retry.ts";
import { readRun } from "../run-store/tail.ts";

export type AuditedPage =
  | { readonly kind: "audited"; readonly path: string; readonly result: AuditResult }
  | { readonly kind: "absent"; readonly path: string }
  | { readonly kind: "refused"; readonly path: string; readonly why: string };

/**
 * Audits pages of one experiment, in the order given. Of its JOURNAL.md the receipts and the
 * person's sentences are checked. Rejects if the experiment's journal cannot be read.
 */
export async function auditFiles(
  experimentDir: string,
  pages: readonly string[],
  options: { readonly labDir?: string } = {},
): Promise<readonly AuditedPage[]> {
  const files = await readExperimentFiles(experimentDir, options);
  const audited: AuditedPage[] = [];
  for (const path of pages) audited.push(await auditFile(resolve(path), files));
  return audited;
}

async function auditFile(path: string, files: ExperimentFiles): Promise<AuditedPage> {
  if (path === join(files.experimentDir, "JOURNAL.md")) {
    return { kind: "audited", path, result: await auditOwnJournal(files) };
  }
  const read = await readWithRetry(path);
  if (read.kind === "refused") return { kind: "refused", path, why: read.why };
  if (read.text === undefined) return { kind: "absent", path };
  const lines = await citedLines(read.text, dirname(path), files);
  const lineOf = (file: string, line: number): string | undefined => lines.get(`${file}#${line}`);
  return { kind: "audited", path, result: await auditText(read.text, lineOf, files) };
}

/** Audits the text of a page; `lineOf` gives the log lines that it cites. */
export async function auditText(
  text: string,
  lineOf: LogLines,
  files: ExperimentFiles,
): Promise<AuditResult> {
  const fresh = renderReport(files.input);
  const first = auditPage(text, fresh, knownFacts(files.input, fresh), lineOf);
  const unexplained = first.findings.filter(
    (one) => one.kind === "orphan" || one.kind === "rounded",
  );
  if (unexplained.length === 0) return first;
  // These may be values from the middle of a log, which no summary holds: read the logs in full.
  const logged = await loggedValues(files);
  return auditPage(text, fresh, knownFacts(files.input, fresh, logged), lineOf);
}

/** Audits the receipts of the experiment's journal and the person's sentences in it. */
async function auditOwnJournal(files: ExperimentFiles): Promise<AuditResult> {
  const { input, journalText } = files;
  const receipts = auditReceipts(input, journalText);
  const fresh = renderReport(input);
  let own = auditJournal(input, journalText, knownFacts(input, fresh));
  if (own.findings.some((one) => one.kind === "orphan")) {
    const logged = await loggedValues(files);
    own = auditJournal(input, journalText, knownFacts(input, fresh, logged));
  }
  return {
    findings: [...receipts.findings, ...own.findings].toSorted((a, b) => a.line - b.line),
    claims: receipts.claims + own.claims,
    absent: 0,
  };
}

/**
 * Every logged value, per run: the returned function gives those of the named runs, or of all runs
 * if none of the names is known.
 */
async function loggedValues(
  files: ExperimentFiles,
): Promise<(runs: readonly string[]) => readonly ReadonlySet<number>[]> {
  const values = new Map<string, Set<number>>();
  for (const run of files.input.runs) {
    const reading = await readRun(join(files.experimentDir, run.path));
    const logged = new Set<number>();
    for (const series of reading.series) for (const value of series.values) logged.add(value);
    for (const name of namesOf(run)) {
      const known = values.get(name);
      if (known === undefined) values.set(name, new Set(logged));
      else for (const value of logged) known.add(value);
    }
  }
  return (runs) => {
    const known = runs.filter((name) => values.has(name));
    const chosen = known.length > 0 ? known : [...values.keys()];
    return chosen.flatMap((name) => values.get(name) ?? []);
  };
}
