// Rule: the run died because the machine's memory was full. SIGKILL alone is not evidence of it.
import { deathFinding, lastTelling, placeOf } from "./death.ts";
import { rule } from "./rule.ts";

export const hostOutOfMemory = rule({
  name: "host-out-of-memory",
  tier: "A",
  says: "The run died because the memory of the machine was full.",
  silent: "A SIGKILL that neither the kernel nor the log explains.",
  numbers: {},
  find(input) {
    if (input.outcome?.cause.kind !== "host-out-of-memory") return [];
    const line = lastTelling(input.reading, "host-out-of-memory");
    const said = line === undefined ? "; the kernel ended a process of the run" : `: ${line.text}`;
    return [deathFinding(input, `the machine ran out of memory${said}`, placeOf(line))];
  },
});
