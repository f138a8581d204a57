// Whether a value stands in the text of a log, as its reader saw it: without colours, and by itself.
import { copyPlain } from "../../logs/lines/plain-text.ts";

/** Whether a token stands in a text from a log, and is no part of a longer number. */
export function standsIn(text: string, token: string): boolean {
  // A redraw of a progress bar begins behind a carriage return; what colours it ends there too.
  return holds(text, token) || text.split("\r").some((part) => holds(withoutColours(part), token));
}

function holds(text: string, token: string): boolean {
  for (let at = text.indexOf(token); at >= 0; at = text.indexOf(token, at + 1)) {
    if (isWhole(token, text.charAt(at - 1), text.slice(at + token.length))) return true;
  }
  return false;
}

/** Whether the scanner of numbers, which takes as much as it can, would take just this token. */
function isWhole(token: string, before: string, after: string): boolean {
  if (/^\d/.test(after)) return false;
  // `1.2.3` is read as 1.2 and .3.
  if (/^\d+$/.test(token) && /^\.\d/.test(after)) return false;
  return !/^\d/.test(token) || !/[\d.]/.test(before);
}

function withoutColours(text: string): string {
  const bytes = Buffer.from(text);
  const into = Buffer.alloc(bytes.length);
  return into.toString("utf8", 0, copyPlain(bytes, 0, bytes.length, into));
}
