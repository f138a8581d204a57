// Finds where a Python program says that it failed: tracebacks of Python, loguru and rich, syntax
// errors, usage errors of argparse, click and Typer. Which one ended the run is in rules/cause.ts.
import { QUOTED_CHARS } from "../../base/limits.ts";
import { ownCopy } from "./plain-text.ts";

/** Lines to wait for the last line of a traceback: deep recursion prints some 1,000. */
const TRACEBACK_LINES = 5_000;

/** A failure as the log shows it: where it begins, and the line that names the exception. */
export interface FoundTraceback {
  readonly line: number;
  readonly offset: number;
  readonly lastLine: string;
  readonly lastLineNumber: number;
  readonly lastLineOffset: number;
}

/** A line without colours, with its position. */
export interface TextLine {
  readonly text: string;
  readonly line: number;
  readonly offset: number;
}

export interface TracebackFinder {
  /**
   * Takes the next line; gives the failure that it completes. `replaces`: it is chained to the last
   * one, whose place in the list it takes.
   */
  next(line: TextLine): { readonly found: FoundTraceback; readonly replaces: boolean } | undefined;
  /**
   * The log is over: a traceback whose exception is not there, since the process was gone before it
   * was printed. Its last line is that of the innermost frame.
   */
  end(): FoundTraceback | undefined;
  /** Whether the last line was within a traceback: it quotes code, whose words mean nothing. */
  inFrames(): boolean;
  /** Whether a failure has begun: then the next line must be given, whatever it says. */
  busy(): boolean;
}

/** Whether a line may begin a failure. Other lines need not be given while `busy` is false. */
export const mayFail = (plain: string): boolean =>
  plain.includes(HEADER) ||
  plain.startsWith(IGNORED) ||
  SYNTAX_PLACE.test(plain) ||
  /^usage: /i.test(plain);

/**
 *                 header                     first line that is no frame
 *   idle ─────────────────────► frames ───────────────────────────► after ── chain ─► chained
 *    │  `File "…", line n`     (in rich's box: until it is closed)     │               │ header
 *    ├───────────────────────► syntax ── SyntaxError ────────────────► ▼               ▼
 *    │  `usage: …`                                                    idle           frames
 *    └───────────────────────► usage ── error line or box ───────────► ▲
 * A header leads to `frames` from every state; `after` and `chained` otherwise act like `idle`.
 */
type State =
  | { readonly kind: "idle" }
  | {
      readonly kind: "frames";
      readonly begun: Begun;
      readonly prefix: string;
      readonly box: boolean;
    }
  | { readonly kind: "syntax"; readonly begun: Begun }
  | { readonly kind: "usage"; readonly begun: Begun; readonly boxed?: Boxed }
  | { readonly kind: "after"; readonly begun: Begun }
  | { readonly kind: "chained"; readonly begun: Begun };

/** Where a failure began. */
interface Begun {
  readonly line: number;
  readonly offset: number;
  /** Lines since, without its end. */
  readonly waited: number;
  /** It goes on from the failure found last. */
  readonly chain: boolean;
}

/** The text of an error box so far, with the position of its first text. */
interface Boxed {
  readonly line: number;
  readonly offset: number;
  readonly text: string;
}

const HEADER = "Traceback (most recent call last)";
const CHAIN = [
  "During handling of the above exception, another exception occurred:",
  "The above exception was the direct cause of the following exception:",
];
/** Python prints this before a failure during cleanup, after which the program goes on. */
const IGNORED = "Exception ignored in";
const SYNTAX_PLACE = /^\s{0,8}File "[^"]*", line \d+$/;
const SYNTAX_ERROR = /^(?:SyntaxError|IndentationError|TabError)\b/;
/** `ValueError: bad`, `torch.cuda.OutOfMemoryError: …`, `KeyboardInterrupt`. */
const EXCEPTION = /^[A-Za-z_][\w.]*(?::|$)/;
/** Lines to wait for the error after the place of a syntax error. */
const SYNTAX_LINES = 6;
/** Lines to wait for the error after `usage:`. */
const USAGE_LINES = 60;

