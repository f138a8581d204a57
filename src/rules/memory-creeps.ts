// Rule: memory grows steadily after the warm-up, as it does where something is kept by mistake.
// Allocators that cache memory grow in steps and then stop, which is no finding.
import type { SystemSample, SystemSeries } from "../domain/system.ts";
import { median } from "../base/robust-statistics.ts";
import { percent } from "../logs/series/series-place.ts";
import { rule, type Found } from "./rule.ts";

/** Stretches into which the run is cut after its warm-up: each must be above the one before. */
const STRETCHES = 8;
/** Share of the run that is warm-up. */
const WARM_UP = 0.25;
const MIB = 2 ** 20;

export const memoryCreeps = rule({
  name: "memory-creeps",
  tier: "B",
  says: "Memory of the run or its GPU grows by 10 % after the warm-up, stretch by stretch.",
  silent: "Growth in steps that stops: allocators that keep memory, and growth under 200 MB.",
  numbers: {
    by: { value: 0.1, why: "Over the run, its first quarter left out." },
    minutes: { value: 5, why: "Shorter runs are warm-up." },
    mb: { value: 200, why: "Less growth than this fills no machine overnight." },
  },
  find({ system = [] }, numbers) {
    return [
      ...creep(system, "the memory of its processes", (one) => one.rss, numbers),
      ...creep(
        system,
        "the memory of its GPU",
        ({ gpuProcesses = 0, gpuMemory }) => (gpuProcesses > 0 ? gpuMemory : undefined),
        numbers,
      ),
    ];
  },
});

function creep(
  system: SystemSeries,
  name: string,
  of: (sample: SystemSample) => number | undefined,
  { by, minutes, mb }: { readonly by: number; readonly minutes: number; readonly mb: number },
): readonly Found[] {
  const all = system.filter((one) => one.metrics === true && of(one) !== undefined);
  const warm = all.slice(Math.ceil(WARM_UP * all.length));
  const size = Math.floor(warm.length / STRETCHES);
  const spanMs = (warm.at(-1)?.atMs ?? 0) - (warm[0]?.atMs ?? 0);
  if (size < 3 || spanMs < minutes * 60_000) return [];
  const levels = Array.from({ length: STRETCHES }, (_, i) =>
    median(warm.slice(i * size, (i + 1) * size).flatMap((one) => of(one) ?? [])),
  );
  const [first = 0, last = 0] = [levels[0], levels.at(-1)];
  const growth = last - first;
  if (growth < by * first || growth < mb * MIB) return [];
  // Each stretch has to add at least half of an even share of the growth.
  const least = growth / (STRETCHES - 1) / 2;
  const steady = levels.every((level, i) => i === 0 || level - (levels[i - 1] ?? 0) >= least);
  if (!steady) return [];
  const message = `${name} grows without a stop, from ${gib(first)} to ${gib(last)} (${percent(growth / first)})`;
  return [
    {
      metric: name.includes("GPU") ? "system/gpu memory" : "system/memory",
      message,
      count: 1,
      persists: true,
      blocking: false,
    },
  ];
}

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
