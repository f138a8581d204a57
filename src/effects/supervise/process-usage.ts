// CPU time and memory of a process, read from /proc. Without /proc nothing is known.
import { readFileSync } from "node:fs";
import { statFields } from "../os/process-identity.ts";

export interface ProcessUse {
  readonly pid: number;
  /** Field 22 of its stat: together with the pid, it identifies the process. */
  readonly startTime: string;
  /** CPU time so far, in ms. */
  readonly cpuMs: number;
  /** That of its children which have ended, in ms. */
  readonly reapedMs: number;
  /** Resident memory in bytes. */
  readonly rss: number;
}

/** Linux reports CPU time in hundredths of a second, whatever the kernel's own tick. */
const TICK_MS = 10;
/** What a page has where the system does not say. */
const COMMON_PAGE_BYTES = 4_096;

let pageBytes: number | undefined;

/** Bytes of a page, in which resident memory is counted: up to 64 KiB on ARM and POWER. */
function pageSize(): number {
  pageBytes ??= askPageSize();
  return pageBytes;
}

/** The key of the page size in what the kernel tells each process, pairs of machine words. */
const AT_PAGESZ = 6n;

function askPageSize(): number {
  try {
    const told = readFileSync("/proc/self/auxv");
    const words = new BigUint64Array(Uint8Array.from(told).buffer, 0, told.length >> 3);
    for (let i = 0; i + 1 < words.length; i += 2) {
      if (words[i] === AT_PAGESZ) return Number(words[i + 1]);
    }
  } catch {
    // Any failure: a system without /proc.
  }
  return COMMON_PAGE_BYTES;
}

/** What a process has used so far; undefined where it has ended. Fields as in proc(5). */
export function processUse(pid: number): ProcessUse | undefined {
  const fields = statFields(pid);
  if (fields === undefined || fields[0] === "Z") return undefined;
  return {
    pid,
    startTime: fields[19] ?? "",
    cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
    reapedMs: (Number(fields[13]) + Number(fields[14])) * TICK_MS,
    rss: Number(fields[21]) * pageSize(),
  };
}
