// Which night of a lab is the last one that is over, which was before it, and when the next ends.
// A night is the lab's window `tonight`; when windows come is domain/windows.ts.
import type { LabSettings } from "../domain/lab-settings.ts";
import { NIGHT, type Occurrence } from "../domain/window.ts";
import { lastOccurrence, nextOccurrence, windowNamed } from "../domain/windows.ts";

/** Nights before the last one that LAB.md has a line for: two weeks are what a person looks back. */
export const NIGHTS_TOLD = 14;

export type NightSettings = Pick<LabSettings, "timeZone" | "windows">;

/** The latest night that is over at a time; undefined where the lab's nights never come. */
export function lastNight(settings: NightSettings, nowMs: number): Occurrence | undefined {
  const window = windowNamed(settings, NIGHT);
  const last = window === undefined ? undefined : lastOccurrence(window, nowMs);
  return last === undefined || last.endMs <= nowMs ? last : nightBefore(settings, last);
}

/** The night before another one. */
export function nightBefore(settings: NightSettings, night: Occurrence): Occurrence | undefined {
  const window = windowNamed(settings, NIGHT);
  return window === undefined ? undefined : lastOccurrence(window, night.startMs - 1);
}

/** The earliest night of which the page of another one has a line. */
export function firstNightOf(settings: NightSettings, night: Occurrence): Occurrence {
  let first = night;
  for (let i = 0; i < NIGHTS_TOLD; i += 1) first = nightBefore(settings, first) ?? first;
  return first;
}

/** When the night after a moment ends, ms since 1970, counting one that goes on then. */
export function nextMorning(settings: NightSettings, ms: number): number | undefined {
  const window = windowNamed(settings, NIGHT);
  if (window === undefined) return undefined;
  const last = lastOccurrence(window, ms);
  if (last !== undefined && last.endMs > ms) return last.endMs;
  return nextOccurrence(window, ms)?.endMs;
}

/** What a night may hold GPUs for, ms; undefined where nothing is written. */
export function budgetOf(settings: NightSettings): number | undefined {
  const hours = windowNamed(settings, NIGHT)?.gpuHours;
  return hours === undefined ? undefined : hours * 3_600_000;
}
