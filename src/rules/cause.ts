// Decides why a run ended, from its exit, the requests to stop it and the last lines of its logs.
// It guesses nothing: what the facts do not prove stays a plain exit code or signal.
import type { Verb } from "../domain/command.ts";
import type { Cause, Exit, RunOutcome, StopAsker } from "../domain/run.ts";
import type { RunReading, DeathMarker, Traceback } from "../domain/sample.ts";
import { environmentMessage, missingScript } from "./runner-words.ts";
import { isConsole } from "../logs/run-reader.ts";
import { signalOf } from "./signals.ts";
import { missingModule } from "../logs/lines/death-markers.ts";

export interface DeathFacts {
  /** What the shim recorded; absent when it is not known how the run ended. */
  readonly exit?: Exit;
  readonly stopRequested?: { readonly by: StopAsker; readonly why?: string };
  readonly limitMs: number;
  readonly reading: RunReading;
  /** While it ran, the kernel or the run's cgroup counted a process killed for want of memory. */
  readonly hostOomKill: boolean;
  /** The run's memory limit in bytes, if the kernel killed one of its processes for passing it. */
  readonly memory?: number;
  /** Why there is no exit; `lost` when absent. */
  readonly lost?: "machine-restarted" | "lost";
  readonly verb: Verb;
}

export type Death = Pick<RunOutcome, "ending" | "cause" | "exitCode" | "lastLine">;

/**
 * The ending and cause of a run. `lastLine` is the last line of the traceback that ended it, or
 * else the line that names the cause. Without an exit the run is lost, never failed.
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
  const markers = terminalMarkers(reading, traceback, exitCode);
  const cause = failureOf(facts, exitCode, markers, traceback);
  return { ending: "failed", cause, exitCode, ...lastLineOf(traceback, markers, cause) };
}

/** What shells and launchers print when one of their children was killed. */
const KILLED = /\bSIGKILL\b|\bKilled\b|\bsignal:? 9\b|\bexit ?code *:? *(?:-9|137)\b/;

function failureOf(
  { exit, hostOomKill, memory, reading }: DeathFacts,
  code: number,
  markers: readonly DeathMarker[],
  traceback: Traceback | undefined,
): Cause {
  if (memory !== undefined) return { kind: "host-out-of-memory", limit: memory };
  const kinds = new Set(markers.map(({ kind }) => kind));
  // The kernel counts kills of the whole machine: only a trace in this run shows that it was hit.
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
  const signal = exit?.signalled === true ? signalOf(code) : undefined;
  return signal === undefined ? { kind: "exit-code", code } : { kind: "signal", signal };
}

/** A launcher's traceback about its children comes last and explains least. */
const OF_THE_LAUNCHER = /\bChildFailedError\b|\bCalledProcessError\b/;

/** An abort gives its reason within this many bytes of the end of a log. */
const ABORT_REASON_BYTES = 1_000;

/** Python's exit code for an exception that was not caught. */
const UNCAUGHT = 1;

/**
 * The traceback that ended the run: no metric follows it, and it is late in its log unless the exit
 * code is UNCAUGHT. Late ones are preferred, then the script's to its launcher's, then the
 * console's to those in logs; of equals the last.
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
 * The death markers in the terminal traceback or after it; without one, in the last fifth of a log.
 * Errors before that were survived: a search for the batch size catches them and goes on. What a
 * launcher says of its children comes after what they died of.
 */
function terminalMarkers(
  reading: RunReading,
  traceback: Traceback | undefined,
  exitCode: number,
): readonly DeathMarker[] {
  // A program that aborts gives the reason right before, however short the log is.
  const last = signalOf(exitCode) === "SIGABRT" ? ABORT_REASON_BYTES : 0;
  const bytes = new Map(reading.files.map((file) => [file.file, file.bytes]));
  const size = (file: string): number => bytes.get(file) ?? 0;
  const own = traceback !== undefined && !OF_THE_LAUNCHER.test(traceback.lastLine);
  const terminal = (one: DeathMarker): boolean =>
    !own
      ? endOf(one) >= Math.min(0.8 * size(one.file), size(one.file) - last)
      : one.file === traceback.file && one.offset >= traceback.offset;
  return reading.deathMarkers.filter((one) => !one.metricAfter && terminal(one));
}

/** Byte offset of a line's end: in a log of a few lines, even the last one begins early. */
function endOf({ offset, text }: DeathMarker): number {
  return offset + Buffer.byteLength(text);
}

/** The last line of the traceback; without one, the last line that named the cause. */
function lastLineOf(
  traceback: Traceback | undefined,
  markers: readonly DeathMarker[] = [],
  cause?: Cause,
): Pick<RunOutcome, "lastLine"> {
  const named = markers.findLast(({ kind }) => kind === cause?.kind);
  if (
    traceback !== undefined &&
    (named === undefined || !OF_THE_LAUNCHER.test(traceback.lastLine))
  ) {
    const { lastLine: text, file, lastLineNumber: line } = traceback;
    return { lastLine: { text, file, line } };
  }
  if (named === undefined) return {};
  const { text, file, line } = named;
  return { lastLine: { text, file, line } };
}
