// A block of a receipt (paragraph, list item or table) and the hash by which it is recognised
// later. journal/receipt/receipt.ts makes the blocks, journal/receipt/render.ts places them.
import { hashText } from "./ids.ts";

/** Cached hashes of receipt blocks: more than a journal of 10 MB has. */
const CACHED_HASHES = 100_000;

const WEIRD = "[WEIRD]";
const RESOLVED = "[RESOLVED]";

/**
 * The normal form of a block, for comparison: without quote markers, list marker and box, white
 * space folded. A formatter's bullets and a user's tick leave it the same.
 */
export function normalReceiptBlock(text: string): string {
  const words = text
    .split(/\r\n|\n|\r/)
    .map((line) => line.replace(/^[\s>]+/, ""))
    .join(" ")
    .replaceAll(/\s+/g, " ")
    .trim();
  // Formatters change the length of a table's delimiter row.
  const normal = words.startsWith("| ") ? words.replaceAll(/-{3,}/g, "---") : words;
  return normal.replace(/^(?:[-*+]|\d{1,9}[.)]) /, "").replace(/^\[[ xX]\] /, "");
}

/**
 * A trace at the end of a receipt's first block: a pattern of dots that stands for one write of the
 * journal. It tells which write a text was loaded after, and is no part of what the receipt says.
 */
const TRACE = /[ \t]+([\u2801-\u28ff])\1?$/;
const FIRST_TRACE = 0x2801;
const TRACES = 0xff;

/** The trace of a write, numbered from 1; `wide`: the same, of another size in bytes. */
export function traceOf(write: number, wide: boolean): string {
  const dots = String.fromCharCode(FIRST_TRACE + (write % TRACES));
  return ` ${dots}${wide ? dots : ""}`;
}

/** The newest write, at most `newest`, whose trace a block in normal form ends with; else 0. */
export function writeTraced(normal: string, newest: number): number {
  const dots = TRACE.exec(normal)?.[1]?.charCodeAt(0);
  if (dots === undefined) return 0;
  const behind = (((newest - (dots - FIRST_TRACE)) % TRACES) + TRACES) % TRACES;
  return Math.max(0, newest - behind);
}

/** A block, or its last line, without its trace. */
export const withoutTrace = (block: string): string => block.replace(TRACE, "");

/** Cache of hashes by text: the same blocks are looked up at every save. */
const HASHES = new Map<string, string>();

/** The hash that is stored of a rendered block; `text` with or without its markers and trace. */
export function receiptBlockHash(text: string): string {
  const known = HASHES.get(text);
  if (known !== undefined) return known;
  const hash = hashText(withoutTrace(normalReceiptBlock(text)));
  if (HASHES.size >= CACHED_HASHES) HASHES.clear();
  HASHES.set(text, hash);
  return hash;
}

/** The open form of a flag that the user marked `[RESOLVED]`; undefined for any other block. */
export function openedFlag(text: string): string | undefined {
  if (!text.includes(RESOLVED)) return undefined;
  const normal = normalReceiptBlock(text);
  return normal.includes(RESOLVED) ? normal.replace(RESOLVED, WEIRD) : undefined;
}

/** Whether the daemon wrote this block, apart from a user's tick or `[RESOLVED]`. */
export function isRendered(text: string, rendered: ReadonlySet<string>): boolean {
  if (rendered.has(receiptBlockHash(text))) return true;
  const opened = openedFlag(text);
  return opened !== undefined && rendered.has(receiptBlockHash(opened));
}
