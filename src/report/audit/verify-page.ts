// The gate of a finished page: its own sentences are read back from the text, each citation is
// held to the log's line and each derived number of a table is worked out again from its cited
// operands, by another way than the one it was made. What a person added is not looked at.
import { oneLine } from "./audit-edits.ts";
import type { AuditFinding } from "./audit-finding.ts";
import { countFindings } from "./verify-counts.ts";
import { cellsOf, verdictFindings } from "./verify-verdicts.ts";
import { pageSources, sourceTrouble, type PageSource } from "./page-sources.ts";
import { isSigned, readPage, type PageUnit } from "./page-units.ts";
import {
  bcaAgain,
  deviationAgain,
  meanAgain,
  medianAgain,
  tQuantileAgain,
  pairedAgain,
  welchAgain,
} from "./cross-check.ts";
import { numberText, unescaped, unitTokens, type UnitToken } from "./unit-tokens.ts";
import { isNear } from "./written-terms.ts";

/** What forbids that a page is saved. `lineOf` gives a log's line as it stands on the disk. */
export function verifyFindings(
  page: string,
  lineOf: (path: string, line: number) => string | undefined,
): readonly AuditFinding[] {
  const read = readPage(page);
  const sources = pageSources(read.units);
  // All rows of a table are one block: each block is looked at once.
  const blocks = new Map<string, boolean>();
  const own = read.units.filter((unit) => {
    const known = blocks.get(unit.block) ?? isSigned(unit, read);
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
    ...verdictFindings(own),
    ...countFindings(own),
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
    const head = { line: unit.line, said: oneLine(`${before?.text ?? ""} ${token.text}`) };
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
      if (
        value === undefined ||
        !Number.isFinite(value) ||
        isNear(Number(numberText(token.text)), value)
      )
        return;
      const message = `its operands give ${String(Number(value.toPrecision(6)))}`;
      findings.push({ kind: "differs", line: unit.line, said: `${name} ${token.text}`, message });
    });
  };
  if (heads.includes("95 % t-interval") && values.length > 2) {
    const mean = meanAgain(values);
    const deviation = deviationAgain(values);
    const half = (tQuantileAgain(0.975, values.length - 1) * deviation) / Math.sqrt(values.length);
    hold("n", [values.length]);
    hold("mean", [mean]);
    hold("SD", [deviation]);
    hold("95 % t-interval", [mean - half, mean + half]);
    if (heads.includes("95 % BCa interval")) {
      hold("median", [medianAgain(values)]);
      hold("95 % BCa interval", bcaAgain(values));
    }
  }
  if (heads.includes("of the baseline")) {
    const others = citedValues(cell("of the baseline"), sources);
    if (values.length > 0 && others.length > 0) {
      hold("difference", [meanAgain(values) - meanAgain(others)]);
      // Seeds are in one order on both sides: the values of one place make a pair.
      if (/\(paired t/.test(cell("outcome"))) hold("95 % interval", pairedAgain(values, others));
      if (/\(Welch's t/.test(cell("outcome"))) hold("95 % interval", welchAgain(values, others));
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
