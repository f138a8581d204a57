// Wrong values to plant in the tree of a report: each kind of lie that a value can tell.
import type { ReportTree } from "../../src/report/page/page.ts";
import {
  valuesIn,
  type Content,
  type Derived,
  type ReportBlock,
  type RichTable,
  type Source,
  type Value,
} from "../../src/report/page/values.ts";

/** Every value in a tree, inputs of others too, in the order in which `changed` counts them. */
export function allValues({ blocks }: ReportTree): readonly Value[] {
  const withInputs = (value: Value): readonly Value[] =>
    value.kind === "derived" ? [value, ...value.of.flat().flatMap(withInputs)] : [value];
  return blocks.flatMap(({ text }) => valuesIn(text).flatMap(withInputs));
}

/** The tree with another value in the place of the one at an index. */
export function changed(tree: ReportTree, index: number, to: (value: Value) => Value): ReportTree {
  let at = 0;
  const ofValue = (value: Value): Value => {
    const isIt = at++ === index;
    const same =
      value.kind === "derived"
        ? { ...value, of: value.of.map((side) => side.map(ofValue)) }
        : value;
    return isIt ? to(same) : same;
  };
  const ofContent = (content: Content): Content =>
    typeof content === "string"
      ? content
      : content.map((part) => (typeof part === "string" ? part : ofValue(part)));
  const ofText = (text: Content | RichTable): ReportBlock["text"] =>
    typeof text === "object" && "rows" in text
      ? { ...text, rows: text.rows.map((row) => row.map(ofContent)) }
      : ofContent(text);
  return { ...tree, blocks: tree.blocks.map(({ key, text }) => ({ key, text: ofText(text) })) };
}

/** Kinds of wrong values; each gives undefined for a value that it cannot be planted in. */
export const LIES: Readonly<
  Record<string, (value: Value, others: readonly Source[]) => Value | undefined>
> = {
  "another token": (value) =>
    value.kind === "derived" ? undefined : { ...value, token: otherToken(value.token) },
  "another line": (value) =>
    value.kind === "source" ? { ...value, line: value.line + 1 } : undefined,
  "another number of the criterion": (value) =>
    value.kind === "literal" && "criterion" in value.of
      ? { ...value, of: { ...value.of, at: value.of.at + 1 } }
      : undefined,
  "another offset": (value) =>
    value.kind === "source" ? { ...value, offset: value.offset + 1 } : undefined,
  "another metric": (value) =>
    value.kind === "source" ? { ...value, key: `${value.key}2` } : undefined,
  "another run's log": (value) =>
    value.kind === "source" ? { ...value, run: `${value.run}2` } : undefined,
  "another citation": (value) =>
    value.kind === "source" && value.number !== undefined
      ? { ...value, number: value.number + 1 }
      : undefined,
  "another result": (value) =>
    value.kind === "derived" ? { ...value, value: otherResult(value) } : undefined,
  "one input less": (value) =>
    value.kind === "derived" && ["count", "term", "met"].includes(value.how)
      ? { ...value, of: value.of.map((side, i) => (i === 0 ? side.slice(1) : side)) }
      : undefined,
  "another input": (value, others) => {
    if (value.kind !== "derived" || !["mean", "term", "difference"].includes(value.how)) return;
    const [[first, ...rest] = [], ...sides] = value.of;
    const other = others.find(({ token }) => first?.kind === "source" && token !== first.token);
    return other === undefined ? undefined : { ...value, of: [[other, ...rest], ...sides] };
  },
};

const otherToken = (token: string): string => (/\d$/.test(token) ? `${token}1` : `${token}x`);

/** Another result, which differs in what a page shows of it. */
function otherResult({ value }: Derived): Derived["value"] {
  if (typeof value === "string") return value === "MET" ? "NOT MET" : "MET";
  if (typeof value === "bigint") return value + 1n;
  if (typeof value === "number") return value === 0 ? 0.1 : value * 1.001;
  if ("length" in value) return [value[0], value[1] === 0 ? 0.1 : value[1] * 1.001];
  if (value.kind === "source") return { ...value, token: otherToken(value.token) };
  return value.kind === "finite"
    ? {
        ...value,
        numerator: value.numerator * 1_000_001n + 1n,
        denominator: value.denominator * 1_000_000n,
      }
    : { kind: "finite", numerator: 1n, denominator: 1n };
}
