// A full-screen page on a terminal: the alternate screen, redrawn in place without flicker. Leaving
// it restores the terminal. What the page shows is the caller's (`top.ts`).

/** The streams it uses; callers pass `process`, tests their own. */
export interface ScreenParts {
  readonly stdout: NodeJS.WriteStream;
  readonly stdin: NodeJS.ReadStream;
}

export interface Screen {
  /** Shows lines from the top; lines beyond the last row are cut off. */
  show(lines: readonly string[]): void;
  /** Sets the callback for when the page must be redrawn: on resize, after Ctrl-Z, on Ctrl-L. */
  onChange(callback: () => void): void;
  /** Size of the terminal in characters; 80 by 24 where it does not report one. */
  readonly size: () => { readonly columns: number; readonly rows: number };
  /** Resolves when the user wants to leave: a key, a signal, or a closed terminal. */
  readonly left: Promise<void>;
  /** Restores the terminal; idempotent. */
  close(): void;
}

/** Alternate screen on and cursor hidden, and back. */
const ENTER = "\u001B[?1049h\u001B[?25l";
const LEAVE = "\u001B[?25h\u001B[?1049l";
/** Synchronized output: a terminal that supports it draws the whole frame at once. */
const [BEGIN, END] = ["\u001B[?2026h", "\u001B[?2026l"];
const HOME = "\u001B[H";
const REST_OF_LINE = "\u001B[K";
const REST_OF_SCREEN = "\u001B[J";
const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const CTRL_Z = "\u001A";
const CTRL_L = "\u000C";

const QUIT_KEYS: ReadonlySet<string> = new Set(["q", "Q", CTRL_C, CTRL_D]);
const QUIT_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/** Takes over the terminal. The caller must call `close` on every path, also after an error. */
export function openScreen({ stdout, stdin }: ScreenParts): Screen {
  const screen = new TerminalScreen(stdout, stdin);
  screen.open();
  return screen;
}

class TerminalScreen implements Screen {
  readonly #stdout: NodeJS.WriteStream;
  readonly #stdin: NodeJS.ReadStream;
  readonly #left = Promise.withResolvers<undefined>();
  #changed: (() => void) | undefined;
  /** Lines on the screen now; empty: the next frame clears the screen first. */
  #drawn: readonly string[] = [];
  #isEntered = false;

  constructor(stdout: NodeJS.WriteStream, stdin: NodeJS.ReadStream) {
    this.#stdout = stdout;
    this.#stdin = stdin;
  }

  get left(): Promise<void> {
    return this.#left.promise;
  }

  readonly size = (): { readonly columns: number; readonly rows: number } => ({
    columns: this.#stdout.columns || DEFAULT_COLUMNS,
    rows: this.#stdout.rows || DEFAULT_ROWS,
  });

  onChange(callback: () => void): void {
    this.#changed = callback;
  }

  open(): void {
    this.#stdin.on("data", this.#onKeys);
    this.#stdin.on("end", this.#quit);
    this.#stdout.on("resize", this.#redraw);
    // Writing to a closed terminal fails: leave the page. `close` keeps this listener, since a
    // late error without one would end the process.
    this.#stdout.on("error", this.#quit);
    process.on("SIGCONT", this.#onContinue);
    for (const signal of QUIT_SIGNALS) process.on(signal, this.#quit);
    process.once("exit", this.#leave);
    this.#enter();
  }

  show(lines: readonly string[]): void {
    if (!this.#isEntered) return;
    const { rows } = this.size();
    const shown = lines.slice(0, rows);
    // Unchanged lines are not sent again, to save traffic over a slow connection.
    const text = shown.map((line, i) =>
      this.#drawn[i] === line ? "" : `\u001B[${i + 1};1H${line}${REST_OF_LINE}`,
    );
    const isFirst = this.#drawn.length === 0;
    const below = `\u001B[${Math.min(shown.length + 1, rows)};1H${shown.length < rows ? REST_OF_SCREEN : ""}`;
    const clear = isFirst ? `${HOME}${REST_OF_SCREEN}` : "";
    this.#stdout.write(`${BEGIN}${clear}${text.join("")}${below}${END}`);
    this.#drawn = shown;
  }

  close(): void {
    this.#stdin.off("data", this.#onKeys);
    this.#stdin.off("end", this.#quit);
    this.#stdout.off("resize", this.#redraw);
    process.off("SIGCONT", this.#onContinue);
    for (const signal of QUIT_SIGNALS) process.off(signal, this.#quit);
    this.#leave();
  }

  #enter(): void {
    if (this.#isEntered) return;
    this.#isEntered = true;
    this.#drawn = [];
    this.#stdout.write(ENTER);
    if (this.#stdin.isTTY) this.#stdin.setRawMode(true);
    this.#stdin.resume();
  }

  // The functions below are listeners: `on` and `off` need one identity, bound to this screen.

  readonly #leave = (): void => {
    if (!this.#isEntered) return;
    this.#isEntered = false;
    this.#stdout.write(LEAVE);
    if (this.#stdin.isTTY) this.#stdin.setRawMode(false);
    this.#stdin.pause();
  };

  readonly #quit = (): void => this.#left.resolve(undefined);

  readonly #onKeys = (keys: Buffer): void => {
    for (const key of keys.toString("utf8")) {
      if (QUIT_KEYS.has(key)) this.#quit();
      else if (key === CTRL_L) this.#redraw();
      else if (key === CTRL_Z) {
        // While this process is stopped, the shell needs its own screen.
        this.#leave();
        process.kill(process.pid, "SIGTSTP");
      }
    }
  };

  readonly #redraw = (): void => {
    this.#drawn = [];
    this.#changed?.();
  };

  readonly #onContinue = (): void => {
    this.#enter();
    this.#redraw();
  };
}
