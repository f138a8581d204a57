// When commands may start: named windows of nightlab.yaml, and what `when` in a command asks for.
// Which moments that comes to is worked out in domain/windows.ts.

/** A stretch of time that comes again: `tonight`, or a name that nightlab.yaml gives. */
export interface TimeWindow {
  readonly name: string;
  /** Five cron fields that tell each start: `0 22 * * *`. */
  readonly start: string;
  readonly end: WindowEnd;
  /** IANA name of the zone that start and end are told in. */
  readonly timeZone: string;
  /** What becomes of its runs that still go on at its end. */
  readonly atEnd: AtEnd;
  /** Hours that GPUs may be held in one occurrence. */
  readonly gpuHours?: number;
}

export const AT_END = ["finish", "stop"] as const;
export type AtEnd = (typeof AT_END)[number];

export type WindowEnd =
  /** The next time that clocks show it; minutes after midnight. */
  | { readonly kind: "clock"; readonly minute: number }
  | { readonly kind: "length"; readonly ms: number };

/** `when` of a command. Minutes count from midnight in the lab's time zone. */
export type When =
  | { readonly kind: "window"; readonly name: string }
  | { readonly kind: "daily"; readonly from: number; readonly to: number }
  /** Without a date: the next such time after the command was written. */
  | { readonly kind: "moment"; readonly minute: number; readonly date?: string };

/** One coming of a window, ms since 1970; the end is no part of it. */
export interface Occurrence {
  readonly startMs: number;
  readonly endMs: number;
}

/** The window that every lab has, and its times where nightlab.yaml says nothing of it. */
export const NIGHT = "tonight";
export const NIGHT_FROM = 22 * 60;
export const NIGHT_TO = 7 * 60;

/** `22:00` of minutes after midnight. */
export function clockText(minute: number): string {
  const [hours, minutes] = [Math.floor(minute / 60), minute % 60];
  return `${String(hours).padStart(2, "0")}:${String(minutes).padStart(2, "0")}`;
}
