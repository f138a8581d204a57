// What the main process of a run left behind: which processes these are, whether one of them is at
// work, and the note that says which were ended. When to ask is run-store/left-watch.ts's to say.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename, join } from "node:path";
import type { LeftBehind } from "../../domain/run.ts";
import { atomicWrite } from "../os/atomic-write.ts";
import type { FoundProcess } from "../os/process-identity.ts";
import { processUse, type ProcessUse } from "./process-usage.ts";

/** A process that uses more than this share of a core is at work. */
const WORKING_SHARE = 0.02;
/** How many processes are named, and how much of each: the receipt has a line for them. */
const NAMED = 5;
const COMMAND_CHARS = 60;
/** Name of the note in the attempt's folder. */
const NOTE = "left-behind";

/**
 * What a process has open that computes on a GPU: of NVIDIA (programs that only watch a GPU do not
 * have this one), of AMD, of WSL.
 */
const GPU_DEVICE = /^\/dev\/(?:nvidia-uvm|kfd|dxg)$/;

/** Whether a process holds a GPU for computing. False where that cannot be seen. */
export function holdsGpu(pid: number, proc = "/proc"): boolean {
  const folder = join(proc, String(pid), "fd");
  try {
    return readdirSync(folder).some((fd) => {
      try {
        return GPU_DEVICE.test(readlinkSync(join(folder, fd)));
      } catch {
        // Any failure: closed meanwhile, or not ours to see.
        return false;
      }
    });
  } catch {
    // Any failure: it has ended, or is not ours to see.
    return false;
  }
}

export interface WorkMeter {
  /** Whether one of these processes has worked since the last reading; `spanMs`: how long that is. */
  worked(processes: readonly FoundProcess[], spanMs: number): boolean;
}

/** Compares CPU times between readings. The first reading has nothing to compare with: no work. */
export function createWorkMeter(): WorkMeter {
  let before: ReadonlyMap<string, number> | undefined;
  return {
    worked(processes, spanMs) {
      const uses = processes.flatMap(({ pid }) => processUse(pid) ?? []);
      const now = new Map(uses.map((use) => [keyOf(use), use.cpuMs + use.reapedMs]));
      const last = before;
      before = now;
      if (last === undefined) return false;
      // One that is new has worked since it was started.
      return [...now].some(([key, ms]) => ms - (last.get(key) ?? 0) > WORKING_SHARE * spanMs);
    },
  };
}

const keyOf = ({ pid, startTime }: ProcessUse): string => `${pid} ${startTime}`;

/** Notes which processes are about to be ended, for the run's exit. Errors cost the note only. */
export async function noteLeftBehind(
  dir: string,
  processes: readonly FoundProcess[],
  idleMs: number,
): Promise<void> {
  const notes: readonly LeftBehind[] = processes
    .slice(0, NAMED)
    .map(({ pid }) => ({ pid, command: commandOf(pid), idleMs: Math.round(idleMs) }));
  // Any failure costs the note: the processes are ended all the same.
  await atomicWrite(join(dir, NOTE), `${JSON.stringify(notes)}\n`).catch(() => undefined);
}

/** The note of an attempt from its text; empty where it is none. */
export function parseLeftBehind(text: string | undefined): readonly LeftBehind[] {
  try {
    const value: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(value) ? value.filter(isLeftBehind).slice(0, NAMED) : [];
  } catch {
    // Any failure is bad JSON: a note of which nothing follows.
    return [];
  }
}

/** Path of the note in an attempt's folder. */
export const leftBehindNote = (dir: string): string => join(dir, NOTE);

function isLeftBehind(value: unknown): value is LeftBehind {
  if (typeof value !== "object" || value === null) return false;
  const { pid, command, idleMs } = value as Partial<Record<keyof LeftBehind, unknown>>;
  return typeof pid === "number" && typeof command === "string" && typeof idleMs === "number";
}

/**
 * Program and script of a process: `python worker.py`. Its other arguments are left out, since they
 * may hold a password.
 */
function commandOf(pid: number): string {
  const words = readCommandLine(pid);
  const [program = "a process", first, second] = words;
  const script =
    first === "-m" && second !== undefined
      ? ["-m", second]
      : first === undefined || first.startsWith("-")
        ? []
        : [first];
  return [basename(program), ...script].join(" ").slice(0, COMMAND_CHARS);
}

function readCommandLine(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8")
      .split("\0")
      .filter((word) => word !== "");
  } catch {
    // Any failure: it has ended; the note calls it "a process".
    return [];
  }
}
