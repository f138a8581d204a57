// Verifies the verdicts of a finished page by judging them again from the page: the rows below a
// verdict give the runs that pass, the margins, their mean and its bound, and so the verdict's
// word.
import { oneLine, type AuditFinding } from "../../src/report/audit/audit-finding.ts";
import { cellsOf, type PageUnit } from "../../src/report/audit/page-units.ts";
import { deviationAgain, tQuantileAgain } from "../../src/report/audit/cross-check.ts";
import { isNear, meanAgain, writtenValue } from "./written-terms.ts";

/** One verdict as the page states it: its sentences and its tables. */
interface WrittenVerdict {
  readonly unit: PageUnit;
  readonly which: string;
  readonly word: string;
  readonly tables: Row[][];
  /** Some row cannot be computed again, so the verdict is not checked. */
  isOpen: boolean;
}

/** One run's row: whether `left operator right` holds, and what the page says about it. */
interface Row {
  readonly unit: PageUnit;
  readonly operator: string;
  readonly left: number;
  readonly right: number;
  readonly met: string;
}

const VERDICT =
  /^(?:- )?The (success|failure) criterion .+ is \*\*(MET|NOT MET|INCONCLUSIVE|NOT EVALUABLE)\*\*/;

/**
 * What does not follow from the rows and values that the page gives for its verdicts. `own` are the
 * units that nightlab wrote.
 */
export function verdictFindings(own: readonly PageUnit[]): readonly AuditFinding[] {
  const verdicts = verdictsOf(own);
  return [...verdicts.flatMap(conclusionFindings), ...abstractFindings(own, verdicts)];
}

function verdictsOf(own: readonly PageUnit[]): readonly WrittenVerdict[] {
  const found: WrittenVerdict[] = [];
  for (const unit of own) {
    if (unit.under.at(-1) !== "Conclusion") continue;
    const match = VERDICT.exec(unit.text);
    const last = found.at(-1);
    if (unit.kind === "text" && match !== null) {
      found.push({ unit, which: match[1] ?? "", word: match[2] ?? "", tables: [], isOpen: false });
    } else if (unit.kind === "row" && last !== undefined) {
      if (unit.head === undefined) last.tables.push([]);
      else {
        const row = rowOf(unit, unit.head);
        if (row === undefined) last.isOpen = true;
        else last.tables.at(-1)?.push(row);
      }
    }
  }
  return found;
}

