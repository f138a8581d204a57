// How much processor time and memory a run's processes take, read from /proc without starting
// anything. Where there is no /proc, nothing is known.
import { readFileSync } from "node:fs";

export interface ProcessUse {
  readonly pid: number;
  /** Field 22 of its stat: with the pid, who it is. */
  readonly startTime: string;
  /** Processor time so far, in ms. */
  readonly cpuMs: number;
  /** Resident memory in bytes. */
  readonly rss: number;
}

/** Linux counts processor time in hundredths of a second for programs, whatever its own tick. */
const TICK_MS = 10;
/** Every kernel that nightlab runs on has pages of this size or reports in multiples of it. */
const PAGE_BYTES = 4_096;

/** What a process has used; undefined when it is gone. Fields as in proc(5). */
export function processUse(pid: number): ProcessUse | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The command's name stands in parentheses and may itself hold some.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z") return undefined;
  return {
    pid,
    startTime: fields[19] ?? "",
    cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
    rss: Number(fields[21]) * PAGE_BYTES,
  };
}
