// Audits the receipts of sweeps: each row of their table against the record and the logs of its run.
// Receipts of single runs, and how a line of a flag is checked, are audit-receipts.ts's.
import type { ReportInput, ReportRun } from "../../judge/input.ts";
import type { AuditFinding } from "./audit-finding.ts";
import { unescaped } from "./unit-tokens.ts";

/** What is checked of a run in the same way wherever a receipt says it. */
export interface ReceiptChecks {
  /** Whether a span such as `41 s` may be what it took. */
  readonly took: (run: ReportRun, span: string) => boolean;
  /** What is wrong with a metric's last value, in words. */
  readonly value: (run: ReportRun, key: string, token: string) => string | undefined;
}

/** A table's lines, as a receipt of a sweep has them: `| run | lr | state | time | val/loss |`. */
export function isSweepTable(normal: string): boolean {
  return normal.startsWith("| run | ");
}

/** The findings of a table, with the lines of the journal that they stand on. `text`: its lines. */
export function auditSweepTable(
  input: ReportInput,
  text: string,
  firstLine: number,
  checks: ReceiptChecks,
): readonly AuditFinding[] {
  const [head = [], , ...rows] = text.split(/\r\n|\r|\n/).map(cellsOf);
  const from = head.indexOf("state");
  return rows.flatMap((cells, i) => {
    const run = runCalled(input, cells[0]?.replaceAll("`", ""));
    if (run?.record?.ending === undefined || from === -1) return [];
    const line = firstLine + 2 + i;
    return head.slice(from).flatMap((name, j): readonly AuditFinding[] => {
      const said = cells[from + j] ?? "";
      const message = cellTrouble(run, name, said, checks);
      return message === undefined ? [] : [{ kind: "differs", said, message, line }];
    });
  });
}

function cellTrouble(
  run: ReportRun,
  name: string,
  said: string,
  { took, value }: ReceiptChecks,
): string | undefined {
  if (said === "" || name === "flags") return undefined;
  if (name === "state") {
    const state = said.split(",")[0] ?? "";
    // One that went on when this was written is told anew at its end.
    const isOver = ["done", "failed", "stopped", "lost"].includes(state);
    return !isOver || state === run.record?.ending
      ? undefined
      : `run.json says ${run.record?.ending ?? "nothing"}`;
  }
  if (name === "time") {
    return said.startsWith("since ") || took(run, said) ? undefined : "run.json says another time";
  }
  return value(run, name, said);
}

/** The latest try of the run with that id. */
function runCalled(input: ReportInput, id: string | undefined): ReportRun | undefined {
  return input.runs.findLast((run) => id !== undefined && run.record?.id === id);
}

/** The first run that a line of a sweep's receipt names, and the line without its names. */
export function namedRun(
  input: ReportInput,
  normal: string,
): { readonly run: ReportRun; readonly said: string } | undefined {
  const [names = "", id] = /\] (`([a-z0-9]+\.\d+)`[^:]*: )/.exec(normal)?.slice(1) ?? [];
  const run = runCalled(input, id);
  return run === undefined ? undefined : { run, said: normal.replace(names, "") };
}

/** `Best of 9 runs: last val/loss 0.299, `k7f3.4` (lr 3e-4). …`: its run, metric and value. */
export function namedBest(
  input: ReportInput,
  normal: string,
): { readonly run: ReportRun; readonly key: string; readonly token: string } | undefined {
  const match = /^Best of \d+ runs[^:]*: last (\S+) (\S+), `([a-z0-9]+\.\d+)`/.exec(
    unescaped(normal),
  );
  const run = runCalled(input, match?.[3]);
  return match === null || run === undefined
    ? undefined
    : { run, key: match[1] ?? "", token: match[2] ?? "" };
}

function cellsOf(line: string): readonly string[] {
  const inside = line.replace(/^[\s>]*\|/, "").replace(/\|\s*$/, "");
  return inside.split(/(?<!\\)\|/).map((cell) => unescaped(cell.trim()));
}
