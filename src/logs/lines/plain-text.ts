// A log line without terminal colours, as bytes, and texts that stand for themselves.
// What the line means is left to the formats.

const ESC = 27;
const BEL = 7;
const BACKSPACE = 8;

/** Whether something is to be taken off: Node finds a byte in a Buffer faster than in an array. */
export function mayEscape(bytes: Uint8Array): boolean {
  const sought = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return sought.includes(ESC) || sought.includes(BACKSPACE);
}

/**
 * Copies `bytes[from..to)` into `into`, ANSI escape sequences (colours, hyperlinks) and what
 * backspaces take back left out, and gives the length. `into` is at least as long. Linear.
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

/** A copy that shares no memory with the longer text it was cut from. */
export function ownCopy(text: string): string {
  return Buffer.from(text, "utf8").toString("utf8");
}

/** The true text of a stretch of a line whose characters are bytes. */
export function trueText(bytes: string): string {
  for (let i = 0; i < bytes.length; i += 1) {
    if (bytes.charCodeAt(i) > 127) return Buffer.from(bytes, "latin1").toString("utf8");
  }
  return bytes;
}
