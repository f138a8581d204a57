// The bytes of a log as text for a terminal, piece by piece: `nightlab logs` prints it while it
// grows.
import { printableText } from "../base/visible-text.ts";

/** A code that sets colours and weights of letters. */
const COLOUR = /(?!\s)\p{Cc}\[[0-9;:]{0,32}m/gu;
/** What may be the beginning of one, or half a line ending, at the end of a piece. */
const UNFINISHED = /(?:(?!\s)\p{Cc}(?:\[[0-9;:]{0,32})?|\r+)$/u;

export interface LogText {
  /** The text of the next piece; a character or code that is cut by its end waits for the rest. */
  next(bytes: Uint8Array): string;
  /** What still waits. */
  end(): string;
}

/** Colours are left out, a bar that redraws itself is one line each time, the rest is printable. */
export function logText(): LogText {
  const decoder = new TextDecoder();
  let waiting = "";
  return {
    next(bytes) {
      const text = waiting + decoder.decode(bytes, { stream: true });
      const [tail = ""] = UNFINISHED.exec(text) ?? [];
      waiting = tail;
      return shown(text.slice(0, text.length - tail.length));
    },
    end() {
      const text = waiting + decoder.decode();
      waiting = "";
      return shown(text);
    },
  };
}

function shown(text: string): string {
  return printableText(text.replaceAll(COLOUR, "").replaceAll(/\r+\n?/g, "\n"));
}
