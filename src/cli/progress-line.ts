// One line that says how something goes: redrawn on a terminal, a new line per change elsewhere.
// What it says is the caller's.

/** The part of a stream that is used: `process.stdout` fits. */
export interface LineOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressLine {
  show(text: string): void;
  /** Leaves the last text standing and goes to the next line. */
  end(): void;
}

const headOf = (text: string): string => text.split(/[ ·;]/, 1)[0] ?? "";

/** Where nobody can see a line change, only its first word's changes are news. */
export function progressLine(out: LineOutput): ProgressLine {
  let shown = "";
  return {
    show(text) {
      if (text === shown) return;
      if (out.isTTY === true) {
        const width = Math.max(20, (out.columns ?? 80) - 5);
        out.write(`\r\u001B[K  … ${text.slice(0, width)}`);
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
