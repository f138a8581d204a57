// Rule: exit code 0, but the log ends with a traceback and no metric came after it.
import { deathFinding, saying } from "./death.ts";
import type { Rule } from "./rule.ts";

export const hiddenCrash: Rule = (input) =>
  input.outcome?.cause.kind === "hidden-crash"
    ? [deathFinding(input, `crashed although the exit code is 0${saying(input)}`)]
    : [];
