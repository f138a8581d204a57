// The gate of a finished page: its own sentences are read back from the text, each citation is
// held to the log's line and each derived number of a table is worked out again from its cited
// operands, by another way than the one it was made. What a person added is not looked at.
import type { AuditFinding } from "./audit.ts";
import { brief } from "./audit-edits.ts";
import { pageSources, sourceTrouble, type PageSource } from "./page-sources.ts";
import { isSealed, readPage, type PageUnit } from "./page-units.ts";
import { tQuantile } from "./student-t.ts";
import { numberText, unescaped, unitTokens, type UnitToken } from "./unit-tokens.ts";

/** What forbids that a page is saved. `lineOf` gives a log's line as it stands on the disk. */
export function gateFindings(
  page: string,
  lineOf: (path: string, line: number) => string | undefined,
): readonly AuditFinding[] {
  const read = readPage(page);
  const sources = pageSources(read.units);
  // All rows of a table are one block: each block is looked at once.
  const blocks = new Map<string, boolean>();
  const own = read.units.filter((unit) => {
    const known = blocks.get(unit.block) ?? isSealed(unit, read);
    blocks.set(unit.block, known);
    return known;
  });
  return [
    ...[...sources.values()].flatMap((source): AuditFinding[] => {
      const trouble = sourceTrouble(source, lineOf(source.path, source.line));
      const said = `[${source.number}] ${source.key} = ${source.token}`;
      return trouble === undefined
        ? []
        : [{ kind: "changed-source", line: source.at, said, message: trouble }];
    }),
    ...own.flatMap((unit) => citationFindings(unit, sources)),
    ...own.flatMap((unit) => rowFindings(unit, sources)),
  ];
}

/** Every citation leads to a source, and the token before it is that source's, to the letter. */
function citationFindings(
  unit: PageUnit,
  sources: ReadonlyMap<string, PageSource>,
): readonly AuditFinding[] {
  if (/^\[\d+\] \[/.test(unit.text)) return [];
  const tokens = unitTokens(unit.text);
  return tokens.flatMap((token, i): AuditFinding[] => {
    if (token.kind !== "citation") return [];
    const source = sources.get(token.text.slice(1, -1));
    const before = tokens[i - 1];
    const head = { line: unit.line, said: brief(`${before?.text ?? ""} ${token.text}`) };
    if (source === undefined) {
      return [{ ...head, kind: "orphan", message: "the list of sources has no such number" }];
    }
    if (before?.kind !== "number" || endsWith(unit, token, source.token)) return [];
    return [{ ...head, kind: "differs", message: `its source says ${source.token}` }];
  });
}

/** Whether the text before a citation is the token itself, whatever it is made of. */
function endsWith(unit: PageUnit, citation: UnitToken, token: string): boolean {
  return unescaped(unit.text.slice(0, citation.at).trimEnd()).endsWith(token);
}

/** Mean, SD and interval of a row, worked out from the tokens that the row cites. */
function rowFindings(
  unit: PageUnit,
  sources: ReadonlyMap<string, PageSource>,
): readonly AuditFinding[] {
  if (unit.kind !== "row" || unit.head === undefined) return [];
  const heads = cellsOf(unit.head);
  const cells = cellsOf(unit.text);
  const cell = (name: string): string => cells[heads.indexOf(name)] ?? "";
  const values = citedValues(cell("values"), sources);
  const findings: AuditFinding[] = [];
  const hold = (name: string, wanted: readonly number[]): void => {
    const said = unitTokens(cell(name)).filter((token) => token.kind === "number");
    said.forEach((token, i) => {
      const value = wanted[i];
      if (value === undefined || isNear(numberText(token.text), value)) return;
      const message = `its operands give ${String(Number(value.toPrecision(6)))}`;
      findings.push({ kind: "differs", line: unit.line, said: `${name} ${token.text}`, message });
    });
  };
  if (heads.includes("95 % t-interval") && values.length > 2) {
    const mean = sum(values) / values.length;
    const squares = sum(values.map((value) => (value - mean) ** 2));
    const deviation = Math.sqrt(squares / (values.length - 1));
    const half = (tQuantile(0.975, values.length - 1) * deviation) / Math.sqrt(values.length);
    hold("n", [values.length]);
    hold("mean", [mean]);
    hold("SD", [deviation]);
    hold("95 % t-interval", [mean - half, mean + half]);
  }
  if (heads.includes("of the baseline")) {
    const others = citedValues(cell("of the baseline"), sources);
    if (values.length > 0 && others.length > 0) {
      hold("difference", [sum(values) / values.length - sum(others) / others.length]);
    }
  }
  return findings;
}

function citedValues(cell: string, sources: ReadonlyMap<string, PageSource>): readonly number[] {
  return unitTokens(cell).flatMap((token) => {
    const source = token.kind === "citation" ? sources.get(token.text.slice(1, -1)) : undefined;
    return source === undefined ? [] : [Number(source.token.replaceAll(",", ""))];
  });
}

/** Equal to the digits that are written: at least four of them always are. */
function isNear(written: string, value: number): boolean {
  const said = Number(written);
  const size = Math.max(Math.abs(said), Math.abs(value));
  return Math.abs(said - value) <= 1e-3 * size + 1e-12;
}

function cellsOf(row: string): readonly string[] {
  const cells = row.trim().split(/(?<!\\)\|/);
  return cells.slice(1, -1).map((cell) => cell.trim());
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
