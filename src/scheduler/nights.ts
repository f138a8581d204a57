// The nights of a lab: the last one that is over, the one before it, and when the next one ends.
// A night is an occurrence of the lab's window `tonight`; domain/windows.ts finds occurrences.
import type { LabSettings } from "../domain/lab-settings.ts";
import { NIGHT, type Occurrence } from "../domain/window.ts";
import { lastOccurrence, nextOccurrence, windowNamed } from "../domain/windows.ts";

/** Earlier nights that LAB.md has a line for: people look back about two weeks. */
export const NIGHTS_TOLD = 14;

export type NightSettings = Pick<LabSettings, "timeZone" | "windows">;

/** The latest night that is over at `nowMs`; undefined where the window never occurs. */
export function lastNight(settings: NightSettings, nowMs: number): Occurrence | undefined {
  const window = windowNamed(settings, NIGHT);
  const last = window === undefined ? undefined : lastOccurrence(window, nowMs);
  return last === undefined || last.endMs <= nowMs ? last : nightBefore(settings, last);
}

/** The night before the given one. */
export function nightBefore(settings: NightSettings, night: Occurrence): Occurrence | undefined {
  const window = windowNamed(settings, NIGHT);
  return window === undefined ? undefined : lastOccurrence(window, night.startMs - 1);
}

/** The earliest night that the summary of the given one has a line for. */
export function firstNightOf(settings: NightSettings, night: Occurrence): Occurrence {
  let first = night;
  for (let i = 0; i < NIGHTS_TOLD; i += 1) first = nightBefore(settings, first) ?? first;
  return first;
}

/** When the current night or else the next one ends, ms since 1970. */
export function nextMorning(settings: NightSettings, ms: number): number | undefined {
  const window = windowNamed(settings, NIGHT);
  if (window === undefined) return undefined;
  const last = lastOccurrence(window, ms);
  if (last !== undefined && last.endMs > ms) return last.endMs;
  return nextOccurrence(window, ms)?.endMs;
}

/** GPU time that `gpu-hours` allows for a night, ms; undefined where nothing is written. */
export function budgetOf(settings: NightSettings): number | undefined {
  const hours = windowNamed(settings, NIGHT)?.gpuHours;
  return hours === undefined ? undefined : hours * 3_600_000;
}
