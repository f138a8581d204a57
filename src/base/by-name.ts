// The order of named things where none was written.

/** Orders pairs by their first part, as text by code units: the same on every machine. */
export function byName(a: readonly unknown[], b: readonly unknown[]): number {
  const [left, right] = [String(a[0]), String(b[0])];
  return left < right ? -1 : left > right ? 1 : 0;
}
