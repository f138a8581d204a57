// A log line as plain text: without terminal colours, and its time stamp as a number.
// What the line means is left to the formats.

const ESC = "\u001B";
const BEL = "\u0007";

/** The text without ANSI escape sequences (colours, hyperlinks). Linear in the text's length. */
export function stripAnsi(text: string): string {
  let at = text.indexOf(ESC);
  if (at === -1) return text;
  let plain = "";
  let from = 0;
  while (at !== -1) {
    plain += text.slice(from, at);
    from = endOfEscape(text, at);
    at = text.indexOf(ESC, from);
  }
  return plain + text.slice(from);
}

function endOfEscape(text: string, at: number): number {
  const kind = text[at + 1];
  let i = at + 2;
  if (kind === "[") {
    while (i < text.length && !isFinal(text.charCodeAt(i))) i += 1;
    return Math.min(text.length, i + 1);
  }
  if (kind === "]") {
    while (i < text.length && text[i] !== BEL && text[i] !== ESC) i += 1;
    return Math.min(text.length, text[i] === ESC ? i + 2 : i + 1);
  }
  return Math.min(text.length, i);
}

const isFinal = (code: number): boolean => code >= 0x40 && code <= 0x7e;

const STAMP = /^\[?(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?/;

/**
 * The stamp that a plain log line begins with, in ms since 1970 as if it were UTC: logs name no
 * zone. Undefined where there is none.
 */
export function stampOf(plain: string): number | undefined {
  const first = plain.charCodeAt(0);
  if ((first < 48 || first > 57) && first !== 91) return undefined;
  const match = STAMP.exec(plain);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction] = match;
  const whole = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  return whole + (fraction === undefined ? 0 : Math.floor(Number(`0.${fraction}`) * 1000));
}

/** A copy that shares no memory with the longer text it was cut from. */
export function ownCopy(text: string): string {
  return Buffer.from(text, "utf8").toString("utf8");
}
