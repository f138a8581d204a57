// The data of plots/index.html, the live page. Types alone: the page's script imports them too, which
// runs in a browser and must see nothing of Node.

export interface LivePage {
  readonly experiment: string;
  /** Sentences about what the page leaves out. */
  readonly notes: readonly string[];
  /** How many of the newest groups have the colours of the pictures. */
  readonly colours: number;
  readonly groups: readonly { readonly name: string }[];
  readonly runs: readonly {
    readonly folder: string;
    /** Index of its group in `groups`. */
    readonly group: number;
    readonly state: string;
  }[];
  readonly metrics: readonly LiveMetric[];
  readonly finals: readonly LiveDots[];
  readonly sweeps: readonly LiveDots[];
}

export interface LiveMetric {
  readonly name: string;
  readonly caption: string;
  /** The name of the x axis. */
  readonly step: string;
  /** Each value is above 0. */
  readonly positive: boolean;
  readonly log: boolean;
  readonly curves: readonly LiveCurve[];
}

/** The curve of one run; `null` interrupts the line. The short names keep the page small. */
export interface LiveCurve {
  /** Index of the run in `runs`. */
  readonly r: number;
  /** x; absent if the run has another x axis than the chart. */
  readonly s?: readonly (number | null)[];
  /** Seconds since the run's first line; absent if its logs have no time stamps. */
  readonly t?: readonly (number | null)[];
  /** Values. */
  readonly v: readonly (number | null)[];
  /** Flagged values: x, seconds, value and rule. */
  readonly m?: readonly (readonly [number | null, number | null, number, string])[];
}

/** A chart of final values, or of a sweep over its options. */
export interface LiveDots {
  readonly title: string;
  readonly name: string;
  readonly caption: string;
  /** The options of a sweep: one, or two for a heat map. */
  readonly at?: readonly string[];
  readonly dots: readonly {
    readonly r: number;
    readonly v: number;
    readonly at?: readonly string[];
  }[];
  readonly bars?: readonly {
    readonly g: number;
    readonly mean: number;
    readonly low: number;
    readonly high: number;
  }[];
}
