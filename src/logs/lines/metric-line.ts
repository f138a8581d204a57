// What a log format gives for one line: where its values are, their names, its x axis.
// Each format is one file in formats/; read-line.ts tries them in order.
import type { LineTokens } from "./line-tokens.ts";

/** A line as formats see it: one character a byte, so that positions are those in the bytes. */
export interface PlainLine {
  readonly text: string;
  readonly tokens: LineTokens;
}

/** The x axis of a line: which logged key it is, and its value. */
export interface LineStep {
  readonly key: "step" | "epoch" | "iteration";
  readonly value: number;
}

/** Where a value is in the line: from `at` to before `end`. */
export interface Spot {
  readonly at: number;
  readonly end: number;
}

/**
 * How surely a value is a metric. `sure`: by its name or its line. `likely`: on a line with a step,
 * it counts once it has come a few times. `maybe`: it must also come more often and change.
 */
export type Grade = "sure" | "likely" | "maybe";

/** One value of a line. */
export interface LineEntry extends Spot {
  readonly key: string;
  readonly grade: Grade;
  /** The value of a word: NaN or infinite. */
  readonly word?: number;
  /** Factor of a number with a size letter, as `1.5k`. The letter is right after the spot. */
  readonly times?: number;
}

export interface LineMetrics {
  readonly kind: "metrics";
  readonly format: string;
  readonly step?: Spot & { readonly key: LineStep["key"] };
  readonly entries: readonly LineEntry[];
  /** The line has the name of a result whose value is not understood. */
  readonly partly?: true;
  /** Stretches that decided how the line was parsed: numbers in them are compared as text. */
  readonly fixed: readonly Spot[];
}

export type MetricLine =
  /** Not a line of this format, or no metric line at all. */
  | {
      readonly kind: "other";
      /** Why it is none, for a person. */
      readonly why?: string;
      /** The format knows the line: no other is tried. */
      readonly known?: true;
    }
  /** A metric line that could not be parsed. */
  | { readonly kind: "unread"; readonly format: string }
  | LineMetrics;

/**
 * Parses a line without colours, line end and stamp. Never throws; linear time. Lines that differ
 * only in numbers outside of `fixed` must be parsed alike: line-templates.ts relies on it.
 */
export type LineFormat = (line: PlainLine) => MetricLine;

/** A journal's own pattern for metric lines, which is tried before any format. */
export type OwnFormat = (text: string) => MetricLine | undefined;
