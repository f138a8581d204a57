// Rule: the run died because the machine's memory was full. SIGKILL alone does not prove that.
import { deathFinding, lastDeathMarker, markerPlace } from "./death.ts";
import { rule } from "./rule.ts";

/** What happened, and how it is known where no line of the log says so. */
const OF_THE_RUN = ["it took more than its limit on memory", "the kernel ended a process of it"];
/** The same without a limit: the kernel's count does not say which processes it killed. */
const OF_THE_MACHINE = [
  "the machine ran out of memory",
  "it was killed while the kernel was ending processes for want of memory",
];

export const hostOutOfMemory = rule({
  name: "host-out-of-memory",
  tier: "A",
  says: "The run died because the memory of the machine was full.",
  silent: "A SIGKILL that neither the kernel nor the log explains.",
  numbers: {},
  find(input) {
    const cause = input.outcome?.cause;
    if (cause?.kind !== "host-out-of-memory") return [];
    const line = lastDeathMarker(input.reading, "host-out-of-memory");
    const [what, otherwise] = cause.limit === undefined ? OF_THE_MACHINE : OF_THE_RUN;
    return [deathFinding(input, `${what}: ${line?.text ?? otherwise}`, markerPlace(line))];
  },
});
