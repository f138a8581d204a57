// Audits the receipts of a journal: what they say of a run's metrics, times and flags, against
// what the run's record and logs say now. The person's own sentences are audit-journal.ts.
import { normalReceiptBlock } from "../../base/receipt-block.ts";
import { receiptFinding } from "../../domain/receipt-flags.ts";
import { sameMetric } from "../../domain/metric-key.ts";
import type { Series } from "../../domain/sample.ts";
import { spanText } from "../../base/time.ts";
import type { AuditFinding } from "./audit-finding.ts";
import type { AuditResult } from "./audit.ts";
import { oneLine } from "./audit-edits.ts";
import {
  auditSweepTable,
  isSweepTable,
  namedBest,
  namedRun,
  type ReceiptChecks,
} from "./audit-sweeps.ts";
import type { ReportInput, ReportRun } from "../../judge/input.ts";
import { numberText, unescaped, unitTokens } from "./unit-tokens.ts";

/** The findings of all receipts of ended runs. `text` is the journal that `input` was read from. */
export function auditReceipts(input: ReportInput, text: string): AuditResult {
  const findings: AuditFinding[] = [];
  let claims = 0;
  for (const { receipt } of input.journal.blocks) {
    let run = runOf(input, receipt?.heads[0]?.id);
    for (const piece of receipt?.blocks ?? []) {
      const normal = normalReceiptBlock(piece.normal);
      const head = /^\*\*([a-z]+)\*\* `([a-z0-9]+)`/.exec(normal);
      if (head !== null) run = runOf(input, head[2]);
      const line = text.slice(0, piece.span.start).split("\n").length;
      if (isSweepTable(normal)) {
        const table = text.slice(piece.span.start, piece.span.end);
        claims += unitTokens(normal).filter((token) => token.kind === "number").length;
        findings.push(...auditSweepTable(input, table, line, CHECKS));
        continue;
      }
      const ofSweep = run === undefined ? sweepTroubles(input, normal) : [];
      findings.push(...ofSweep.map((one) => ({ ...one, line })));
      if (run === undefined || run.record?.ending === undefined) continue;
      claims += unitTokens(normal).filter((token) => token.kind === "number").length;
      const found = head === null ? pieceTrouble(run, normal) : headTroubles(run, head[1], normal);
      findings.push(...found.map((one) => ({ ...one, line })));
    }
  }
  return { findings, claims, absent: 0 };
}

/** A line of a sweep's receipt about some of its runs: a flag that they share, or the best one. */
function sweepTroubles(input: ReportInput, normal: string): readonly Trouble[] {
  const flagged = namedRun(input, normal);
  if (flagged !== undefined) return pieceTrouble(flagged.run, flagged.said);
  const best = namedBest(input, normal);
  const message = best === undefined ? undefined : CHECKS.value(best.run, best.key, best.token);
  return best === undefined || message === undefined
    ? []
    : [{ kind: "differs", said: `${best.key} ${best.token}`, message }];
}

const CHECKS: ReceiptChecks = {
  took: (run, span) => spansOf(run).includes(span),
  value(run, key, token) {
    const series = seriesOf(run, key);
    if (series === undefined) return `${run.path} logged no ${key}`;
    const { last } = series.summary;
    const tokens = Number.isFinite(last.value) ? [last.token] : [String(last.value), last.token];
    if (tokens.includes(token)) return undefined;
    return `${run.path}/${last.file}:${last.line} says ${last.token}`;
  },
};

const seriesOf = ({ reading }: ReportRun, key: string): Series | undefined =>
  reading.series.find(({ summary }) => summary.key === key) ??
  reading.series.find(({ summary }) => sameMetric(summary.key, key));

type Trouble = Omit<AuditFinding, "line">;

function runOf(input: ReportInput, id: string | undefined): ReportRun | undefined {
  // A retried command has several runs: the receipt speaks of the newest.
  return input.runs.findLast((run) => run.record?.id === id && id !== undefined);
}

/** `**done** k7f3 · 2025-02-02 14:30:41, 41 s · val/loss 0.312 · [de-risk](runs/…)`. */
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
      found.push(...strangerTrouble(run, part));
      continue;
    }
    const message = CHECKS.value(run, key, token);
    if (message !== undefined) found.push({ kind: "differs", said: part, message });
  }
  return found;
}

function isEnding(state: string): boolean {
  return ["done", "failed", "stopped", "lost"].includes(state);
}

/** A part with a number that is no stamp, no known metric, no cause: a metric that was renamed. */
function strangerTrouble(run: ReportRun, part: string): readonly Trouble[] {
  const match = /^(\S+) ([-+]?\d[\d.eE+-]*|NaN|-?Infinity)$/.exec(unescaped(part));
  if (match === null || /^(?:exit|code|since|signal)$/.test(match[1] ?? "")) {
    return codeTrouble(run, part);
  }
  return [{ kind: "orphan", said: part, message: `${run.path} logged no ${match[1]}` }];
}

function codeTrouble(run: ReportRun, part: string): readonly Trouble[] {
  const code = /^exit code (\d+)$/.exec(part)?.[1];
  if (code === undefined || Number(code) === run.record?.exitCode) return [];
  return [
    { kind: "differs", said: part, message: `run.json says ${run.record?.exitCode ?? "none"}` },
  ];
}

/** What the run may be said to have taken: its own clock and the daemon's differ by little. */
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

/** A flag's line: word for word a finding of the run, or all its numbers stand in one. */
function pieceTrouble(run: ReportRun, normal: string): readonly Trouble[] {
  const flag = /^(?:- )?\d{2}:\d{2}:\d{2} (?:\[(?:WEIRD|RESOLVED)\] )?(.*)$/s.exec(normal)?.[1];
  if (flag === undefined) return [];
  const told = run.findings.map((finding) =>
    normalReceiptBlock(receiptFinding(finding, run.folder)),
  );
  if (told.includes(flag)) return [];
  const known = new Set(told.flatMap(numbersOf));
  const orphan = numbersOf(flag).find((number) => !known.has(number));
  if (orphan === undefined) return [];
  return [
    { kind: "orphan", said: oneLine(flag), message: `no flag of ${run.path} says ${orphan}` },
  ];
}

function numbersOf(text: string): readonly string[] {
  return unitTokens(text).flatMap((token) =>
    token.kind === "number" ? [numberText(token.text)] : [],
  );
}
