// The split that the words before a line's values name: `Validation: loss 0.5`.
// Splits within a metric's name, such as `val_loss`, are left to metric-role.ts.
import { isMark, tokenText } from "../lines/line-counter.ts";
import { NUMBER, SPACE, WORD } from "../lines/line-tokens.ts";
import type { PlainLine } from "../lines/metric-line.ts";
import { splitOfWord } from "../metric-words.ts";

/** The last split named in the tokens before `upTo`, except in source locations. */
export function splitBefore(line: PlainLine, upTo: number): string | undefined {
  const { kinds } = line.tokens;
  let split: string | undefined;
  for (let i = 0; i < upTo; i += 1) {
    if (kinds[i] !== WORD) continue;
    const found = splitOfWord(tokenText(line, i));
    // `module:train:41 - ` and `[train:41]` name the function that logged the line.
    const isLocation = isMark(line, i + 1, ":") && kinds[i + 2] === NUMBER;
    if (found !== undefined && !isLocation && !isProse(line, i, upTo)) split = found;
  }
  return split;
}

/**
 * Prose about training, `start training the model: loss`, unlike `Train Epoch`, `[val]`, `Test:`.
 */
function isProse(line: PlainLine, i: number, upTo: number): boolean {
  const { kinds } = line.tokens;
  const before = kinds[i - 1] === SPACE && kinds[i - 2] === WORD;
  const after = i + 2 < upTo && kinds[i + 1] === SPACE && kinds[i + 2] === WORD;
  return before && after && /ing$/i.test(tokenText(line, i));
}

/**
 * The splits in brackets from token `from` on, each for the values after it: `[train] loss=1.7,
 * [valid] loss=1.8`. `at` is the index of the bracket's token.
 */
export function splitsInBrackets(
  line: PlainLine,
  from: number,
): readonly { readonly at: number; readonly split: string }[] {
  const found: { at: number; split: string }[] = [];
  for (let i = from; i + 2 < line.tokens.count; i += 1) {
    if (line.tokens.kinds[i + 1] !== WORD || !isMark(line, i, "[") || !isMark(line, i + 2, "]"))
      continue;
    const split = splitOfWord(tokenText(line, i + 1));
    if (split !== undefined) found.push({ at: i, split });
  }
  return found;
}
