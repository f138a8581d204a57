// Rule: once training has begun, the run's GPU does next to nothing for a minute or more.
import { percent } from "../logs/series/series-place.ts";
import { rule } from "./rule.ts";

export const gpuIdle = rule({
  name: "gpu-idle",
  tier: "B",
  says: "From its first metric on, the GPU of the run is under 10 % busy, 19 times of 20.",
  silent: "Runs without a process on a GPU, and those of less than a minute.",
  numbers: {
    busy: { value: 0.1, why: "A small model on a large GPU is busier than that." },
    seconds: { value: 60, why: "Shorter is an evaluation or a checkpoint." },
  },
  find({ system = [] }, { busy, seconds }) {
    const on = system.filter((one) => one.metrics === true && (one.gpuProcesses ?? 0) > 0);
    const used = on.flatMap(({ gpu }) => gpu ?? []);
    const spanMs = (on.at(-1)?.atMs ?? 0) - (on[0]?.atMs ?? 0);
    if (used.length < 4 || spanMs < seconds * 1_000) return [];
    // The nearest-rank 95th percentile: "at most" should quote a value that was measured.
    const high = used.toSorted((a, b) => a - b)[Math.ceil(0.95 * used.length) - 1] ?? Number.NaN;
    if (high >= busy) return [];
    const message = `the GPU is at most ${percent(high)} busy, ${used.length} samples over ${Math.round(spanMs / 1000)} s`;
    return [{ message, count: used.length, persists: true, blocking: false }];
  },
});
