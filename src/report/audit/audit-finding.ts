// What an audit finds wrong with a page, and where.

export type AuditKind =
  /** A number that no log line and no derived quantity gives. */
  | "orphan"
  /** The cited line of the log says something else, or is not there. */
  | "changed-source"
  /** A rounded number that stands there as if it were the whole. */
  | "rounded"
  /** Better or worse, where the statistics do not say so. */
  | "comparison"
  /** A sentence of nightlab's that was changed, or that the logs have left behind. */
  | "differs"
  /** A sentence of nightlab's that somebody took out. */
  | "deleted";

export interface AuditFinding {
  readonly kind: AuditKind;
  /** 1-based line of the page. */
  readonly line: number;
  /** What the page says there. */
  readonly said: string;
  /** What is wrong with it, in words without a full stop. */
  readonly message: string;
}
