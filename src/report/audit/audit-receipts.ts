// Audits the receipts of a journal, of single runs and of sweeps: the metrics, times and flags in
// them against the runs' records and logs. The person's own sentences are audit-journal.ts.
import { normalReceiptBlock } from "../../base/receipt-block.ts";
import { receiptFinding } from "../../domain/receipt-flags.ts";
import { sameMetric } from "../../domain/metric-key.ts";
import type { Series } from "../../domain/sample.ts";
import { spanText } from "../../base/time.ts";
import { oneLine, type AuditFinding, type AuditResult } from "./audit-finding.ts";
import type { ReportInput, ReportRun } from "../../judge/input.ts";
import { numbersIn, unescaped } from "./unit-tokens.ts";

/** The findings of all receipts of ended runs. `text` is the journal that `input` was read from. */
export function auditReceipts(input: ReportInput, text: string): AuditResult {
  const findings: AuditFinding[] = [];
  let claims = 0;
  for (const { receipt } of input.journal.blocks) {
    let run = latestRun(input, receipt?.heads[0]?.id);
    for (const block of receipt?.blocks ?? []) {
      const normal = normalReceiptBlock(block.normal);
      const head = /^\*\*([a-z]+)\*\* `([a-z0-9]+)`/.exec(normal);
      if (head !== null) run = latestRun(input, head[2]);
      const line = text.slice(0, block.span.start).split("\n").length;
      if (isSweepTable(normal)) {
        const table = text.slice(block.span.start, block.span.end);
        claims += numbersIn(normal).length;
        findings.push(...tableFindings(input, table, line));
        continue;
      }
      const ofSweep = run === undefined ? sweepTroubles(input, normal) : [];
      findings.push(...ofSweep.map((one) => ({ ...one, line })));
      if (run === undefined || run.record?.ending === undefined) continue;
      claims += numbersIn(normal).length;
      const found = head === null ? flagTroubles(run, normal) : headTroubles(run, head[1], normal);
      findings.push(...found.map((one) => ({ ...one, line })));
    }
  }
  return { findings, claims, absent: 0 };
}

type Trouble = Omit<AuditFinding, "line">;

/** The run of a command. A retried command has several: the receipt is about the newest. */
function latestRun(input: ReportInput, id: string | undefined): ReportRun | undefined {
  return input.runs.findLast((run) => run.record?.id === id && id !== undefined);
}

/** A line of a sweep's receipt about some of its runs: a flag that they share, or the best run. */
function sweepTroubles(input: ReportInput, normal: string): readonly Trouble[] {
  const flagged = namedRun(input, normal);
  if (flagged !== undefined) return flagTroubles(flagged.run, flagged.said);
  const best = namedBest(input, normal);
  const message = best === undefined ? undefined : lastValueTrouble(best.run, best.key, best.token);
  return best === undefined || message === undefined
    ? []
    : [{ kind: "differs", said: `${best.key} ${best.token}`, message }];
}

/** What is wrong with a token as the last value of a metric; undefined where it is right. */
function lastValueTrouble(run: ReportRun, key: string, token: string): string | undefined {
  const series = seriesOf(run, key);
  if (series === undefined) return `${run.path} logged no ${key}`;
  const { last } = series.summary;
  const tokens = Number.isFinite(last.value) ? [last.token] : [String(last.value), last.token];
  if (tokens.includes(token)) return undefined;
  return `${run.path}/${last.file}:${last.line} says ${last.token}`;
}

const seriesOf = ({ reading }: ReportRun, key: string): Series | undefined =>
  reading.series.find(({ summary }) => summary.key === key) ??
  reading.series.find(({ summary }) => sameMetric(summary.key, key));

/**
 * The first line: `**done** k7f3 · 2025-02-02 14:30:41, 41 s · val/loss 0.312 · [de-risk](runs/…)`.
 */
function headTroubles(
  run: ReportRun,
  state: string | undefined,
  normal: string,
): readonly Trouble[] {
  const found: Trouble[] = [];
  const { record } = run;
  if (state !== undefined && isEnding(state) && state !== record?.ending) {
    found.push({
      kind: "differs",
      said: state,
      message: `run.json says ${record?.ending ?? "nothing"}`,
    });
  }
  for (const part of normal.split(" · ").slice(1)) {
    const link = /^\[.*\]\((runs\/[^)]*)\)$/.exec(part)?.[1];
    if (link !== undefined && !link.endsWith(run.folder)) {
      found.push({ kind: "differs", said: oneLine(part), message: `the run is ${run.path}` });
    }
    const span = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}, (.+)$/.exec(part)?.[1];
    if (span !== undefined && !spansOf(run).includes(span)) {
      const said = spansOf(run)[0] ?? "no time";
      found.push({ kind: "differs", said: span, message: `run.json says ${said}` });
    }
    const metric = /^(\S+) (\S+)$/.exec(unescaped(part));
    const [, key = "", token = ""] = metric ?? [];
    if (metric === null || seriesOf(run, key) === undefined) {
      found.push(...otherTroubles(run, part));
      continue;
    }
    const message = lastValueTrouble(run, key, token);
    if (message !== undefined) found.push({ kind: "differs", said: part, message });
  }
  return found;
}

function isEnding(state: string): boolean {
  return ["done", "failed", "stopped", "lost"].includes(state);
}

