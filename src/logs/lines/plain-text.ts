// Strips terminal colours from a log line's bytes, and makes texts that own their memory.
// What the line means is left to the formats.

const ESC = 27;
const BEL = 7;
const BACKSPACE = 8;

/** Whether a whole chunk has an escape (a colour) or a backspace, which `copyPlain` strips. */
export function mayEscape(bytes: Uint8Array): boolean {
  // Node finds a byte in a Buffer many times faster than in a plain array.
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.includes(ESC) || buffer.includes(BACKSPACE);
}

/** The same for one line. */
export function hasEscape(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i += 1) if (bytes[i] === ESC || bytes[i] === BACKSPACE) return true;
  return false;
}

/**
 * Copies `bytes[from..to)` into `into` without ANSI escape sequences (colours, hyperlinks) and
 * without what backspaces erase, and gives the length. `into` must be at least as long. Linear.
 */
export function copyPlain(bytes: Uint8Array, from: number, to: number, into: Uint8Array): number {
  let length = 0;
  for (let at = from; at < to;) {
    const byte = bytes[at] ?? 0;
    if (byte === ESC) at = endOfEscape(bytes, at, to);
    else if (byte === BACKSPACE) {
      length = Math.max(0, length - 1);
      at += 1;
    } else {
      into[length] = byte;
      length += 1;
      at += 1;
    }
  }
  return length;
}

/** Where the escape sequence at `at` ends: `ESC [ … letter`, `ESC ] … BEL` or two bytes. */
function endOfEscape(bytes: Uint8Array, at: number, to: number): number {
  const kind = bytes[at + 1];
  let i = at + 2;
  if (kind === 0x5b) {
    while (i < to && !isFinal(bytes[i] ?? 0)) i += 1;
    return Math.min(to, i + 1);
  }
  if (kind === 0x5d) {
    while (i < to && bytes[i] !== BEL && bytes[i] !== ESC) i += 1;
    return Math.min(to, bytes[i] === ESC ? i + 2 : i + 1);
  }
  return Math.min(to, i);
}

const isFinal = (code: number): boolean => code >= 0x40 && code <= 0x7e;

/** A copy that does not keep the longer text it was cut from in memory. */
export function ownCopy(text: string): string {
  return Buffer.from(text, "utf8").toString("utf8");
}

/** Decodes UTF-8 from a text that has one character a byte. */
export function trueText(bytes: string): string {
  for (let i = 0; i < bytes.length; i += 1) {
    if (bytes.charCodeAt(i) > 127) return Buffer.from(bytes, "latin1").toString("utf8");
  }
  return bytes;
}
