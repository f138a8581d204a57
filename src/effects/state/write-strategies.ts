// Lets tests restrict how journals are read and written, by NIGHTLAB_TEST_WRITING in the
// environment. By default all that the system offers is used; journal-file.ts does the writing.
import type { WriteEffect } from "../journal-store/journal-swap.ts";

/** How journals are read and written. */
export interface WriteStrategies {
  /** False: as on a system without leases. */
  readonly leases: boolean;
  /** False: as on a file system that cannot exchange names. */
  readonly exchange: boolean;
  /** Pause between two equal reads if there is no lease, in ms. */
  readonly equalReadsMs?: number;
  /** Pause at the moments of a write in which a save would do the most harm, in ms. */
  readonly pauseMs: number;
}

/**
 * Parses a value such as `no-leases no-exchange equal-reads=5 pause=20` (milliseconds). Unknown
 * words are ignored.
 */
export function readStrategies(value: string | undefined): WriteStrategies {
  const words = new Set((value ?? "").split(/\s+/));
  const number = (name: string): number | undefined => {
    const word = [...words].find((one) => one.startsWith(`${name}=`));
    const ms = Number(word?.slice(name.length + 1));
    return Number.isFinite(ms) && ms >= 0 && ms <= 1_000 ? ms : undefined;
  };
  const equalReadsMs = number("equal-reads");
  return {
    leases: !words.has("no-leases"),
    exchange: !words.has("no-exchange"),
    pauseMs: number("pause") ?? 0,
    ...(equalReadsMs === undefined ? {} : { equalReadsMs }),
  };
}

/** A `beforeEffect` that blocks between the last check and the renames, and between two renames. */
export function pauseAtWorst(ms: number): (effect: WriteEffect) => void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  return (effect) => {
    if (effect === "exchange" || effect === "rename-aside" || effect === "link-temp") {
      Atomics.wait(cell, 0, 0, ms);
    }
  };
}