/** A part that names no logged metric: an exit code or cause, or else a metric never logged. */
function otherTroubles(run: ReportRun, part: string): readonly Trouble[] {
  const match = /^(\S+) ([-+]?\d[\d.eE+-]*|NaN|-?Infinity)$/.exec(unescaped(part));
  if (match === null || /^(?:exit|code|since|signal)$/.test(match[1] ?? "")) {
    return exitCodeTroubles(run, part);
  }
  return [{ kind: "orphan", said: part, message: `${run.path} logged no ${match[1]}` }];
}

function exitCodeTroubles(run: ReportRun, part: string): readonly Trouble[] {
  const code = /^exit code (\d+)$/.exec(part)?.[1];
  if (code === undefined || Number(code) === run.record?.exitCode) return [];
  return [
    { kind: "differs", said: part, message: `run.json says ${run.record?.exitCode ?? "none"}` },
  ];
}

/** The durations that a receipt may give: the run's own clock and the daemon's differ slightly. */
function spansOf(run: ReportRun): readonly string[] {
  const { record } = run;
  if (record === undefined) return [];
  const between = Date.parse(record.endedAt ?? "") - Date.parse(record.startedAt);
  const ms = [...(record.seconds === undefined ? [] : [record.seconds * 1000]), between];
  return ms
    .filter((one) => Number.isFinite(one))
    .flatMap((one) =>
      [0, -1000, 1000, -100, 100, -200, 200, -500, 500].map((by) => spanText(one + by)),
    );
}

/** The line of a flag: it is a finding of the run, or each of its numbers is in such a finding. */
function flagTroubles(run: ReportRun, normal: string): readonly Trouble[] {
  const flag = /^(?:- )?\d{2}:\d{2}:\d{2} (?:\[(?:WEIRD|RESOLVED)\] )?(.*)$/s.exec(normal)?.[1];
  if (flag === undefined) return [];
  const findings = run.findings.map((finding) =>
    normalReceiptBlock(receiptFinding(finding, run.folder)),
  );
  if (findings.includes(flag)) return [];
  const known = new Set(findings.flatMap(numbersIn));
  const orphan = numbersIn(flag).find((number) => !known.has(number));
  if (orphan === undefined) return [];
  return [
    { kind: "orphan", said: oneLine(flag), message: `no flag of ${run.path} says ${orphan}` },
  ];
}

/** Whether a block is the table of a sweep's receipt: `| run | lr | state | time | val/loss |`. */
function isSweepTable(normal: string): boolean {
  return normal.startsWith("| run | ");
}

/** The findings in a sweep's table; `firstLine` is the journal's line on which the table begins. */
function tableFindings(
  input: ReportInput,
  text: string,
  firstLine: number,
): readonly AuditFinding[] {
  const [head = [], , ...rows] = text.split(/\r\n|\r|\n/).map(cellsOf);
  const from = head.indexOf("state");
  return rows.flatMap((cells, i) => {
    const run = latestRun(input, cells[0]?.replaceAll("`", ""));
    if (run?.record?.ending === undefined || from === -1) return [];
    const line = firstLine + 2 + i;
    return head.slice(from).flatMap((name, j): readonly AuditFinding[] => {
      const said = cells[from + j] ?? "";
      const message = cellTrouble(run, name, said);
      return message === undefined ? [] : [{ kind: "differs", said, message, line }];
    });
  });
}

function cellTrouble(run: ReportRun, name: string, said: string): string | undefined {
  if (said === "" || name === "flags") return undefined;
  if (name === "state") {
    const state = said.split(",")[0] ?? "";
    // Of a run that had not ended when the table was written nothing can be checked.
    return !isEnding(state) || state === run.record?.ending
      ? undefined
      : `run.json says ${run.record?.ending ?? "nothing"}`;
  }
  if (name === "time") {
    const isRight = said.startsWith("since ") || spansOf(run).includes(said);
    return isRight ? undefined : "run.json says another time";
  }
  return lastValueTrouble(run, name, said);
}

/** The first run that a line of a sweep's receipt names, and the line without the names. */
function namedRun(
  input: ReportInput,
  normal: string,
): { readonly run: ReportRun; readonly said: string } | undefined {
  const [names = "", id] = /\] (`([a-z0-9]+\.\d+)`[^:]*: )/.exec(normal)?.slice(1) ?? [];
  const run = latestRun(input, id);
  return run === undefined ? undefined : { run, said: normal.replace(names, "") };
}

/** `Best of 9 runs: last val/loss 0.299, `k7f3.4` (lr 3e-4). …`: its run, metric and value. */
function namedBest(
  input: ReportInput,
  normal: string,
): { readonly run: ReportRun; readonly key: string; readonly token: string } | undefined {
  const match = /^Best of \d+ runs[^:]*: last (\S+) (\S+), `([a-z0-9]+\.\d+)`/.exec(
    unescaped(normal),
  );
  const run = latestRun(input, match?.[3]);
  return match === null || run === undefined
    ? undefined
    : { run, key: match[1] ?? "", token: match[2] ?? "" };
}

function cellsOf(line: string): readonly string[] {
  const inside = line.replace(/^[\s>]*\|/, "").replace(/\|\s*$/, "");
  return inside.split(/(?<!\\)\|/).map((cell) => unescaped(cell.trim()));
}
