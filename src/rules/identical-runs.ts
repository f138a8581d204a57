// Rule: another seed or other arguments gave exactly the values of an earlier run, so the seed or
// the argument has no effect. A deliberate repeat gives the same values too, and is no finding.
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
      if (other.script !== digest.script) continue;
      // Where only one run names a seed, it may be the other's default.
      const seed = [digest.seed, other.seed];
      const otherSeed = !seed.includes(undefined) && seed[0] !== seed[1];
      const otherArgs = JSON.stringify(other.args) !== JSON.stringify(digest.args);
      if (!otherSeed && !otherArgs) continue;
      const fine = digest.metrics.filter(({ hash }) => hash !== undefined);
      const shared = fine.filter((metric) =>
        other.metrics.some(({ key, hash }) => key === metric.key && hash === metric.hash),
      );
      if (shared.length === 0 || shared.length < fine.length) continue;
      const keys = shared.slice(0, 3).map(({ key }) => key);
      const equal = shared.length === 1 ? "equals that" : "equal those";
      const though = [
        ...(otherSeed ? ["another seed"] : []),
        ...(otherArgs ? ["other arguments"] : []),
      ].join(" and ");
      const message = `${keys.join(", ")} ${equal} of ${other.folder} to the last digit, with ${though}`;
      return [{ message, count: shared.length, blocking: false }];
    }
    return [];
  },
});
