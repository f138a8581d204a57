// What a log format answers about one line: the places of its values, their names, its x axis.
// Each format is one file in formats/; in which order they are asked is in read-line.ts.
import type { LineTokens } from "./line-tokens.ts";

/** A line as the formats see it: one character a byte, so that places are those of the bytes. */
export interface PlainLine {
  readonly text: string;
  readonly tokens: LineTokens;
}

/** The x axis of a line: which logged key it is, and its value. */
export interface LineStep {
  readonly key: "step" | "epoch" | "iteration";
  readonly value: number;
}

/** Where a value stands in the line. */
export interface Spot {
  readonly at: number;
  readonly end: number;
}

/**
 * How surely a value is a metric: `sure` by its name or its line; `likely` on a line with a step,
 * once it comes again; `maybe` when it comes often and changes.
 */
export type Grade = "sure" | "likely" | "maybe";

export interface LineEntry extends Spot {
  readonly key: string;
  readonly grade: Grade;
  /** Set for NaN and infinite ones, which are words. */
  readonly word?: number;
  /** `1.5k`: what the number is multiplied by. Its letter stands right behind the spot. */
  readonly times?: number;
}

export interface LineMetrics {
  readonly kind: "metrics";
  readonly format: string;
  readonly step?: Spot & { readonly key: LineStep["key"] };
  readonly entries: readonly LineEntry[];
  /** Stretches that decided how the line was read, and in which numbers are but text. */
  readonly fixed: readonly Spot[];
}

export type MetricLine =
  /** Not this format's, or no metric line at all, and why not where that can be told. */
  | {
      readonly kind: "other";
      readonly why?: string;
      /** It knows the line. */ readonly known?: true;
    }
  /** A metric line that could not be understood. */
  | { readonly kind: "unread"; readonly format: string }
  | LineMetrics;

/**
 * A line without colours, line end and stamp → what one format makes of it. Never throws; linear.
 * Numbers decide nothing: lines that differ in their numbers alone are read alike.
 */
export type LineFormat = (line: PlainLine) => MetricLine;

/** A journal's own pattern for metric lines, which is tried before any format. */
export type OwnFormat = (text: string) => MetricLine | undefined;
