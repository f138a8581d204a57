// A finding as the judge of a run tells it, for nights in which something is flagged.
import type { Finding } from "../../src/domain/finding.ts";

/** A loss that is NaN, but for what a test changes. */
export const notFinite = (fields: Partial<Finding> = {}): Finding => ({
  rule: "not-finite",
  tier: "A",
  metric: "loss",
  atMs: Date.UTC(2025, 1, 2, 22),
  message: "loss is NaN at step 3",
  count: 1,
  blocking: false,
  ...fields,
});
