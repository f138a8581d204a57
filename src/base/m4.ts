// M4 downsampling: of each pixel column the first, smallest, largest and last value, so that the
// line through them looks like the line through all. report/plots/plot-spec.ts draws them.
//
// U. Jugel, Z. Jerzak, G. Hackenbroich, V. Markl: M4, a visualization-oriented time series
// data aggregation. Proceedings of the VLDB Endowment 7(10), 2014, 797-808.

/** A reduced series. */
export interface M4 {
  /** Indices of the finite samples that are kept, ascending. */
  readonly kept: Uint32Array;
  /**
   * The segment number of each kept sample. A new segment starts after a value that is not finite
   * and where the step falls; no line is drawn between segments.
   */
  readonly stretch: Uint32Array;
  /** Indices to mark as not finite: the first of each kind (NaN, +Inf, -Inf) in a column. */
  readonly holes: Uint32Array;
}

/** The pixel column being filled; reused, so that no object is made per column. */
interface Column {
  id: number;
  /** Index of the first, smallest, largest and last finite sample; -1 while there is none. */
  readonly at: [number, number, number, number];
  /** The segment number of each of them. */
  readonly breaks: [number, number, number, number];
  /** Kinds of hole already marked in this column, as bits. */
  holes: number;
}

/**
 * Reduces a series to at most four samples for each of `columns` equal intervals of [`from`, `to`].
 * Samples are taken in log order; where the step falls (another attempt in the same file), the
 * columns start again. Linear in the number of samples.
 *
 * @param steps finite x values, as long as `values`
 * @param values y values; NaN and infinite ones become holes
 */
export function m4(
  steps: Float64Array,
  values: Float64Array,
  columns: number,
  from: number,
  to: number,
): M4 {
  const out = { kept: [] as number[], stretch: [] as number[], holes: [] as number[] };
  const scale = to > from ? columns / (to - from) : 0;
  const column: Column = { id: -1, at: [-1, -1, -1, -1], breaks: [0, 0, 0, 0], holes: 0 };
  let breaks = 0;
  let previous = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i += 1) {
    const step = steps[i] ?? 0;
    const value = values[i] ?? Number.NaN;
    const id = Math.min(columns - 1, Math.max(0, Math.floor((step - from) * scale)));
    const falls = step < previous;
    if (falls || id !== column.id) flush(column, id, out);
    if (falls) breaks += 1;
    previous = step;
    if (Number.isFinite(value)) {
      take(column, i, value, values, breaks);
    } else {
      breaks += 1;
      mark(column, i, value, out.holes);
    }
  }
  flush(column, -1, out);
  return {
    kept: Uint32Array.from(out.kept),
    stretch: Uint32Array.from(out.stretch),
    holes: Uint32Array.from(out.holes),
  };
}

/** Adds a finite sample to the column. */
function take(
  column: Column,
  i: number,
  value: number,
  values: Float64Array,
  breaks: number,
): void {
  const { at } = column;
  if (at[0] < 0) {
    at.fill(i);
    column.breaks.fill(breaks);
    return;
  }
  if (value < (values[at[1]] ?? value)) {
    at[1] = i;
    column.breaks[1] = breaks;
  }
  if (value > (values[at[2]] ?? value)) {
    at[2] = i;
    column.breaks[2] = breaks;
  }
  at[3] = i;
  column.breaks[3] = breaks;
}

/**
 * Marks a sample that is not finite, the first of its kind (1 NaN, 2 +Inf, 4 -Inf) in the column.
 */
function mark(column: Column, i: number, value: number, holes: number[]): void {
  let bit = 1;
  if (value > 0) bit = 2;
  if (value < 0) bit = 4;
  if ((column.holes & bit) !== 0) return;
  column.holes |= bit;
  holes.push(i);
}

/** Writes the column's samples out, each once and in order, and starts the column `next`. */
function flush(
  column: Column,
  next: number,
  out: { readonly kept: number[]; readonly stretch: number[] },
): void {
  if (column.at[0] >= 0) {
    const order = [0, 1, 2, 3].toSorted((a, b) => (column.at[a] ?? 0) - (column.at[b] ?? 0));
    let last = -1;
    for (const slot of order) {
      const index = column.at[slot] ?? -1;
      if (index === last) continue;
      out.kept.push(index);
      out.stretch.push(column.breaks[slot] ?? 0);
      last = index;
    }
  }
  column.id = next;
  column.at.fill(-1);
  column.holes = 0;
}
