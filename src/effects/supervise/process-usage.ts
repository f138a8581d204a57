// CPU time and memory of a process, read from /proc. Without /proc nothing is known.
import { statFields } from "../os/process-identity.ts";

export interface ProcessUse {
  readonly pid: number;
  /** Field 22 of its stat: together with the pid, it identifies the process. */
  readonly startTime: string;
  /** CPU time so far, in ms. */
  readonly cpuMs: number;
  /** Resident memory in bytes. */
  readonly rss: number;
}

/** Linux reports CPU time in hundredths of a second, whatever the kernel's own tick. */
const TICK_MS = 10;
/** Resident memory is counted in pages, which are assumed to have this size. */
const PAGE_BYTES = 4_096;

/** What a process has used so far; undefined where it has ended. Fields as in proc(5). */
export function processUse(pid: number): ProcessUse | undefined {
  const fields = statFields(pid);
  if (fields === undefined || fields[0] === "Z") return undefined;
  return {
    pid,
    startTime: fields[19] ?? "",
    cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
    rss: Number(fields[21]) * PAGE_BYTES,
  };
}
