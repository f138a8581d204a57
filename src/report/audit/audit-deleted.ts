// What was taken out of a sealed page by hand: the seal names every block that nightlab wrote, so a
// sentence that the logs still give and the page has no more was not left behind, but removed.
import { oneLine } from "./audit-edits.ts";
import type { AuditFinding } from "./audit-finding.ts";
import type { Told } from "./audit-match.ts";
import type { PageReading } from "./page-units.ts";
import { textMark } from "../../base/page-signature.ts";

export interface Absent {
  readonly findings: readonly AuditFinding[];
  /** What the page never had: it is not up to date. */
  readonly behind: number;
}

/** Sorts what the logs give and the page lacks. `truth` is the page that the logs give now. */
export function absentFindings(
  absent: readonly Told[],
  page: PageReading,
  truth: PageReading,
): Absent {
  const keys = new Map(truth.marks.map((mark) => [mark.text, mark.key]));
  const lines = new Map<string, number>();
  for (const unit of page.units) {
    const end = unit.line + unit.text.split("\n").length - 1;
    const mark = textMark(unit.block);
    lines.set(mark, Math.max(end, lines.get(mark) ?? 0));
  }
  const findings: AuditFinding[] = [];
  for (const { unit } of absent) {
    const key = keys.get(textMark(unit.block));
    const at = page.marks.findIndex((mark) => mark.key === key);
    // A sealed block that stands there whole is only older than the logs.
    if (at < 0 || lines.has(page.marks[at]?.text ?? "")) continue;
    const before = page.marks.slice(0, at).findLast((mark) => lines.has(mark.text));
    const line = before === undefined ? 1 : (lines.get(before.text) ?? 1);
    const message = `it was taken out of what nightlab wrote, after line ${line}`;
    findings.push({ kind: "deleted", line, said: oneLine(unit.text), message });
  }
  return { findings, behind: absent.length - findings.length };
}
