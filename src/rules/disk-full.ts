// Rule: the run died because a disk was full, or the disk that it writes to is nearly full.
import { deathFinding, lastDeathMarker, lastLineSuffix, markerPlace } from "./death.ts";
import { rule } from "./rule.ts";

/** Less free space than this where a run writes is a finding: one checkpoint is larger. */
export const DISK_FLOOR_BYTES = 1e9;

const GB = 1e9;

export const diskFull = rule({
  name: "disk-full",
  tier: "A",
  says: "The run died of a full disk, or less than 1 GB is free where it writes.",
  silent: "Disks that the run does not write to, and room that was short and came back.",
  numbers: {
    gb: {
      value: DISK_FLOOR_BYTES / GB,
      why: "One checkpoint of a model worth training is larger.",
    },
  },
  find(input, { gb }) {
    const { outcome, system, reading } = input;
    if (outcome?.cause.kind === "disk-full") {
      const code = outcome.exitCode === undefined ? "" : ` (exit code ${outcome.exitCode})`;
      const line = lastDeathMarker(reading, "disk-full");
      return [
        deathFinding(input, `the disk is full${code}${lastLineSuffix(input)}`, markerPlace(line)),
      ];
    }
    const free = system?.findLast((sample) => sample.diskFree !== undefined)?.diskFree;
    if (free === undefined || free >= gb * GB) return [];
    const left = (free / GB).toFixed(2);
    return [{ message: `only ${left} GB are free where it writes`, count: 1, blocking: false }];
  },
});
