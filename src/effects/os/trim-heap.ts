// Limits how far V8's heap grows, for a process that runs for months.
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { trimMalloc } from "./native.ts";

/**
 * Keeps V8's young generation at its initial size, 16 MB. Otherwise it grows to 128 MB after a
 * second of hard work, such as a report of 500 runs, and never shrinks again.
 */
export function trimHeap(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}

/** The young generation's size from which on it may not grow any more, both halves in bytes. */
const YOUNG_BYTES = 2 * 16 * 2 ** 20;
/** The heap is looked at this often. */
const LOOK_MS = 2_000;
/** Processor time in LOOK_MS up to which the process rests: 1 % of a core, in µs. */
const REST_US = 20_000;
/** Processor time after which there is garbage worth a collection, which takes 50 ms, in µs. */
const WORK_US = 500_000;

/**
 * Gives memory back whenever the process rests after some work: V8 keeps what a start has used, a
 * third of all, until it needs it again. Returns what ends it.
 */
export function trimAtRest(): () => void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  let worked = WORK_US;
  let last = process.cpuUsage();
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(last);
    last = process.cpuUsage();
    worked += user + system;
    const rests = user + system <= REST_US;
    if (!rests && youngBytes() >= YOUNG_BYTES) trimHeap();
    if (!rests || worked < WORK_US) return;
    worked = 0;
    collect();
    trimMalloc();
    // That has shrunk the young generation to 1 MB, in which hard work would be slow.
    setFlagsFromString("--semi-space-growth-factor=2");
  }, LOOK_MS).unref();
  return () => clearInterval(timer);
}

const youngBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")?.space_size ?? 0;
