// Progress bars are drawn again and again; only the last redraw of each counts. A bar is held
// back until another one begins, something follows a full one, or the log ends.
import { QUOTED_CHARS } from "../../base/limits.ts";

export interface BarRedraws {
  /** Whether bytes may hold a bar, or one is held back: otherwise `take` need not be asked. */
  maybe(bytes: Uint8Array): boolean;
  /** True when the text was a bar: it is held back. */
  take(bytes: Uint8Array, from: number, to: number, line: number, offset: number): boolean;
  /** The log is over: what was held back counts. */
  finish(): void;
}

interface Held {
  bytes: Uint8Array;
  line: number;
  offset: number;
  /** What stands before the bar, values left out, how far it is, and its time so far in s. */
  name: string;
  percent: number;
  elapsed: number;
}

const LONGEST = 8 * QUOTED_CHARS;
/** `Epoch 3:  45%|`, with the name and the percentage. */
const TQDM = /^(.{0,200}?)(\d{1,3})%\|/s;
const KERAS = /^(.{0,80}?)(\d{1,9})\/(\d{1,9}) (?:\[[=>.\s]*\]|\u00E2\u0094\u0081+)/s;

/** `onBar` gets each bar's last redraw, with its place. */
export function createBarRedraws(
  onBar: (bytes: Uint8Array, line: number, offset: number) => void,
): BarRedraws {
  let held: Held | undefined;
  const flush = (): void => {
    const bar = held;
    held = undefined;
    if (bar !== undefined) onBar(bar.bytes, bar.line, bar.offset);
  };
  const hold = (
    bytes: Uint8Array,
    from: number,
    to: number,
    line: number,
    offset: number,
    seen: Seen,
  ): void => {
    const end = Math.min(to, from + LONGEST);
    held = { bytes: bytes.slice(from, end), line, offset, ...seen };
  };
  return {
    maybe: (bytes) => held !== undefined || hasBarSign(bytes),
    take(bytes, from, to, line, offset) {
      const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, Math.min(to - from, LONGEST));
      const seen = barOf(text.toString("latin1"));
      if (seen === undefined) {
        // Other lines come between the redraws of a bar; once it is full, it says no more.
        if (held !== undefined && held.percent >= 100) flush();
        return false;
      }
      const same =
        held !== undefined &&
        held.name === seen.name &&
        seen.percent >= held.percent &&
        !(seen.elapsed < held.elapsed);
      if (held !== undefined && !same) flush();
      hold(bytes, from, to, line, offset, seen);
      return true;
    },
    finish: flush,
  };
}

type Seen = Pick<Held, "name" | "percent" | "elapsed">;

function barOf(text: string): Seen | undefined {
  const tqdm = TQDM.exec(text);
  if (tqdm !== null) {
    return { name: nameOf(tqdm[1] ?? ""), percent: Number(tqdm[2]), elapsed: elapsedOf(text) };
  }
  const keras = KERAS.exec(text);
  if (keras === null) return undefined;
  const [, name = "", done, total] = keras;
  const percent = (100 * Number(done)) / Number(total);
  return { name: `${nameOf(name)}/${total}`, percent, elapsed: Number.NaN };
}

/** `[01:33<`: logs that keep only full bars show a new one by its time. NaN without one. */
function elapsedOf(text: string): number {
  const time = /\[(?:(\d{1,5}):)?(\d{1,2}):(\d\d)[<,]/.exec(text);
  return time === null
    ? Number.NaN
    : Number(time[1] ?? 0) * 3600 + Number(time[2]) * 60 + Number(time[3]);
}

/** Values in a description change with each redraw; the bar is the same, but not of another epoch. */
const nameOf = (text: string): string =>
  text
    .replaceAll(/(epochs?\W{0,4})?[-+]?[\d.]+(?:e[-+]?\d+)?/gi, (all, epoch?: string) =>
      epoch === undefined ? "#" : all,
    )
    .trim();

/** What tqdm's box and the arrows of Keras, old and new, have in common with few other lines. */
const SIGNS: readonly (readonly [byte: number, signs: readonly string[]])[] = [
  [0x7c, ["%|"]],
  [0x5d, ["=]", ">]", ".]"]],
  [0xe2, ["\u2501"]],
];

/** Whether bytes hold a sign. One byte of it is looked up first: that is quicker, and mostly enough. */
function hasBarSign(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return SIGNS.some(
    ([byte, signs]) => buffer.includes(byte) && signs.some((sign) => buffer.includes(sign)),
  );
}