/** A finder that has seen no line. */
export function createTracebackFinder(): TracebackFinder {
  let state: State = { kind: "idle" };
  let previous = "";
  let frame: TextLine | undefined;

  return {
    next(line) {
      const plain = line.text;
      const ignored = previous.startsWith(IGNORED);
      if (plain.trim() !== "") previous = plain.length > 200 ? plain.slice(0, 200) : plain;
      const header = plain.indexOf(HEADER);
      if (header !== -1 && isHeader(plain, header)) {
        state = ignored ? { kind: "idle" } : startFrames(state, line, plain, header);
        return undefined;
      }
      if (state.kind === "frames" && /^\s+(?!File ")\S/.test(plain)) frame = line;
      const step = advance(state, line, plain);
      state = step.state;
      return step.done;
    },
    end() {
      if (state.kind !== "frames" || state.box || frame === undefined) return undefined;
      if (frame.line <= state.begun.line) return undefined;
      return finished(state.begun, frame, frame.text).done?.found;
    },
    inFrames: () => state.kind === "frames",
    busy: () => state.kind !== "idle" || previous.startsWith(IGNORED),
  };
}

interface Step {
  readonly state: State;
  readonly done?: { readonly found: FoundTraceback; readonly replaces: boolean };
}

function advance(state: State, line: TextLine, plain: string): Step {
  switch (state.kind) {
    case "idle":
      return { state: begin(line, plain) ?? state };
    case "frames":
      return inFrames(state, line, plain);
    case "syntax": {
      if (SYNTAX_ERROR.test(plain)) return finished(state.begun, line, plain);
      return { state: waiting(state, SYNTAX_LINES) };
    }
    case "usage":
      return inUsage(state, line, plain);
    case "after": {
      if (CHAIN.includes(plain.trim())) return { state: { ...state, kind: "chained" } };
      return { state: begin(line, plain) ?? waiting(state, TRACEBACK_LINES) };
    }
    case "chained":
      if (plain.trim() === "") return { state };
      return { state: begin(line, plain) ?? { kind: "idle" } };
  }
}

/** Whether nothing is around the header but a rank, a box or a group's mark. */
function isHeader(plain: string, at: number): boolean {
  const after = plain.slice(at + HEADER.length).trim();
  return after === ":" || /^[─-]+[╮+]?$/.test(after);
}

function startFrames(state: State, line: TextLine, plain: string, at: number): State {
  const before = plain.slice(0, at);
  const box = plain.slice(at + HEADER.length).trim() !== ":";
  const group = before.trimEnd().endsWith("Exception Group");
  const prefix = box ? "" : group ? `${before.slice(0, before.indexOf("+"))}| ` : before;
  const chain = state.kind === "chained";
  const begun = chain ? { ...state.begun, chain, waited: 0 } : begunAt(line);
  return { kind: "frames", begun, prefix, box };
}

const begunAt = (line: TextLine): Begun => ({
  line: line.line,
  offset: line.offset,
  waited: 0,
  chain: false,
});

function begin(line: TextLine, plain: string): State | undefined {
  if (SYNTAX_PLACE.test(plain)) return { kind: "syntax", begun: begunAt(line) };
  if (/^usage: /i.test(plain)) return { kind: "usage", begun: begunAt(line) };
  return undefined;
}

function inFrames(state: State & { kind: "frames" }, line: TextLine, plain: string): Step {
  const own = plain.startsWith(state.prefix) ? plain.slice(state.prefix.length) : plain;
  const first = own.charAt(0);
  const frame =
    first === "" || first === " " || first === "\t" || own.startsWith('> File "') || isBox(first);
  if (!frame && EXCEPTION.test(own)) return finished(state.begun, line, own);
  return { state: waiting(state, TRACEBACK_LINES) };
}

const isBox = (char: string): boolean => "│╰╭╷╵|+".includes(char);

function inUsage(state: State & { kind: "usage" }, line: TextLine, plain: string): Step {
  const trimmed = plain.trim();
  const { boxed } = state;
  if (boxed !== undefined) {
    if (/^[╰+]/.test(trimmed)) return finished(state.begun, boxed, boxed.text);
    const inside = trimmed.replace(/^[│|]/, "").replace(/[│|]$/, "").trim();
    const more =
      boxed.text === ""
        ? { line: line.line, offset: line.offset, text: inside }
        : { ...boxed, text: `${boxed.text} ${inside}` };
    return { state: waiting({ ...state, boxed: more }, USAGE_LINES) };
  }
  if (/^[╭+][─-]+ Error [─-]/.test(trimmed)) {
    const empty = { line: line.line, offset: line.offset, text: "" };
    return { state: { ...state, boxed: empty } };
  }
  if (plain.startsWith("Error: ") || /^[^\s:]{1,200}(?: [\w-]{1,80})?: error: /.test(plain)) {
    return finished(state.begun, line, plain);
  }
  return { state: waiting(state, USAGE_LINES) };
}

function finished(begun: Begun, at: { line: number; offset: number }, text: string): Step {
  const found: FoundTraceback = {
    line: begun.line,
    offset: begun.offset,
    lastLine: ownCopy(text.trim().slice(0, QUOTED_CHARS)),
    lastLineNumber: at.line,
    lastLineOffset: at.offset,
  };
  const next: Begun = { ...begun, waited: 0, chain: false };
  return { state: { kind: "after", begun: next }, done: { found, replaces: begun.chain } };
}

function waiting(state: Exclude<State, { kind: "idle" }>, most: number): State {
  if (state.begun.waited >= most) return { kind: "idle" };
  return { ...state, begun: { ...state.begun, waited: state.begun.waited + 1 } };
}
