// Rule: another seed or other arguments gave exactly the same values as an earlier run: the
// seed or the argument reaches nothing. A deliberate repeat gives the same values too: good news.
import { rule } from "./rule.ts";

export const identicalRuns = rule({
  name: "identical-runs",
  tier: "A",
  says: "A run with another seed or other arguments logged exactly the values of an earlier one.",
  silent: "Repeats of one command, and series too short or too coarse to tell.",
  numbers: {},
  find({ digest, earlier = [] }) {
    if (digest === undefined) return [];
    for (const other of earlier) {
      const sameSetting =
        other.seed === digest.seed && JSON.stringify(other.args) === JSON.stringify(digest.args);
      if (sameSetting || other.script !== digest.script) continue;
      const fine = digest.metrics.filter(({ hash }) => hash !== undefined);
      const shared = fine.filter((metric) =>
        other.metrics.some(({ key, hash }) => key === metric.key && hash === metric.hash),
      );
      if (shared.length === 0 || shared.length < fine.length) continue;
      const seeds = other.seed === digest.seed ? "arguments" : "seed";
      const keys = shared.slice(0, 3).map(({ key }) => key);
      const message = `${keys.join(", ")} equal those of ${other.folder} to the last digit, with another ${seeds}`;
      return [{ message, count: shared.length, blocking: false }];
    }
    return [];
  },
});
