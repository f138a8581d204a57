// A page that renews itself on a terminal: its own screen, redrawn in place without a flicker, and
// everything as it was before when it is left. What stands on it is the caller's.

/** The parts of the process that it touches; tests and callers hand in `process`. */
export interface ScreenParts {
  readonly stdout: NodeJS.WriteStream;
  readonly stdin: NodeJS.ReadStream;
}

export interface Screen {
  /** Shows lines from the top; what does not fit below is cut off. */
  show(lines: readonly string[]): void;
  /** The terminal has another size by now, or was taken up again. */
  onChange(callback: () => void): void;
  readonly size: () => { readonly columns: number; readonly rows: number };
  /** Resolves when the person wants to leave. */
  readonly left: Promise<void>;
  /** Gives the terminal back; may be called again. */
  close(): void;
}

const ENTER = "\u001B[?1049h\u001B[?25l";
const LEAVE = "\u001B[?25h\u001B[?1049l";
/** Between these a terminal that knows them draws nothing by halves; others pass them by. */
const [BEGIN, END] = ["\u001B[?2026h", "\u001B[?2026l"];
const HOME = "\u001B[H";
const REST_OF_LINE = "\u001B[K";
const REST_OF_SCREEN = "\u001B[J";
const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const CTRL_Z = "\u001A";
const CTRL_L = "\u000C";

/** Takes the terminal; `close` must be called however the caller ends. */
export function openScreen({ stdout, stdin }: ScreenParts): Screen {
  const gone = Promise.withResolvers<undefined>();
  let changed: (() => void) | undefined;
  let drawn: readonly string[] = [];
  let open = false;

  const enter = (): void => {
    if (open) return;
    open = true;
    drawn = [];
    stdout.write(ENTER);
    if (stdin.isTTY) stdin.setRawMode(true);
    stdin.resume();
  };
  const leave = (): void => {
    if (!open) return;
    open = false;
    stdout.write(LEAVE);
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.pause();
  };
  const quit = (): void => gone.resolve(undefined);
  const onKeys = (keys: Buffer): void => {
    for (const key of keys.toString("utf8")) {
      if (key === "q" || key === "Q" || key === CTRL_C || key === CTRL_D) quit();
      else if (key === CTRL_L) redraw();
      else if (key === CTRL_Z) {
        // The shell must see its own screen while this one sleeps.
        leave();
        process.kill(process.pid, "SIGTSTP");
      }
    }
  };
  const redraw = (): void => {
    drawn = [];
    changed?.();
  };
  const onAwake = (): void => {
    enter();
    redraw();
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  stdin.on("data", onKeys);
  stdin.on("end", quit);
  stdout.on("resize", redraw);
  // A terminal that was closed takes no more: the page ends with it.
  stdout.on("error", quit);
  process.on("SIGCONT", onAwake);
  for (const signal of signals) process.on(signal, quit);
  process.once("exit", leave);
  enter();
  return {
    left: gone.promise,
    size: () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 }),
    onChange(callback) {
      changed = callback;
    },
    show(lines) {
      if (!open) return;
      const { rows } = { rows: stdout.rows || 24 };
      const shown = lines.slice(0, rows);
      // Lines that are as they were are stepped over: little goes over a slow line.
      const text = shown.map((line, i) =>
        drawn[i] === line ? "" : `\u001B[${i + 1};1H${line}${REST_OF_LINE}`,
      );
      const isFirst = drawn.length === 0;
      const below = `\u001B[${Math.min(shown.length + 1, rows)};1H${shown.length < rows ? REST_OF_SCREEN : ""}`;
      const clear = isFirst ? `${HOME}${REST_OF_SCREEN}` : "";
      stdout.write(`${BEGIN}${clear}${text.join("")}${below}${END}`);
      drawn = shown;
    },
    close() {
      stdin.off("data", onKeys);
      stdin.off("end", quit);
      stdout.off("resize", redraw);
      process.off("SIGCONT", onAwake);
      for (const signal of signals) process.off(signal, quit);
      leave();
    },
  };
}
