// A series as one row of block characters in a terminal: enough to see whether it falls, rises or
// jumps. Plots are left to report/plots/.
import type { Series } from "../../domain/sample.ts";

const LEVELS = "▁▂▃▄▅▆▇█";
/** Shown for a column without a finite value. */
const HOLE = "×";

/**
 * At most `width` characters, one for the mean of each stretch of the series, scaled from the
 * lowest mean to the highest. The scale is logarithmic where all means are above 0 and differ by
 * more than a factor of ten. Empty for a series without values.
 */
export function sparkline({ values }: Pick<Series, "values">, width: number): string {
  const means = meansOf(values, Math.min(width, values.length));
  const finite = means.filter((mean) => Number.isFinite(mean));
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const log = low > 0 && high / low > 10;
  const at = (value: number): number => (log ? Math.log(value) : value);
  const span = at(high) - at(low);
  return means
    .map((mean) => {
      if (!Number.isFinite(mean)) return HOLE;
      const share = span > 0 ? (at(mean) - at(low)) / span : 0.5;
      return LEVELS[Math.min(LEVELS.length - 1, Math.floor(share * LEVELS.length))] ?? HOLE;
    })
    .join("");
}

/** The mean of the finite values of each of `columns` stretches; NaN where there are none. */
function meansOf(values: Float64Array, columns: number): readonly number[] {
  return Array.from({ length: columns }, (_, column) => {
    const from = Math.floor((column * values.length) / columns);
    const to = Math.floor(((column + 1) * values.length) / columns);
    const finite = values.subarray(from, to).filter((value) => Number.isFinite(value));
    return (
      finite.reduce((sum, value) => sum + value / finite.length, 0) / Number(finite.length > 0)
    );
  });
}
