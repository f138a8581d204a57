// A series as one row of block letters, for a terminal.
// Pictures are drawn elsewhere; this is to see at a glance whether it falls, rises or jumps.
import type { Series } from "../../domain/sample.ts";

const LEVELS = "▁▂▃▄▅▆▇█";
/** A column in which no value is finite. */
const HOLE = "×";

/**
 * At most `width` letters: the mean of each stretch of the series, from its lowest to its highest
 * (on a log scale where all are above 0 and differ by more than ten times). Empty without values.
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

/** Means of the finite values of `columns` stretches; NaN where there are none. */
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
