// Cuts a criterion into names, numbers and operators, each with its place.
// What they mean together is expression.ts.

export interface ExpressionToken {
  readonly kind: "name" | "number" | "operator";
  readonly text: string;
  /** UTF-16 offset in the criterion. */
  readonly offset: number;
}

/**
 * A name is a maximal run of these; so `val-loss` is one name and `a - b` is a difference. None
 * begins with a minus: `-val/acc` is the negative of one.
 */
const WORD = /(?!-[\p{L}_])[\p{L}\p{M}\p{N}_./@-]+/uy;
const NUMBER = /^-?(?:\d+\.?\d*|\.\d+)(?:[eE]-?\d+)?$/;
/** `1e+5`: the plus belongs to the number, though it is no letter of a name. */
const POSITIVE_EXPONENT = /(?:\d+\.?\d*|\.\d+)[eE]\+\d+/y;
const OPERATOR = /<=|>=|==|≤|≥|[^\s]/uy;
const SAME: Readonly<Record<string, string>> = {
  "≤": "<=",
  "≥": ">=",
  "−": "-",
  "×": "*",
  "·": "*",
};

/** The tokens of a criterion in order; characters that mean nothing come as operators. */
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
