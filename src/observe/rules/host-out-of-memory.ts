// Rule: the run died because the machine's memory was full. SIGKILL alone is not evidence of it.
import { deathFinding, lastTelling, placeOf } from "./death.ts";
import type { Rule } from "./rule.ts";

export const hostOutOfMemory: Rule = (input) => {
  if (input.outcome?.cause.kind !== "host-out-of-memory") return [];
  const line = lastTelling(input.reading, "host-out-of-memory");
  const said = line === undefined ? "; the kernel ended a process of the run" : `: ${line.text}`;
  return [deathFinding(input, `the machine ran out of memory${said}`, placeOf(line))];
};
