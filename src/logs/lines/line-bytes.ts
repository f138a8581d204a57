// Small helpers for the bytes of a line: its text in two encodings, and quick checks of what it may
// hold. Colours are stripped in plain-text.ts.
import { QUOTED_CHARS } from "../../base/limits.ts";
import { ownCopy } from "./plain-text.ts";

/** A line as it is quoted to a person, in memory of its own. */
export const quoted = (plain: string): string => ownCopy(plain.trim().slice(0, QUOTED_CHARS));

/** The text of `bytes[from..to)`. */
export const utf8 = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("utf8");

/** The same with one character a byte, so that positions in it are those in the bytes. */
export const latin1 = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("latin1");

/** A value after `:`, `=` or `|`, a counter, a bar, or a word whose value needs no mark. */
const VALUE =
  /[:=][ \t]{0,40}(?:tensor\()?[[("'-]{0,3}[+.]?(?:\d|nan|inf)|%\||[|] +[-+.\d]|epoch|step|iter|metric|loss|acc|top[15]|ppl|perplex|bp[bcd]|nll|elbo|f1|auc|roc|map|iou|dice|precision|recall|ms?e|mae|r2|psnr|ssim|lpips|fid|bleu|rouge|meteor|cider|[wct]er|chrf|rew|return|kl|entropy|mrr|ndcg|tr?[el]l|mmlu|norm|swag|matthews|spear|pear|eer|crps|regret/i;

/** Whether a line can hold a value at all: rules out most lines quickly. */
export const mayHoldValue = (text: string): boolean => /\d|nan|inf/i.test(text) && VALUE.test(text);

/** Whether a line that was cut for its length begins like an object of metrics. */
export const isCutMetric = (text: string): boolean =>
  /^(?:.{0,80}\bmetrics?[ :=]{0,4}|\s*)\{["']/.test(text);
