// An oracle for tests, which knows a page by its text alone: it reads nightlab's own sentences and
// tables back, checks each citation against the log line, and computes each derived number of a
// table again from its cited operands. What a person added to the page is not checked.
import { oneLine, type AuditFinding } from "../../src/report/audit/audit-finding.ts";
import { countFindings } from "./verify-counts.ts";
import { verdictFindings } from "./verify-verdicts.ts";
import {
  isSourceEntry,
  pageSources,
  sourceFinding,
  sourceTrouble,
  type PageSource,
} from "../../src/report/audit/page-sources.ts";
import { cellsOf, isSigned, readPage, type PageUnit } from "../../src/report/audit/page-units.ts";
import {
  bcaAgain,
  deviationAgain,
  differenceIntervalAgain,
  medianAgain,
  tQuantileAgain,
} from "../../src/report/audit/cross-check.ts";
import {
  numberText,
  unescaped,
  unitTokens,
  type UnitToken,
} from "../../src/report/audit/unit-tokens.ts";
import { isNear, meanAgain } from "./written-terms.ts";

/**
 * What is wrong with a page; nothing with a sound one. `lineOf` gives a log's line as it is on disk.
 */
export function verifyFindings(
  page: string,
  lineOf: (path: string, line: number) => string | undefined,
): readonly AuditFinding[] {
  const read = readPage(page);
  const sources = pageSources(read.units);
  // All rows of a table share a block, so that its hash is computed once.
  const blocks = new Map<string, boolean>();
  const own = read.units.filter((unit) => {
    const known = blocks.get(unit.block) ?? isSigned(unit, read);
    blocks.set(unit.block, known);
    return known;
  });
  return [
    ...[...sources.values()].flatMap((source) => {
      const trouble = sourceTrouble(source, lineOf(source.path, source.line));
      return trouble === undefined ? [] : [sourceFinding(source, trouble)];
    }),
    ...own.flatMap((unit) => citationFindings(unit, sources)),
    ...own.flatMap((unit) => rowFindings(unit, sources)),
    ...verdictFindings(own),
    ...countFindings(own),
  ];
}

/** Each citation names a source, and the number before it is that source's token, to the letter. */
function citationFindings(
  unit: PageUnit,
  sources: ReadonlyMap<string, PageSource>,
): readonly AuditFinding[] {
  if (isSourceEntry(unit)) return [];
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

/** Whether the text before a citation ends with the token, of whatever characters it is. */
function endsWith(unit: PageUnit, citation: UnitToken, token: string): boolean {
  return unescaped(unit.text.slice(0, citation.at).trimEnd()).endsWith(token);
}

/** Mean, SD and intervals of a table's row, computed from the tokens that the row cites. */
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
  const compare = (name: string, wanted: readonly number[]): void => {
    const written = unitTokens(cell(name)).filter((token) => token.kind === "number");
    written.forEach((token, i) => {
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
    compare("n", [values.length]);
    compare("mean", [mean]);
    compare("SD", [deviation]);
    compare("95 % t-interval", [mean - half, mean + half]);
    if (heads.includes("95 % BCa interval")) {
      compare("median", [medianAgain(values)]);
      compare("95 % BCa interval", bcaAgain(values));
    }
  }
  if (heads.includes("of the baseline")) {
    const others = citedValues(cell("of the baseline"), sources);
    if (values.length > 0 && others.length > 0) {
      compare("difference", [meanAgain(values) - meanAgain(others)]);
      // Both sides are in the order of the seeds: values with the same index are a pair.
      if (/\(paired t/.test(cell("outcome")))
        compare("95 % interval", differenceIntervalAgain(values, others, "paired"));
      if (/\(Welch's t/.test(cell("outcome")))
        compare("95 % interval", differenceIntervalAgain(values, others, "welch"));
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
