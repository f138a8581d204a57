// Time windows in which commands may start: those of nightlab.yaml, and `when` of a command.
// domain/windows.ts computes their occurrences.

/** A recurring time window: `tonight`, or one that nightlab.yaml names. */
export interface TimeWindow {
  readonly name: string;
  /** Five cron fields of its starts: `0 22 * * *`. */
  readonly start: string;
  readonly end: WindowEnd;
  /** IANA name of the time zone of start and end. */
  readonly timeZone: string;
  /** What happens to runs that are still running at its end. */
  readonly atEnd: AtEnd;
  /** GPU hours of all its runs in one occurrence. */
  readonly gpuHours?: number;
}

export const AT_END = ["finish", "stop"] as const;
export type AtEnd = (typeof AT_END)[number];

export type WindowEnd =
  /** The next time of day; minutes after midnight. */
  | { readonly kind: "clock"; readonly minute: number }
  | { readonly kind: "length"; readonly ms: number };

/** `when` of a command. Minutes are after midnight in the lab's time zone. */
export type When =
  | { readonly kind: "window"; readonly name: string }
  | { readonly kind: "daily"; readonly from: number; readonly to: number }
  /** Without `date` (`2025-02-02`): the next such time after the command was written. */
  | { readonly kind: "moment"; readonly minute: number; readonly date?: string };

/** One occurrence of a window, ms since 1970; the end is exclusive. */
export interface Occurrence {
  readonly startMs: number;
  readonly endMs: number;
}

/** The window that every lab has. */
export const NIGHT = "tonight";
/** Its default start and end, minutes after midnight. */
export const NIGHT_FROM = 22 * 60;
export const NIGHT_TO = 7 * 60;

/** Formats minutes after midnight: `22:00`. */
export function clockText(minute: number): string {
  const [hours, minutes] = [Math.floor(minute / 60), minute % 60];
  return `${String(hours).padStart(2, "0")}:${String(minutes).padStart(2, "0")}`;
}
