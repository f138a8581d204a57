// Rule: the run logged no metric by its end, or none for so long that none will come.
// A run that failed before or was stopped is told of by its ending alone.
import { NO_METRICS_MS } from "../../limits.ts";
import { spanText } from "../../model/time.ts";
import type { Found, Rule, RuleInput } from "./rule.ts";

export const noMetrics: Rule = (input) => {
  if (input.reading.series.length > 0 || input.verb === "script") return [];
  const when = whenMissed(input);
  if (when === undefined) return [];
  const { count, first } = input.reading.unread;
  const unread =
    count === 0
      ? ""
      : `; ${count} metric ${count === 1 ? "line" : "lines"} could not be understood`;
  const found: Found = {
    tier: "A",
    message: `no metric was logged ${when}${unread}`,
    ...(first === undefined
      ? {}
      : { evidence: { file: first.file, line: first.line, offset: first.offset } }),
    count: 1,
    blocking: true,
  };
  return [found];
};

function whenMissed(input: RuleInput): string | undefined {
  if (input.outcome === undefined) {
    const sinceMs = input.nowMs - input.startedAtMs;
    const late = sinceMs > Math.max(NO_METRICS_MS, input.limitMs / 2);
    return late ? `in the first ${spanText(sinceMs)}` : undefined;
  }
  const { ending, cause } = input.outcome;
  return ending === "done" || cause.kind === "over-limit" ? "by the end" : undefined;
}
