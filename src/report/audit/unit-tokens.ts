// Cuts a page's text into tokens: numbers, citations, names, words. Which of them are claims, and
// whether they are true, is audit.ts.

export type UnitToken =
  /** A number in the text; `near` when `≈` is in front of it. */
  | { readonly kind: "number"; readonly text: string; readonly at: number; readonly near: boolean }
  /** `[4]`, a number of the list of sources. */
  | { readonly kind: "citation"; readonly text: string; readonly at: number }
  /** A code span, a link or a picture; `name` is its text without Markdown. */
  | { readonly kind: "name"; readonly text: string; readonly at: number; readonly name: string }
  /** Words in quotation marks. */
  | { readonly kind: "quoted"; readonly text: string; readonly at: number }
  | { readonly kind: "stamp"; readonly text: string; readonly at: number }
  | { readonly kind: "word"; readonly text: string; readonly at: number }
  | { readonly kind: "mark"; readonly text: string; readonly at: number };

const CODE = /(`+)(?:(?!\1)[^\n]){0,2000}?[^`]\1(?!`)/y;
const LINK = /!?\[((?:\\.|[^\\[\]\n]){0,2000})\]\(([^()\s]{0,4000})\)/y;
const QUOTED = /“[^”]{0,4000}”|"[^"\n]{0,4000}"/y;
const CITATION = /\[(\d{1,9})\](?![(:])/y;
const STAMP =
  /\d{4}-\d{2}-\d{2}(?:[T ]\d{2}[:-]\d{2}(?:[:-]\d{2})?)?(?: ?(?:Z|[+-]\d{2}:\d{2}))?(?![\d.])|\d{1,2}:\d{2}(?::\d{2})?(?![\d.])/y;
const NUMBER =
  /≈?\s?[-+−]?(?:\d{1,3}(?:,\d{3})+(?![\d,])|\d+)?(?:\.\d+)?(?:[eE][-+]?\d{1,4})?(?=(?:ms|min|sec|s|h|d|k|K|M|G|GB|MB|GiB|MiB|x|×|%)?(?![\p{L}\p{N}_]))/uy;
const NOT_FINITE = /[-+−]?(?:NaN|nan|Infinity|inf)(?![\p{L}\p{N}_])/uy;
const WORD = /[\p{L}\p{N}_]+(?:[./'’+-][\p{L}\p{N}_]+)*%?/uy;

/** Tokens in written order, without white space and emphasis. Linear in the text's length. */
export function unitTokens(text: string): readonly UnitToken[] {
  const found: UnitToken[] = [];
  for (let at = 0; at < text.length;) {
    if (/[\s*]/.test(text.charAt(at))) {
      at += 1;
      continue;
    }
    const token = tokenAt(text, at);
    found.push(token);
    at += Math.max(1, token.text.length);
  }
  return found;
}

function tokenAt(text: string, at: number): UnitToken {
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  const first = text.charAt(at);
  if (first === "`") {
    const found = match(CODE);
    if (found !== null) return { kind: "name", text: found[0], at, name: bareCode(found[0]) };
  }
  if (first === "[" || first === "!") {
    const cited = match(CITATION);
    if (cited !== null) return { kind: "citation", text: cited[0], at };
    const found = match(LINK);
    if (found !== null) {
      return { kind: "name", text: found[0], at, name: bareCode(unescaped(found[1] ?? "")) };
    }
  }
  if (first === "“" || first === '"') {
    const found = match(QUOTED);
    if (found !== null) return { kind: "quoted", text: found[0], at };
  }
  const before = text.charAt(at - 1);
  if (!/[\p{L}\p{N}_]/u.test(before)) {
    const stamp = match(STAMP);
    if (stamp !== null) return { kind: "stamp", text: stamp[0], at };
    const number = numberAt(text, at, match, before);
    if (number !== undefined) return number;
  }
  const word = match(WORD);
  return word === null ? { kind: "mark", text: first, at } : { kind: "word", text: word[0], at };
}

function numberAt(
  text: string,
  at: number,
  match: (pattern: RegExp) => RegExpExecArray | null,
  before: string,
): UnitToken | undefined {
  const plain = match(NUMBER)?.[0] ?? "";
  const whole = /\d/.test(plain) ? plain : (match(NOT_FINITE)?.[0] ?? "");
  if (whole === "") return undefined;
  // Parts of `3.12.4` (a version), of `1/2` and of `a-3` (names) are no numbers; the second number
  // of a range is one.
  const after = text.slice(at + whole.length, at + whole.length + 2);
  if (/^\.\d/.test(after) || before === "." || before === "/") return undefined;
  return { kind: "number", text: whole, at, near: whole.startsWith("≈") };
}

/** The text of a number token without `≈` and with an ASCII minus. */
export function numberText(text: string): string {
  return text.replace(/^≈\s*/, "").replace("−", "-").trim();
}

/** The numbers in a text, each as `numberText` gives it. */
export function numbersIn(text: string): readonly string[] {
  return unitTokens(text).flatMap((token) =>
    token.kind === "number" ? [numberText(token.text)] : [],
  );
}

/** The text without Markdown's backslashes before ASCII punctuation. */
export function unescaped(text: string): string {
  return text.replaceAll(/\\([!-/:-@[-`{-~])/g, "$1");
}

function bareCode(text: string): string {
  return text.replace(/^`+ ?/, "").replace(/ ?`+$/, "");
}
