// How journals are read and written, as tests want it: NIGHTLAB_TEST_WRITING in the environment.
// Without it every way that the system offers is used; the ways themselves are journal-file.ts's.
import type { WriteEffect } from "../journal-store/journal-swap.ts";

export interface WriteStrategies {
  /** False: as on a system without. */
  readonly leases: boolean;
  readonly exchange: boolean;
  /** Pause between two equal reads where no lease can be had. */
  readonly equalReadsMs?: number;
  /** Stops for so long at the moments of a write in which a save would do the most harm. */
  readonly pauseMs: number;
}

/**
 * Reads a value such as `no-leases no-exchange equal-reads=5 pause=20` (milliseconds). Words that
 * it does not know are passed over.
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

/** Between the last check and the change of names, and between two changes of names. */
export function pauseAtWorst(ms: number): (effect: WriteEffect) => void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  return (effect) => {
    if (effect === "exchange" || effect === "rename-aside" || effect === "link-temp") {
      Atomics.wait(cell, 0, 0, ms);
    }
  };
}
