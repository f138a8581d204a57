// Rule: the run died because the GPU's memory was full.
import { deathFinding, lastTelling, placeOf } from "./death.ts";
import type { Rule } from "./rule.ts";

export const gpuOutOfMemory: Rule = (input) => {
  if (input.outcome?.cause.kind !== "gpu-out-of-memory") return [];
  const line = lastTelling(input.reading, "gpu-out-of-memory");
  const said = line === undefined ? "" : `: ${line.text}`;
  return [deathFinding(input, `the GPU ran out of memory${said}`, placeOf(line))];
};