function rowOf(unit: PageUnit, head: string): Row | undefined {
  const operator = /\| `+ ?(<=|>=|==|<|>) [^|]*\| met\s*\|$/.exec(head.trim())?.[1];
  const [, left = "", right = "", met = ""] = cellsOf(unit.text);
  const values = [writtenValue(left), writtenValue(right)];
  if (operator === undefined || values[0] === undefined || values[1] === undefined)
    return undefined;
  if (values.some((value) => value !== undefined && Math.abs(value) === Infinity)) return undefined;
  return { unit, operator, left: values[0], right: values[1], met };
}

function conclusionFindings(verdict: WrittenVerdict): readonly AuditFinding[] {
  const { unit, word } = verdict;
  if (word === "NOT EVALUABLE" || verdict.isOpen) return [];
  const tables = verdict.tables.length > 0 ? verdict.tables : singleRunTables(verdict);
  const rows = tables.flat();
  const findings = rows.flatMap((row) => {
    const holds = holdsFor(row);
    if (holds === undefined || row.met === (holds ? "yes" : "no")) return [];
    return [
      differs(
        row.unit,
        `${row.met} in ${row.unit.text}`,
        `its operands give ${holds ? "yes" : "no"}`,
      ),
    ];
  });
  // Doubles cannot compare two sides that are equal up to rounding; exact fractions did (judge/).
  if (rows.length === 0 || rows.some((row) => holdsFor(row) === undefined)) return findings;
  const runs = tables[0]?.length ?? 0;
  const passing = Array.from({ length: runs }, (_, i) => i).filter((i) =>
    tables.every((table) => table[i] !== undefined && holdsFor(table[i]) === true),
  ).length;
  const counted = /(\d+) of (\d+) runs? meet it\./.exec(unit.text);
  if (counted !== null && (Number(counted[1]) !== passing || Number(counted[2]) !== runs)) {
    findings.push(differs(unit, counted[0], `its rows give ${passing} of ${runs}`));
  }
  const means = [...unit.text.matchAll(MEAN)];
  if (means.length === tables.length) {
    means.forEach((match, i) => {
      const trouble = meanTrouble(match, tables[i] ?? []);
      if (trouble !== undefined) findings.push(differs(unit, match[0], trouble));
    });
  }
  // Runs of several settings have no mean: each run is judged by itself.
  const words = tables.map((table) => wordOf(table, means.length === 0));
  const wanted = words.includes("NOT MET")
    ? "NOT MET"
    : words.every((one) => one === "MET")
      ? "MET"
      : "INCONCLUSIVE";
  if (!words.includes(undefined) && wanted !== word) {
    findings.push(differs(unit, word, `its rows give ${wanted}`));
  }
  return findings;
}

function differs(unit: PageUnit, text: string, message: string): AuditFinding {
  return { kind: "differs", line: unit.line, said: oneLine(text), message };
}

const MEAN =
  /The mean of (the margin )?.{1,2000}? over (\d+) runs is ≈? ?(\S+), its one-sided 95 % t-bound ≈ (\S+); the criterion asks for (less than|at most|more than|at least) (\S+)\./g;

/** What is wrong with a sentence on the mean and its bound; undefined where nothing is. */
function meanTrouble(match: RegExpExecArray, rows: readonly Row[]): string | undefined {
  const [, isMargin, count, mean = "", bound = "", asks = "", limit = ""] = match;
  const values = rows.map((row) => (isMargin === undefined ? row.left : row.left - row.right));
  if (Number(count) !== rows.length) return `it has ${rows.length} rows`;
  const wanted = meanAgain(values);
  if (!isNear(Number(mean), wanted)) return `its rows give ${sixDigits(wanted)}`;
  const [end] = boundOf(rows, isMargin === undefined);
  if (end !== undefined && !isNear(Number(bound), end))
    return `its rows give a bound of ${sixDigits(end)}`;
  const asked = { "less than": "<", "at most": "<=", "more than": ">", "at least": ">=" }[asks];
  if (asked !== rows[0]?.operator) return `its table asks for ${rows[0]?.operator ?? "nothing"}`;
  const right = isMargin === undefined ? (rows[0]?.right ?? Number.NaN) : 0;
  return isNear(Number(limit), right) ? undefined : `its table asks for ${sixDigits(right)}`;
}

/**
 * The one-sided 95 % bound of the mean margin, and whether it agrees with the mean; undefined where
 * the mean or the bound is too close to zero for doubles. `isPlain`: the bound of the left side
 * itself, not of its margin to the right side.
 */
function boundOf(rows: readonly Row[], isPlain: boolean): readonly [number | undefined, boolean?] {
  const margins = rows.map((row) => row.left - row.right);
  const mean = meanAgain(margins);
  const size = Math.max(...rows.map((row) => Math.max(Math.abs(row.left), Math.abs(row.right))));
  if (Math.abs(mean) <= 1e-9 * size) return [undefined];
  const small = rows[0]?.operator.startsWith("<") === true;
  const passes = small === mean < 0;
  const half =
    (tQuantileAgain(0.95, rows.length - 1) * deviationAgain(margins)) / Math.sqrt(rows.length);
  const bound = small === passes ? mean + half : mean - half;
  const sure = small === passes ? bound < 0 : bound > 0;
  if (Math.abs(bound) <= 1e-9 * size) return [undefined];
  return [isPlain ? bound + (rows[0]?.right ?? 0) : bound, sure];
}

/** The verdict on one comparison; undefined where doubles cannot decide it. */
function wordOf(rows: readonly Row[], isEach: boolean): string | undefined {
  const passing = rows.filter((row) => holdsFor(row) === true).length;
  if (isEach || rows.length < 3 || rows[0]?.operator === "==") {
    return passing === rows.length ? "MET" : passing === 0 ? "NOT MET" : "INCONCLUSIVE";
  }
  const [bound, sure] = boundOf(rows, false);
  if (bound === undefined) return undefined;
  const mean = meanAgain(rows.map((row) => row.left - row.right));
  const passes = rows[0]?.operator.startsWith("<") === mean < 0;
  return sure === true ? (passes ? "MET" : "NOT MET") : "INCONCLUSIVE";
}

/** Whether a row's comparison holds; undefined where both sides are equal up to rounding. */
function holdsFor({ operator, left, right }: Row): boolean | undefined {
  const size = Math.max(Math.abs(left), Math.abs(right));
  const isClose = left !== right && Math.abs(left - right) <= 1e-12 * size;
  if (isClose) return undefined;
  switch (operator) {
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    default:
      return left === right;
  }
}

const ASKS: Readonly<Record<string, string>> = {
  "less than": "<",
  "at most": "<=",
  "more than": ">",
  "at least": ">=",
  exactly: "==",
};

/**
 * The sentences of a verdict on a single run as tables of one row each:
 * `In x, the last of 4 values of y is 0.3 [1]. The criterion asks for at most 0.4.`
 */
function singleRunTables({ unit, word }: WrittenVerdict): Row[][] {
  const sentences = unit.text.split(/\. (?=[A-Z])/);
  return sentences.flatMap((sentence, i) => {
    const left = /^In .+ is ([^`]+)$/.exec(sentence)?.[1];
    const asked =
      /^The criterion asks for (less than|at most|more than|at least|exactly) (.+?)\.?$/.exec(
        sentences[i + 1] ?? "",
      );
    if (left === undefined || asked === null) return [];
    const values = [writtenValue(left), writtenValue(asked[2] ?? "")];
    const operator = ASKS[asked[1] ?? ""];
    if (values[0] === undefined || values[1] === undefined || operator === undefined) return [];
    const row = { unit, operator, left: values[0], right: values[1], met: "" };
    const holds = holdsFor(row);
    return [[{ ...row, met: holds === undefined ? word : holds ? "yes" : "no" }]];
  });
}

/** The abstract must give the same word, means and count as the conclusion. */
function abstractFindings(
  own: readonly PageUnit[],
  verdicts: readonly WrittenVerdict[],
): readonly AuditFinding[] {
  return own.flatMap((unit): AuditFinding[] => {
    const match = unit.under.at(-1) === "Abstract" ? VERDICT.exec(unit.text) : null;
    const inConclusion = verdicts.find((one) => one.which === match?.[1]);
    if (match === null || inConclusion === undefined) return [];
    const parts = [match[2] ?? "", ...(unit.text.match(MEAN) ?? [])];
    const count = /\d+ of \d+ runs? meet it\./.exec(unit.text)?.[0];
    const wrong = [...parts.slice(1), ...(count === undefined ? [] : [count])].find(
      (part) => !inConclusion.unit.text.includes(part),
    );
    const differing = parts[0] === inConclusion.word ? wrong : parts[0];
    if (differing === undefined) return [];
    const message = "the conclusion says something else";
    return [{ kind: "differs", line: unit.line, said: oneLine(differing), message }];
  });
}

function sixDigits(value: number): string {
  return String(Number(value.toPrecision(6)));
}
