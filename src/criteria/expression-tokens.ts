// Cuts a criterion's text into names, numbers and operators, each with its position. The grammar is
// expression.ts.

export interface ExpressionToken {
  readonly kind: "name" | "number" | "operator";
  readonly text: string;
  /** UTF-16 offset in the criterion. */
  readonly offset: number;
  /** A name in quotes: whatever it looks like, it is a metric's. */
  readonly quoted?: true;
}

/**
 * A name is as many of these characters as possible: `val-loss` is one name, `a - b` a difference.
 * A name does not begin with a minus: `-val/acc` is a negated name.
 */
const WORD = /(?!-[\p{L}_])[\p{L}\p{M}\p{N}_./@-]+/uy;
/** `"val loss"`, with quotes or backticks, also behind `baseline.`. */
const QUOTED = /(baseline\.)?(?:"([^"]+)"|`([^`]+)`)/y;
/** `(B)`, `(M)` or `(P)` right behind a name: ultralytics' boxes, masks and poses. */
const SUFFIX = /\([A-Z]{1,2}\)/y;
const NUMBER = /^-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE]-?\d+)?$/;
/** `1e+5`: the plus belongs to the number, although a name cannot hold it. */
const POSITIVE_EXPONENT = /(?:\d+(?:\.\d*)?|\.\d+)[eE]\+\d+/y;
const OPERATOR = /<=|>=|==|≤|≥|[^\s]/uy;
/** Other ways to write an operator. */
const SAME: Readonly<Record<string, string>> = {
  "≤": "<=",
  "≥": ">=",
  "−": "-",
  "×": "*",
  "·": "*",
};

/** The tokens of a criterion in order; unknown characters become operators. */
export function tokensOf(text: string): readonly ExpressionToken[] {
  const tokens: ExpressionToken[] = [];
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text.charAt(at))) {
      at += 1;
      continue;
    }
    QUOTED.lastIndex = at;
    const quoted = QUOTED.exec(text);
    if (quoted !== null) {
      const [all, baseline = "", ...names] = quoted;
      const name = names.find((one) => one !== undefined) ?? "";
      tokens.push({ kind: "name", text: baseline + name.trim(), offset: at, quoted: true });
      at += all.length;
      continue;
    }
    const number = match(POSITIVE_EXPONENT, text, at);
    const plain = number ?? match(WORD, text, at);
    const suffix =
      plain === undefined || number !== undefined ? "" : match(SUFFIX, text, at + plain.length);
    const word = plain === undefined ? undefined : plain + (suffix ?? "");
    const written = word ?? match(OPERATOR, text, at) ?? text.charAt(at);
    tokens.push(token(written, at, number !== undefined, word !== undefined));
    at += written.length;
  }
  return tokens;
}

function token(text: string, offset: number, number: boolean, word: boolean): ExpressionToken {
  if (number || NUMBER.test(text)) return { kind: "number", text, offset };
  if (word && text !== "-" && text !== "/" && text !== "and") return { kind: "name", text, offset };
  return { kind: "operator", text: SAME[text] ?? text, offset };
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}
