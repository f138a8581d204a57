// A piece: one paragraph or list item of a receipt, and the hash by which it is known again.
// Which pieces a receipt holds is decided in receipt.ts, where they stand in render.ts.
import { hashText } from "./ids.ts";

/** Hashes of receipt pieces kept at hand: more than a journal of 10 MB has. */
const PIECE_HASHES = 100_000;

const WEIRD = "[WEIRD]";
const RESOLVED = "[RESOLVED]";

/**
 * A piece as it is compared: without quote and list markers and without its box, white space
 * folded, so that a formatter's bullets and a person's tick leave it the same piece.
 */
export function normalReceiptBlock(text: string): string {
  const words = text
    .split(/\r\n|\n|\r/)
    .map((line) => line.replace(/^[\s>]+/, ""))
    .join(" ")
    .replaceAll(/\s+/g, " ")
    .trim();
  // Formatters draw the rule of a table as long as they like.
  const normal = words.startsWith("| ") ? words.replaceAll(/-{3,}/g, "---") : words;
  return normal.replace(/^(?:[-*+]|\d{1,9}[.)]) /, "").replace(/^\[[ xX]\] /, "");
}

/** Hashes that were asked for lately: the same pieces are looked up at every save. */
const HASHES = new Map<string, string>();

/** What is remembered of a rendered piece; `text` with or without its markers. */
export function receiptBlockHash(text: string): string {
  const known = HASHES.get(text);
  if (known !== undefined) return known;
  const hash = hashText(normalReceiptBlock(text));
  if (HASHES.size >= PIECE_HASHES) HASHES.clear();
  HASHES.set(text, hash);
  return hash;
}

/** The flag that this piece shows as resolved, in its open form; undefined for other pieces. */
export function openedFlag(text: string): string | undefined {
  if (!text.includes(RESOLVED)) return undefined;
  const normal = normalReceiptBlock(text);
  return normal.includes(RESOLVED) ? normal.replace(RESOLVED, WEIRD) : undefined;
}

/** Whether the daemon wrote it, a tick or a `[RESOLVED]` of the person's apart. */
export function isRendered(text: string, rendered: ReadonlySet<string>): boolean {
  if (rendered.has(receiptBlockHash(text))) return true;
  const opened = openedFlag(text);
  return opened !== undefined && rendered.has(receiptBlockHash(opened));
}
