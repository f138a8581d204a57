// Findings from the differences between a page and the page that the logs give now: sentences that
// were edited and sentences that were removed. Which sentences belong together is audit-match.ts.
import { oneLine, type AuditFinding } from "./audit-finding.ts";
import type { ComparedUnit } from "./audit-match.ts";
import { isSigned, lineOfUnit, type PageReading } from "./page-units.ts";
import { textMark } from "../../base/page-signature.ts";
import type { UnitToken } from "./unit-tokens.ts";

/** Words that change the claim of a sentence when they change. */
const DECISIVE = new Set(
  (
    "s ms min h d % kb mb gb mib gib k m g x × sec second seconds minute minutes hour hours " +
    "not no yes met inconclusive evaluable none all both neither single two three open resolved weird " +
    "better best worse worst more most less least fewer higher highest lower lowest larger largest " +
    "smaller smallest above below over under exactly first last mean median sd min max " +
    "done running failed stopped lost ignored evidence baseline tested different difference equal " +
    "goes success failure note up down faster slower significant reject rejected"
  ).split(" "),
);

/**
 * What is wrong with an edited, moved or outdated unit. Numbers, names, units and decisive words
 * count; a person may change any other word.
 */
export function comparedFindings(
  written: ComparedUnit,
  expected: ComparedUnit,
  page: PageReading,
): readonly AuditFinding[] {
  const { unit } = written;
  if (written.key === expected.key) {
    if (written.claims === 0) return [];
    const message = `it belongs below ${expected.unit.under.at(-1) ?? "the title"}, and stands below ${unit.under.at(-1) ?? "the title"}`;
    return [{ kind: "differs", line: unit.line, said: oneLine(unit.text), message }];
  }
  const { removed, added } = difference(written, expected);
  const isChanged = [...removed, ...added].some(isDecisive);
  if (!isChanged) return removed.length === 0 ? cutFindings(unit, added) : [];
  const from = removed.filter(isDecisive).map((one) => one.text);
  const to = added.filter(isDecisive).map((one) => one.text);
  const who = isSigned(unit, page) ? "the logs say by now" : "the logs say";
  const message =
    to.length === 0
      ? `${who} nothing of the kind there: ${oneLine(expected.unit.text)}`
      : `${who} ${oneLine(to.join(" … "))}`;
  return [
    {
      kind: "differs",
      line: lineOfUnit(unit, removed.find(isDecisive)?.at ?? 0),
      said: from.length === 0 ? oneLine(unit.text) : oneLine(from.join(" … ")),
      message,
    },
  ];
}

/** A clause that was cut out of a paragraph; a few words more or less are style. */
function cutFindings(
  unit: ComparedUnit["unit"],
  added: readonly UnitToken[],
): readonly AuditFinding[] {
  const words = added.filter((token) => token.kind === "word");
  if (words.length < CUT_WORDS) return [];
  const said = oneLine(words.map((token) => token.text).join(" "));
  const message = "these words were taken out of what nightlab wrote";
  return [{ kind: "deleted", line: unit.line, said, message }];
}

/** Missing words in one sentence from which on a whole clause is gone. */
const CUT_WORDS = 4;

interface Difference {
  /** Only on the page. */
  readonly removed: readonly UnitToken[];
  /** Only in what the logs give. */
  readonly added: readonly UnitToken[];
}

/**
 * The table of a longest common subsequence has at most this many cells (16 MB). Longer texts
 * differ as a whole.
 */
const MOST_CELLS = 4_000_000;

/** The tokens on each side that are not in a longest common subsequence of both. */
function difference(written: ComparedUnit, expected: ComparedUnit): Difference {
  const [a, b] = [written.words, expected.words];
  const { start, endA, endB } = withoutCommonEnds(a, b);
  const width = endB - start + 1;
  const cells = (endA - start + 1) * width;
  if (cells > MOST_CELLS) {
    return {
      removed: written.tokens.slice(start, endA),
      added: expected.tokens.slice(start, endB),
    };
  }
  const best = new Uint32Array(cells);
  for (let i = endA - start - 1; i >= 0; i -= 1) {
    for (let j = endB - start - 1; j >= 0; j -= 1) {
      const equal = a[start + i] === b[start + j];
      const below = best[(i + 1) * width + j] ?? 0;
      const right = best[i * width + j + 1] ?? 0;
      best[i * width + j] = equal
        ? (best[(i + 1) * width + j + 1] ?? 0) + 1
        : Math.max(below, right);
    }
  }
  const removed: UnitToken[] = [];
  const added: UnitToken[] = [];
  let i = 0;
  let j = 0;
  while (i < endA - start || j < endB - start) {
    if (i < endA - start && j < endB - start && a[start + i] === b[start + j]) {
      i += 1;
      j += 1;
    } else if (
      j >= endB - start ||
      (i < endA - start && (best[(i + 1) * width + j] ?? 0) >= (best[i * width + j + 1] ?? 0))
    ) {
      keep(removed, written.tokens[start + i]);
      i += 1;
    } else {
      keep(added, expected.tokens[start + j]);
      j += 1;
    }
  }
  return { removed, added };
}

/** What is left of both lists without their common beginning and their common end. */
function withoutCommonEnds(
  a: readonly string[],
  b: readonly string[],
): { readonly start: number; readonly endA: number; readonly endB: number } {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let [endA, endB] = [a.length, b.length];
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA -= 1;
    endB -= 1;
  }
  return { start, endA, endB };
}

function isDecisive(token: UnitToken): boolean {
  switch (token.kind) {
    case "number":
    case "citation":
    case "name":
    case "stamp":
    case "quoted":
      return true;
    case "word":
      return (
        DECISIVE.has(token.text.toLowerCase()) || /\d/.test(token.text) || /[/_]/.test(token.text)
      );
    case "mark":
      return "%≈±<>=×+-−".includes(token.text);
  }
}

function keep(list: UnitToken[], token: UnitToken | undefined): void {
  if (token !== undefined) list.push(token);
}

export interface AbsentFindings {
  readonly findings: readonly AuditFinding[];
  /** How many absent units the page never had: it is out of date. */
  readonly behind: number;
}

/**
 * Which of the units that the logs give and the page lacks were removed by hand. The page's
 * signature names every block that nightlab wrote: a signed block that is gone was removed; one
 * that is not signed is newer than the page. `fresh` is the page that the logs give now.
 */
export function absentFindings(
  absent: readonly ComparedUnit[],
  page: PageReading,
  fresh: PageReading,
): AbsentFindings {
  const keys = new Map(fresh.marks.map((mark) => [mark.text, mark.key]));
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
    // A signed block that is on the page unchanged is only older than the logs.
    if (at < 0 || lines.has(page.marks[at]?.text ?? "")) continue;
    const before = page.marks.slice(0, at).findLast((mark) => lines.has(mark.text));
    const line = before === undefined ? 1 : (lines.get(before.text) ?? 1);
    const message = `it was taken out of what nightlab wrote, after line ${line}`;
    findings.push({ kind: "deleted", line, said: oneLine(unit.text), message });
  }
  return { findings, behind: absent.length - findings.length };
}
