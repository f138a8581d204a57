// Cuts a criterion's text into names, numbers and operators, each with its position. The grammar is
// expression.ts.

export interface ExpressionToken {
  readonly kind: "name" | "number" | "operator";
  readonly text: string;
  /** UTF-16 offset in the criterion. */
  readonly offset: number;
}

/**
 * A name is as many of these characters as possible: `val-loss` is one name, `a - b` a difference.
 * A name does not begin with a minus: `-val/acc` is a negated name.
 */
const WORD = /(?!-[\p{L}_])[\p{L}\p{M}\p{N}_./@-]+/uy;
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
    const number = match(POSITIVE_EXPONENT, text, at);
    const word = number ?? match(WORD, text, at);
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
