// What a page is made of: Markdown, and in it values that say where they come from. A page is
// written from this tree, and report/audit/verify-values.ts checks the tree before it is saved.
import type { ComparisonOperator, Term } from "../../criteria/criterion.ts";
import { decimalText, type Decimal } from "../../base/decimal.ts";
import { link, plain, table } from "../../base/markdown.ts";

/** A value that a log's line holds. */
export interface Source {
  readonly kind: "source";
  /** Path of the run's folder from the page. */
  readonly run: string;
  /** The log, relative to that folder. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** Byte offset in the log of the text that was read, from 0. */
  readonly offset: number;
  /** The metric, as logged. */
  readonly key: string;
  readonly token: string;
  /** Its number in the page's list of sources; absent where it is an operand that is not cited. */
  readonly number?: number;
  /** What is shown: `0.312 [4]`, `[4]`, or the link to its line. */
  readonly as: "cited" | "number" | "place" | "entry";
}

/** A token that a person wrote into a criterion, or what run.json or the journal say of a run. */
export interface Literal {
  readonly kind: "literal";
  readonly token: string;
  readonly of:
    /** `at`: which of the criterion's numbers it is, from 0. */
    | { readonly criterion: "success" | "failure"; readonly at: number }
    | { readonly run: string; readonly says: "state" | "ignored" | "setting" };
}

/** A value that follows from others, which need not be shown. */
export type Derived = Derivation & {
  readonly kind: "derived";
  /** One list of inputs, or one for each side. */
  readonly of: readonly (readonly Value[])[];
  /**
   * An exact number, an estimate, an interval, a count, a word, or one of the inputs: the smallest.
   */
  readonly value:
    Decimal | number | readonly [low: number, high: number] | bigint | string | Source;
};

/** The function that gives a derived value, with what it takes besides its inputs. */
export type Derivation =
  /** How many inputs there are, or how many different ones. */
  | { readonly how: "count" | "kinds" }
  /** An expression of a criterion over its numbers and metrics, in the order in which it has them. */
  | { readonly how: "term"; readonly term: Term }
  | { readonly how: "mean" | "deviation" | "median" | "t interval" | "BCa interval" }
  /** The mean of the first list less that of the second, and its interval and p. */
  | { readonly how: "difference" }
  | { readonly how: "interval" | "p"; readonly test: "welch" | "paired" }
  /** Of all p, the one at this index, corrected by Holm's method. */
  | { readonly how: "Holm"; readonly index: number }
  /** What an interval and a p say of a difference. */
  | { readonly how: "direction" }
  | { readonly how: "smallest" | "largest" }
  /** Whether left and right, the only ones of their lists, compare as the criterion asks. */
  | { readonly how: "met"; readonly operator: ComparisonOperator }
  /** How many runs meet all comparisons; a list of `met` for each comparison. */
  | { readonly how: "passing" }
  /** One-sided 95 % bound of the mean, plus the second list's only value where there is one. */
  | { readonly how: "bound"; readonly side: "below" | "above" }
  /** The word on a comparison: from `met` of each run, or from margins, their mean and its bound. */
  | { readonly how: "word"; readonly operator: ComparisonOperator }
  /** The word on a criterion, from those on its comparisons. */
  | { readonly how: "verdict" };

export type Value = Source | Literal | Derived;

/** Markdown with values in it. */
export type Rich = readonly (string | Value)[];
export type Content = string | Rich;

/** A table whose cells may hold values. */
export interface RichTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly Content[])[];
}

/** A block of a page before it is text. */
export interface ReportBlock {
  readonly key: string;
  readonly text: Content | RichTable;
}

/** Markdown with values: a template whose parts are Markdown or values. */
export function rich(texts: TemplateStringsArray, ...parts: readonly (Content | Value)[]): Rich {
  return texts.flatMap((text, i) => [text, ...partsOf(parts[i] ?? "")]);
}

/** How many values these are. */
export function countOf(values: readonly Value[]): Derived {
  return { kind: "derived", how: "count", of: [values], value: BigInt(values.length) };
}

/** `1 run`, `3 runs`. */
export function counting(values: readonly Value[], noun: string, plural = `${noun}s`): Rich {
  return rich`${countOf(values)} ${values.length === 1 ? noun : plural}`;
}

/** A value as a word, where it is one. */
export function wordOf(value: Value): string | undefined {
  if (value.kind === "literal") return value.token;
  return value.kind === "derived" && typeof value.value === "string" ? value.value : undefined;
}

function partsOf(part: Content | Value): Rich {
  return typeof part === "string" || "kind" in part ? [part] : part;
}

/** The parts with a text between each two. */
export function joined(parts: readonly (Content | Value)[], between: string): Rich {
  return parts.flatMap((part, i) => [...(i === 0 ? [] : [between]), ...partsOf(part)]);
}

/** The text of Markdown with values. */
export function textOf(content: Content | RichTable): string {
  if (typeof content === "string") return content;
  if ("rows" in content)
    return table(
      content.head,
      content.rows.map((row) => row.map(textOf)),
    );
  return content.map((part) => (typeof part === "string" ? part : shown(part))).join("");
}

/** All sources in blocks, those too that others only follow from; each once. */
export function sourcesIn(blocks: readonly ReportBlock[]): readonly Source[] {
  const seen = new Set<Value>();
  const visit = (value: Value): void => {
    if (seen.has(value)) return;
    seen.add(value);
    if (value.kind === "derived") for (const inputs of value.of) inputs.forEach(visit);
  };
  for (const { text } of blocks) valuesIn(text).forEach(visit);
  return [...seen].filter((value) => value.kind === "source");
}

/** The path of a source's log from the page. */
export function pathOf({ run, file }: Pick<Source, "run" | "file">): string {
  return `${run}/${file}`;
}

/** All values in Markdown, in the order in which they are shown. */
export function valuesIn(content: Content | RichTable): readonly Value[] {
  if (typeof content === "string") return [];
  if ("rows" in content) return content.rows.flatMap((row) => row.flatMap(valuesIn));
  return content.filter((part) => typeof part !== "string");
}

/** A value as a page shows it. */
function shown(value: Value): string {
  switch (value.kind) {
    case "literal":
      return value.token;
    case "source":
      return sourceText(value);
    case "derived":
      return derivedText(value);
  }
}

function sourceText(source: Source): string {
  const { file, line, key, token, number } = source;
  const path = pathOf(source);
  switch (source.as) {
    case "cited":
      return `${plain(token)} [${number}]`;
    case "number":
      return `[${number}]`;
    case "place":
      return link(`${plain(file)}:${line}`, path, line);
    case "entry":
      return `[${number}] ${link(plain(`${path}#L${line}`), path, line)} · ${plain(key)} = ${plain(token)}`;
  }
}

function derivedText({ how, value }: Derived): string {
  if (typeof value === "string") return value;
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") {
    return (how === "p" || how === "Holm") && value < 1e-6 ? "< 0.000001" : estimate(value);
  }
  if ("length" in value) return `${estimate(value[0])} to ${estimate(value[1])}`;
  return value.kind === "source" ? sourceText(value) : decimalText(value);
}

/** An estimate with four significant digits after `≈`. */
function estimate(value: number): string {
  return `≈ ${String(Number(value.toPrecision(4)))}`;
}
