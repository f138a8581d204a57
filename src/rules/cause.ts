// Says once why a run ended, from its exit, what was asked of it and what its logs show last.
// It guesses nothing: what the facts do not prove is told as a plain exit code or signal.
import type { Verb } from "../domain/command.ts";
import type { Cause, Exit, RunOutcome, StopAsker } from "../domain/run.ts";
import type { RunReading, DeathMarker, Traceback } from "../domain/sample.ts";
import { environmentMessage, missingScript } from "./runner-words.ts";
import { isConsole } from "../logs/run-reader.ts";
import { signalOf } from "./signals.ts";
import { missingModule } from "../logs/lines/death-markers.ts";

export interface DeathFacts {
  /** What the shim wrote; absent when nobody knows how it ended. */
  readonly exit?: Exit;
  readonly stopRequested?: { readonly by: StopAsker; readonly why?: string };
  readonly limitMs: number;
  readonly reading: RunReading;
  /** The kernel or the run's cgroup counted a process killed for memory while it ran. */
  readonly hostOomKill: boolean;
  /** Its limit on memory, bytes, where the kernel ended a process of it at that. */
  readonly memory?: number;
  /** Why there is no exit. */
  readonly lost?: "machine-restarted" | "lost";
  readonly verb: Verb;
}

export type Death = Pick<RunOutcome, "ending" | "cause" | "exitCode" | "lastLine">;

/**
 * The one ending and cause of a run. `lastLine` is the last line of the traceback that ended it,
 * where one did. Without an exit it is lost, never failed.
 */
export function causeOfDeath(facts: DeathFacts): Death {
  const { exit, reading } = facts;
  if (exit === undefined) {
    return { ending: "lost", cause: { kind: facts.lost ?? "lost" } };
  }
  const exitCode = exit.code;
  if (facts.stopRequested !== undefined) {
    return { ending: "stopped", cause: { kind: "stopped", ...facts.stopRequested }, exitCode };
  }
  if (exit.overLimit) {
    return { ending: "failed", cause: { kind: "over-limit", limitMs: facts.limitMs }, exitCode };
  }
  const traceback = terminalTraceback(reading.tracebacks, exitCode);
  if (exitCode === 0) {
    const hidden = traceback !== undefined;
    if (!hidden) return { ending: "done", cause: { kind: "success" }, exitCode };
    return {
      ending: "failed",
      cause: { kind: "hidden-crash" },
      exitCode,
      ...lastLineOf(traceback),
    };
  }
  const telling = terminalLines(reading, traceback, exitCode);
  const cause = failureOf(facts, exitCode, telling, traceback);
  return { ending: "failed", cause, exitCode, ...lastLineOf(traceback, telling, cause) };
}

/** What a shell and launchers print when the kernel has killed one of their children. */
const KILLED = /\bSIGKILL\b|\bKilled\b|\bsignal:? 9\b|\bexit ?code *:? *(?:-9|137)\b/;

function failureOf(
  { hostOomKill, memory, reading }: DeathFacts,
  code: number,
  telling: readonly DeathMarker[],
  traceback: Traceback | undefined,
): Cause {
  if (memory !== undefined) return { kind: "host-out-of-memory", limit: memory };
  const kinds = new Set(telling.map(({ kind }) => kind));
  // The kernel counts what it killed of everybody's: this run shows that it was one of its own.
  const killed = signalOf(code) === "SIGKILL" || reading.lastLines.some((one) => KILLED.test(one));
  if (hostOomKill && killed) return { kind: "host-out-of-memory" };
  if (kinds.has("host-out-of-memory")) return { kind: "host-out-of-memory" };
  if (kinds.has("gpu-out-of-memory")) return { kind: "gpu-out-of-memory" };
  if (kinds.has("disk-full")) return { kind: "disk-full" };
  const module = traceback === undefined ? undefined : missingModule(traceback.lastLine);
  if (module !== undefined) return { kind: "import-error", module };
  if (reading.series.length === 0 && traceback === undefined) {
    const script = missingScript(reading.lastLines);
    if (script !== undefined) return { kind: "script-missing", script };
    const message = environmentMessage(reading.lastLines);
    if (message !== undefined) return { kind: "environment", message };
  }
  const signal = signalOf(code);
  return signal === undefined ? { kind: "exit-code", code } : { kind: "signal", signal };
}

/** What a launcher prints about its children comes last and says least. */
const OF_THE_LAUNCHER = /\bChildFailedError\b|\bCalledProcessError\b/;

/** Bytes at the end of a log in which an abort gives its reason. */
const LAST_WORDS = 1_000;

/** Python's own exit code when an exception is not caught. */
const UNCAUGHT = 1;

/**
 * The traceback that ended the run: no metric followed it, and it stands late unless the exit
 * code is Python's own for one. Late ones come first, then those of the script before those of
 * its launcher, of the console before those of logs; of these the last.
 */
function terminalTraceback(
  tracebacks: readonly Traceback[],
  exitCode: number,
): Traceback | undefined {
  let best: Traceback | undefined;
  for (const one of tracebacks) {
    if (one.metricAfter || (!one.late && exitCode !== UNCAUGHT)) continue;
    if (best === undefined || rank(one) >= rank(best)) best = one;
  }
  return best;
}

function rank(one: Traceback): number {
  const late = one.late ? 4 : 0;
  const own = OF_THE_LAUNCHER.test(one.lastLine) ? 0 : 2;
  return late + own + (isConsole(one.file) ? 1 : 0);
}

/**
 * Lines that name a cause in the terminal traceback or after it; without one, in the last fifth of
 * a log. A line before was survived: a search for the batch size catches its errors and goes on.
 */
function terminalLines(
  reading: RunReading,
  traceback: Traceback | undefined,
  exitCode: number,
): readonly DeathMarker[] {
  // What aborts says why right before, however short the log is.
  const last = signalOf(exitCode) === "SIGABRT" ? LAST_WORDS : 0;
  const bytes = new Map(reading.files.map((file) => [file.file, file.bytes]));
  const size = (file: string): number => bytes.get(file) ?? 0;
  const terminal = (one: DeathMarker): boolean =>
    traceback === undefined
      ? endOf(one) >= Math.min(0.8 * size(one.file), size(one.file) - last)
      : one.file === traceback.file && one.offset >= traceback.offset;
  return reading.deathMarkers.filter((one) => !one.metricAfter && terminal(one));
}

/** Where a line ends, in bytes: in a log of a few lines even its last one begins early. */
function endOf({ offset, text }: DeathMarker): number {
  return offset + Buffer.byteLength(text);
}

/** The last line of the traceback; without one, the line that named the cause. */
function lastLineOf(
  traceback: Traceback | undefined,
  telling: readonly DeathMarker[] = [],
  cause?: Cause,
): Pick<RunOutcome, "lastLine"> {
  if (traceback !== undefined) {
    const { lastLine: text, file, lastLineNumber: line } = traceback;
    return { lastLine: { text, file, line } };
  }
  const told = telling.findLast(({ kind }) => kind === cause?.kind);
  return told === undefined
    ? {}
    : { lastLine: { text: told.text, file: told.file, line: told.line } };
}
