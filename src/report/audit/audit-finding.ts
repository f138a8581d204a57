// What an audit finds wrong with a page, and on which line. The checks that find it are
// audit.ts, audit-journal.ts and audit-receipts.ts.

export type AuditKind =
  /** A number that no log line and no derived quantity gives. */
  | "orphan"
  /** The cited line of the log does not hold the cited value, or does not exist. */
  | "changed-source"
  /** A rounded number that is not marked as rounded. */
  | "rounded"
  /** A claim of better or worse that the statistics do not support. */
  | "comparison"
  /** A sentence of nightlab's that somebody changed, or that the logs no longer support. */
  | "differs"
  /** A sentence of nightlab's that somebody removed. */
  | "deleted";

export interface AuditFinding {
  readonly kind: AuditKind;
  /** 1-based line of the page. */
  readonly line: number;
  /** The text on the page that is wrong. */
  readonly said: string;
  /** What is wrong with it, in words without a full stop. */
  readonly message: string;
}

export interface AuditResult {
  /** In the order of the page. */
  readonly findings: readonly AuditFinding[];
  /** How many numbers and citations were checked. */
  readonly claims: number;
  /** How many sentences the logs give that the page never had: it is out of date. */
  readonly absent: number;
}

/** The text on one line of at most 120 characters, as a finding quotes it. */
export function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length <= 120 ? line : `${line.slice(0, 119).toWellFormed()}…`;
}
