// Rule: the run died because the GPU's memory was full.
import { deathFinding, lastDeathMarker, markerPlace } from "./death.ts";
import { rule } from "./rule.ts";

export const gpuOutOfMemory = rule({
  name: "gpu-out-of-memory",
  tier: "A",
  says: "The run died because the memory of the GPU was full.",
  silent: "Errors that were caught and survived, as by a search for the batch size.",
  numbers: {},
  find(input) {
    if (input.outcome?.cause.kind !== "gpu-out-of-memory") return [];
    const line = lastDeathMarker(input.reading, "gpu-out-of-memory");
    const detail = line === undefined ? "" : `: ${line.text}`;
    return [deathFinding(input, `the GPU ran out of memory${detail}`, markerPlace(line))];
  },
});
