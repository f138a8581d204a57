// The part of the data that the words before a line's values name: `Validation: loss 0.5`.
// A name that tells its own split, `val_loss`, is none of this file's business.
import { isMark, tokenText } from "../lines/line-counter.ts";
import { NUMBER, SPACE, WORD } from "../lines/line-tokens.ts";
import type { PlainLine } from "../lines/metric-line.ts";
import { splitOfWord } from "../metric-words.ts";

/** The last split named in the tokens before `upTo`, places in source code left out. */
export function splitBefore(line: PlainLine, upTo: number): string | undefined {
  const { kinds } = line.tokens;
  let split: string | undefined;
  for (let i = 0; i < upTo; i += 1) {
    if (kinds[i] !== WORD) continue;
    const found = splitOfWord(tokenText(line, i));
    // `module:train:41 - ` and `[train:41]` say which function spoke.
    const place = isMark(line, i + 1, ":") && kinds[i + 2] === NUMBER;
    if (found !== undefined && !place && !isProse(line, i, upTo)) split = found;
  }
  return split;
}

/** `start training the model: loss` speaks of training, `Train Epoch`, `[val]`, `Test:` name it. */
function isProse(line: PlainLine, i: number, upTo: number): boolean {
  const { kinds } = line.tokens;
  const before = kinds[i - 1] === SPACE && kinds[i - 2] === WORD;
  const after = i + 2 < upTo && kinds[i + 1] === SPACE && kinds[i + 2] === WORD;
  return before && after && /ing$/i.test(tokenText(line, i));
}

/** `[train] loss=1.7, [valid] loss=1.8`: marks that say of which part the values behind them are. */
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
