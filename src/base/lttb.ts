// Largest-Triangle-Three-Buckets downsampling: few points that keep the look of a smooth line. For
// the raw line, where no spike may be lost, m4.ts is used instead.
//
// S. Steinarsson: Downsampling Time Series for Visual Representation. MSc thesis, University
// of Iceland, 2013, section 4.2.

/**
 * Indices of at most `target` samples of [`start`, `end`), ascending, always with the first and the
 * last. Linear in the number of samples.
 *
 * @param values finite in the whole range
 * @param target at least 2
 */
export function lttb(
  steps: Float64Array,
  values: Float64Array,
  start: number,
  end: number,
  target: number,
): readonly number[] {
  const count = end - start;
  if (count <= target) return Array.from({ length: Math.max(0, count) }, (_, i) => start + i);
  const kept = [start];
  const width = (count - 2) / (target - 2);
  const edge = (bucket: number): number => start + 1 + Math.floor(bucket * width);
  let anchor = start;
  for (let bucket = 0; bucket < target - 2; bucket += 1) {
    const next = mean(steps, values, edge(bucket + 1), Math.min(edge(bucket + 2), end));
    anchor = largest(steps, values, anchor, next, edge(bucket), edge(bucket + 1));
    kept.push(anchor);
  }
  kept.push(end - 1);
  return kept;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

function mean(steps: Float64Array, values: Float64Array, start: number, end: number): Point {
  let x = 0;
  let y = 0;
  for (let i = start; i < end; i += 1) {
    x += ((steps[i] ?? 0) - x) / (i - start + 1);
    y += ((values[i] ?? 0) - y) / (i - start + 1);
  }
  return { x, y };
}

/** The sample of [`start`, `end`) that forms the largest triangle with `anchor` and `next`. */
function largest(
  steps: Float64Array,
  values: Float64Array,
  anchor: number,
  next: Point,
  start: number,
  end: number,
): number {
  const x = steps[anchor] ?? 0;
  const y = values[anchor] ?? 0;
  let best = -1;
  let found = start;
  for (let i = start; i < end; i += 1) {
    const area = Math.abs(
      (x - next.x) * ((values[i] ?? 0) - y) - (x - (steps[i] ?? 0)) * (next.y - y),
    );
    if (area > best) {
      best = area;
      found = i;
    }
  }
  return found;
}
