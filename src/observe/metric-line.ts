// What a log format answers about one line, and the formats in the order they are asked.
// Each format is one file in formats/; which samples belong together is decided elsewhere.
import { readLoguruLine } from "./formats/loguru.ts";
import type { NumberEntry } from "./metric-object.ts";

/** The x axis of a line: which logged key it is, and its value. */
export interface LineStep {
  readonly key: "step" | "epoch" | "iteration";
  readonly value: number;
}

export type MetricLine =
  /** Not this format's, or no metric line at all. */
  | { readonly kind: "other" }
  /** A metric line that could not be understood. */
  | { readonly kind: "unread" }
  | {
      readonly kind: "metrics";
      readonly step?: LineStep;
      readonly entries: readonly NumberEntry[];
      /** Ms since 1970 as if the stamp were UTC. */
      readonly stampMs?: number;
    };

/** A line without colours and line end → what one format makes of it. Never throws. */
export type LineFormat = (plain: string) => MetricLine;

const FORMATS: readonly LineFormat[] = [readLoguruLine];

/** The first format's answer that knows the line. */
export function readMetricLine(plain: string): MetricLine {
  for (const format of FORMATS) {
    const read = format(plain);
    if (read.kind !== "other") return read;
  }
  return { kind: "other" };
}
