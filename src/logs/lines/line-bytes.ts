// Small questions to the bytes of a line, and its text in the two ways that readers need it.
// Colours are taken off in plain-text.ts.
import { QUOTED_CHARS } from "../../base/limits.ts";
import { ownCopy } from "./plain-text.ts";

export const quoted = (plain: string): string => ownCopy(plain.trim().slice(0, QUOTED_CHARS));

export const utf8 = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("utf8");
/** One character a byte, so that places are those of the bytes. */
export const latin1 = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("latin1");

const ESC = 27;
const BACKSPACE = 8;

/** Whether colours or backspaces stand in it. */
export function hasEscape(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i += 1) if (bytes[i] === ESC || bytes[i] === BACKSPACE) return true;
  return false;
}

/** A value behind its mark, a counter, a bar, or a word of those that stand before a value alone. */
const VALUE =
  /[:=][ \t]{0,40}(?:tensor\()?[[("'-]{0,3}[+.]?(?:\d|nan|inf)|%\||[|] +[-+.\d]|epoch|step|iter|metric|loss|acc|top[15]|ppl|perplex|bp[bcd]|nll|elbo|f1|auc|roc|map|iou|dice|precision|recall|ms?e|mae|r2|psnr|ssim|lpips|fid|bleu|rouge|meteor|cider|[wct]er|chrf|rew|return|kl|entropy|mrr|ndcg|tr?[el]l|mmlu|norm|swag|matthews|spear|pear|eer|crps|regret/i;

/** Whether a line can hold a value at all; most lines that cannot are told quickly. */
export const mayHoldValue = (text: string): boolean => /\d|nan|inf/i.test(text) && VALUE.test(text);

/** The beginning of a line that was too long to be read and may have held metrics. */
export const isCutMetric = (text: string): boolean =>
  /^(?:.{0,80}\bmetrics?[ :=]{0,4}|\s*)\{["']/.test(text);
