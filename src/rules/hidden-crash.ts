// Rule: exit code 0, but the log ends with a traceback and no metric came after it.
import { deathFinding, lastLineSuffix } from "./death.ts";
import { rule } from "./rule.ts";

export const hiddenCrash = rule({
  name: "hidden-crash",
  tier: "A",
  says: "The exit code is 0, but the log ends with a traceback and no metric after it.",
  silent: "Tracebacks that the run survived: most finished runs have some.",
  numbers: {},
  find: (input) =>
    input.outcome?.cause.kind === "hidden-crash"
      ? [deathFinding(input, `crashed although the exit code is 0${lastLineSuffix(input)}`)]
      : [],
});
