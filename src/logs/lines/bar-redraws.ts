// Of a progress bar's redraws only the last counts: a bar is held back until another begins, a line
// follows a full one, or the log ends. A bar's values are parsed in formats/progress-bar.ts.
import { QUOTED_CHARS } from "../../base/limits.ts";

export interface BarRedraws {
  /** Whether bytes may hold a bar, or one is held back; if not, `take` need not be called. */
  maybe(bytes: Uint8Array): boolean;
  /** Takes the next text; true when it is a bar, which is then held back. */
  take(bytes: Uint8Array, from: number, to: number, line: number, offset: number): boolean;
  /** The log is over: passes on the bar held back. */
  finish(): void;
}

/** The last redraw of the bar held back. */
interface Held {
  bytes: Uint8Array;
  line: number;
  offset: number;
  /** The text before the bar, with `#` for values. */
  name: string;
  percent: number;
  /** Seconds since the bar began; NaN where it does not show them. */
  elapsed: number;
}

/** Bytes looked at, and kept, of one redraw. */
const LONGEST = 8 * QUOTED_CHARS;
/** tqdm's `Epoch 3:  45%|`: name and percentage. */
const TQDM = /^(.{0,200}?)(\d{1,3})%\|/s;
/** Keras's `45/100 [====>....]`, or a box of `━`: name, count and total, one character a byte. */
const KERAS = /^(.{0,80}?)(\d{1,9})\/(\d{1,9}) (?:\[[=>.\s]*\]|\u00E2\u0094\u0081+)/s;

/** Calls `onBar` with each bar's last redraw, its line and its offset. */
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
    parsed: ParsedBar,
  ): void => {
    const end = Math.min(to, from + LONGEST);
    held = { bytes: bytes.slice(from, end), line, offset, ...parsed };
  };
  return {
    maybe: (bytes) => held !== undefined || hasBarSign(bytes),
    take(bytes, from, to, line, offset) {
      const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, Math.min(to - from, LONGEST));
      const parsed = parseBar(text.toString("latin1"));
      if (parsed === undefined) {
        // Lines may come between the redraws of a bar, but a full one is not redrawn.
        if (held !== undefined && held.percent >= 100) flush();
        return false;
      }
      const same =
        held !== undefined &&
        held.name === parsed.name &&
        parsed.percent >= held.percent &&
        !(parsed.elapsed < held.elapsed);
      if (held !== undefined && !same) flush();
      hold(bytes, from, to, line, offset, parsed);
      return true;
    },
    finish: flush,
  };
}

type ParsedBar = Pick<Held, "name" | "percent" | "elapsed">;

function parseBar(text: string): ParsedBar | undefined {
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

/** Seconds of `[01:33<`, else NaN. Where only full bars are logged, this tells a new bar. */
function elapsedOf(text: string): number {
  const time = /\[(?:(\d{1,5}):)?(\d{1,2}):(\d\d)[<,]/.exec(text);
  return time === null
    ? Number.NaN
    : Number(time[1] ?? 0) * 3600 + Number(time[2]) * 60 + Number(time[3]);
}

/** The name without its values, which change with each redraw; an epoch's number stays in. */
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

/** Whether bytes hold a sign. Looking for one byte of it first is quicker, and mostly enough. */
function hasBarSign(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return SIGNS.some(
    ([byte, signs]) => buffer.includes(byte) && signs.some((sign) => buffer.includes(sign)),
  );
}
