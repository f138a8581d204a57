// Rule: the run logged no metric by its end, or none for so long that none will come. Runs that
// failed or were stopped before are left to the rules about their ending.
import { spanText } from "../base/time.ts";
import { rule, type Found, type RuleInput } from "./rule.ts";

/** A run without a metric gets a flag after this long: compilation and downloads are over then. */
export const NO_METRICS_MS = 20 * 60_000;

export const noMetrics = rule({
  name: "no-metrics",
  tier: "A",
  says: "No metric was logged by the end, or none for so long that none will come.",
  silent: "Runs that failed or were stopped before, and plain scripts.",
  numbers: {
    minutes: {
      value: NO_METRICS_MS / 60_000,
      why: "Compilation and downloads are over by then; half the limit where that is longer.",
    },
  },
  find(input, { minutes }) {
    if (input.reading.series.length > 0 || input.verb === "script") return [];
    const when = whenMissed(input, minutes * 60_000);
    if (when === undefined) return [];
    const { count, first } = input.reading.unread;
    const unread =
      count === 0
        ? ""
        : `; ${count} metric ${count === 1 ? "line" : "lines"} could not be understood`;
    const found: Found = {
      message: `no metric was found in its logs ${when}${unread}`,
      ...(first === undefined
        ? {}
        : { evidence: { file: first.file, line: first.line, offset: first.offset } }),
      count: 1,
      blocking: true,
    };
    return [found];
  },
});

function whenMissed(input: RuleInput, patienceMs: number): string | undefined {
  if (input.outcome === undefined) {
    const sinceMs = input.nowMs - input.startedAtMs;
    const late = sinceMs > Math.max(patienceMs, input.limitMs / 2);
    return late ? `in the first ${spanText(sinceMs)}` : undefined;
  }
  const { ending, cause } = input.outcome;
  return ending === "done" || cause.kind === "over-limit" ? "by the end" : undefined;
}
