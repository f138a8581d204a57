// What the difference between a sentence on the page and the one that the logs give means:
// numbers, names, units and weighing words count, a person's change of other words does not.
import type { AuditFinding } from "./audit-finding.ts";
import type { Told } from "./audit-match.ts";
import { isSigned, type PageReading } from "./page-units.ts";
import type { UnitToken } from "./unit-tokens.ts";

/** Words whose change changes what is claimed. */
const WEIGHTY = new Set(
  (
    "s ms min h d % kb mb gb mib gib k m g x × sec second seconds minute minutes hour hours " +
    "not no yes met inconclusive evaluable none all both neither single two three open resolved weird " +
    "better best worse worst more most less least fewer higher highest lower lowest larger largest " +
    "smaller smallest above below over under exactly first last mean median sd min max " +
    "done running failed stopped lost ignored evidence baseline tested different difference equal " +
    "goes success failure note up down faster slower significant reject rejected"
  ).split(" "),
);

/** Findings of an edited, moved or outdated unit. */
export function comparedFindings(
  said: Told,
  meant: Told,
  page: PageReading,
): readonly AuditFinding[] {
  const { unit } = said;
  if (said.key === meant.key) {
    if (said.claims === 0) return [];
    const message = `it belongs below ${meant.unit.under.at(-1) ?? "the title"}, and stands below ${unit.under.at(-1) ?? "the title"}`;
    return [{ kind: "differs", line: unit.line, said: oneLine(unit.text), message }];
  }
  const { removed, added } = difference(said, meant);
  const weighs = [...removed, ...added].some(isWeighty);
  if (!weighs) return removed.length === 0 ? cutFindings(unit, added) : [];
  const from = removed.filter(isWeighty).map((one) => one.text);
  const to = added.filter(isWeighty).map((one) => one.text);
  const who = isSigned(unit, page) ? "the logs say by now" : "the logs say";
  const message =
    to.length === 0
      ? `${who} nothing of the kind there: ${oneLine(meant.unit.text)}`
      : `${who} ${oneLine(to.join(" … "))}`;
  const where = removed.find(isWeighty)?.at ?? 0;
  const line = unit.line + unit.text.slice(0, where).split("\n").length - 1;
  return [
    {
      kind: "differs",
      line,
      said: from.length === 0 ? oneLine(unit.text) : oneLine(from.join(" … ")),
      message,
    },
  ];
}

/** A sentence that was cut out of a paragraph; a single word more or less is style. */
function cutFindings(unit: Told["unit"], added: readonly UnitToken[]): readonly AuditFinding[] {
  const words = added.filter((token) => token.kind === "word");
  if (words.length < CUT_WORDS) return [];
  const said = oneLine(words.map((token) => token.text).join(" "));
  const message = "these words were taken out of what nightlab wrote";
  return [{ kind: "deleted", line: unit.line, said, message }];
}

/** From so many words on it is a clause that is missing. */
const CUT_WORDS = 4;

interface Difference {
  /** On the page only. */
  readonly removed: readonly UnitToken[];
  /** In what the logs say only. */
  readonly added: readonly UnitToken[];
}

/** The tokens that a longest common subsequence leaves out on each side. */
function difference(said: Told, meant: Told): Difference {
  const [a, b] = [said.words, meant.words];
  const trimmed = trim(a, b);
  const { start, endA, endB } = trimmed;
  const width = endB - start + 1;
  const cells = (endA - start + 1) * width;
  if (cells > 4_000_000) {
    return { removed: said.tokens.slice(start, endA), added: meant.tokens.slice(start, endB) };
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
      keep(removed, said.tokens[start + i]);
      i += 1;
    } else {
      keep(added, meant.tokens[start + j]);
      j += 1;
    }
  }
  return { removed, added };
}

function trim(
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

function isWeighty(token: UnitToken): boolean {
  switch (token.kind) {
    case "number":
    case "citation":
    case "name":
    case "stamp":
    case "quoted":
      return true;
    case "word":
      return (
        WEIGHTY.has(token.text.toLowerCase()) || /\d/.test(token.text) || /[/_]/.test(token.text)
      );
    case "mark":
      return "%≈±<>=×+-−".includes(token.text);
  }
}

function keep(list: UnitToken[], token: UnitToken | undefined): void {
  if (token !== undefined) list.push(token);
}

/** At most a line of it. */
export function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length <= 120 ? line : `${line.slice(0, 119).toWellFormed()}…`;
}
