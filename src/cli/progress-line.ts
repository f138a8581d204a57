// A one-line progress display: redrawn in place on a terminal, a new line per change elsewhere. The
// caller supplies the text.

import { printable } from "../base/visible-text.ts";

/** The part of a stream that it uses, such as `process.stdout`. */
export interface LineOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressLine {
  /** Replaces the text. */
  show(text: string): void;
  /** Leaves the last text and goes to the next line. */
  end(): void;
}

const headOf = (text: string): string => text.split(/[ ·;]/, 1)[0] ?? "";

/**
 * A progress line on `out`. Off a terminal it prints only when the first word changes: a new line
 * for each percent would flood a log.
 */
export function progressLine(out: LineOutput): ProgressLine {
  let shown = "";
  return {
    show(text) {
      if (text === shown) return;
      if (out.isTTY === true) {
        const width = Math.max(20, (out.columns ?? 80) - 5);
        out.write(`\r\u001B[K  … ${printable(text).slice(0, width)}`);
      } else if (headOf(text) !== headOf(shown)) {
        out.write(`  … ${text}\n`);
      }
      shown = text;
    },
    end() {
      if (out.isTTY === true && shown !== "") out.write("\n");
      if (shown !== "") out.write("\n");
      shown = "";
    },
  };
}
