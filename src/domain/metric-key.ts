// When two written names mean the same metric: `val/loss`, `val_loss`, `val loss`.
// Only for comparison: metrics are always shown under the name that was logged.

const SPLITS: ReadonlyMap<string, string> = new Map([
  ["train", "train"],
  ["training", "train"],
  ["val", "val"],
  ["valid", "val"],
  ["validation", "val"],
  ["eval", "eval"],
  ["test", "test"],
]);

/** The form under which spellings of one metric are equal: lower case, `split/name`. */
export function canonicalMetric(key: string): string {
  const lower = key.trim().toLowerCase();
  const match = /^([a-z]+)[/_. -](.+)$/.exec(lower);
  const split = SPLITS.get(match?.[1] ?? "");
  return split === undefined ? lower : `${split}/${match?.[2] ?? ""}`;
}

/** Whether two spellings mean one metric. */
export function sameMetric(a: string, b: string): boolean {
  return canonicalMetric(a) === canonicalMetric(b);
}
