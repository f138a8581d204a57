// Verifies the counts on a finished page against the page's own tables: how many runs there are and
// how they ended, and which value of a sweep is the smallest or largest.
import { AGGREGATIONS } from "../../src/criteria/criterion.ts";
import { oneLine, type AuditFinding } from "../../src/report/audit/audit-finding.ts";
import { cellsOf, type PageUnit } from "../../src/report/audit/page-units.ts";
import { writtenValue } from "./written-terms.ts";

/** The counts that differ from the page's tables. `own` are the units that nightlab wrote. */
export function countFindings(own: readonly PageUnit[]): readonly AuditFinding[] {
  return [...runFindings(own), ...sweepFindings(own)];
}

function runFindings(own: readonly PageUnit[]): readonly AuditFinding[] {
  const states = own.flatMap((unit) => cellUnder(unit, "Runs", "state"));
  return own.flatMap((unit): AuditFinding[] => {
    const made =
      /^There (?:is|are) (\d+) runs?(?:: ([^.]+)|, all ([^.]+)|; it (?:is|was|has) ([^.]+))\./.exec(
        unit.text,
      );
    if (made === null || unit.under.at(-1) !== "Abstract") return [];
    const [, count, list = "", all, one] = made;
    const differs = (message: string): AuditFinding => {
      return { kind: "differs", line: unit.line, said: oneLine(unit.text), message };
    };
    if (Number(count) !== states.length) return [differs(`Methods lists ${states.length} runs`)];
    const ended = states.map((state) => state.replace(/, ignored$/, ""));
    const same = all ?? one;
    const wanted =
      same === undefined
        ? list.split(/, | and /).map((part) => /^(\d+) (.+)$/.exec(part))
        : [[undefined, count, same]];
    for (const part of wanted) {
      const state = (part?.[2] ?? "").replace("started by hand", "by hand");
      const listed = ended.filter((known) => known === state).length;
      if (listed !== Number(part?.[1])) return [differs(`Methods lists ${listed} ${state}`)];
    }
    const ignored = Number(/(\d+) of them (?:is|are) ignored/.exec(unit.text)?.[1] ?? 0);
    const left = states.filter((state) => state.endsWith(", ignored")).length;
    return left === ignored ? [] : [differs(`Methods lists ${left} ignored`)];
  });
}

const BEST = new RegExp(
  `The (smallest|largest) ((?:${AGGREGATIONS.join("|")}) \`[^\`]+\`) of (\\d+) settings? ` +
    String.raw`and (\d+) runs? is (\S+) \[\d+\]`,
  "g",
);

function sweepFindings(own: readonly PageUnit[]): readonly AuditFinding[] {
  return own.flatMap((unit): AuditFinding[] => {
    const section = unit.under.at(-1) ?? "";
    if (!section.startsWith("Sweep over ") || /not listed/.test(unit.text)) return [];
    return [...unit.text.matchAll(BEST)].flatMap((match): AuditFinding[] => {
      const [text, word, metric = "", settings, runs, said = ""] = match;
      const cells = own.flatMap((row) => cellUnder(row, section, metric));
      // Runs with different names have a row each, even if their setting is the same.
      const named = new Set(
        own.flatMap((row) =>
          cellUnder(row, section, metric)[0] === "none" ? [] : cellUnder(row, section, "setting"),
        ),
      );
      const values = cells.flatMap((cell) =>
        cell.split(/, (?=\S+ \[)/).flatMap((one) => writtenValue(one) ?? []),
      );
      const best = word === "smallest" ? Math.min(...values) : Math.max(...values);
      const isRight =
        named.size === Number(settings) &&
        values.length === Number(runs) &&
        writtenValue(said) === best;
      if (isRight) return [];
      const message = `its table gives ${best} of ${named.size} settings and ${values.length} runs`;
      return [{ kind: "differs", line: unit.line, said: oneLine(text), message }];
    });
  });
}

/** The cell of a table's row below `heading`, in the column `column`; none for any other unit. */
function cellUnder(unit: PageUnit, heading: string, column: string): readonly string[] {
  if (unit.kind !== "row" || unit.head === undefined || unit.under.at(-1) !== heading) return [];
  const at = cellsOf(unit.head).indexOf(column);
  return at < 0 ? [] : [cellsOf(unit.text)[at] ?? ""];
}
