// A daemon that comes back to a lab of 1,000 experiments of 20 runs, all of it known: processor time
// until it is ready and until it is calm, memory, and what it takes while nothing happens.
// `EXPERIMENTS=100 RUNS=20 npm run bench big-lab` measures another size; the bounds are of this one.
import { setTimeout as pause } from "node:timers/promises";
import { bigLab, cpuS, residentMb, startDaemon, untilCalm } from "./big-lab.ts";
import type { Timing } from "./measure.ts";
import type { Bench } from "./run.ts";

const EXPERIMENTS = Number(process.env["EXPERIMENTS"] ?? 1_000);
const RUNS = Number(process.env["RUNS"] ?? 20);
const STARTS = 3;
const IDLE_S = 60;

interface Measured {
  readonly readyS: number;
  readonly calmS: number;
  readonly mb: number;
  readonly idleShare: number;
}

let measured: Promise<readonly Measured[]> | undefined;

/** All figures are of the same starts. */
async function measureStarts(): Promise<readonly Measured[]> {
  const lab = await bigLab(EXPERIMENTS, RUNS);
  const all: Measured[] = [];
  for (let start = 0; start < STARTS; start += 1) {
    const daemon = await startDaemon(lab);
    const calmS = await untilCalm(daemon.process);
    const before = cpuS(daemon.process);
    await pause(IDLE_S * 1_000);
    const idleShare = (cpuS(daemon.process) - before) / IDLE_S;
    all.push({ readyS: daemon.readyCpuS, calmS, mb: residentMb(daemon.process), idleShare });
    await daemon.stop();
  }
  return all;
}

const figure = (
  what: string,
  bound: number,
  unit: string,
  of: (one: Measured) => number,
): Bench => ({
  what: `${what}, warm start of ${EXPERIMENTS} experiments of ${RUNS} runs`,
  boundMs: bound,
  unit,
  run: async () => summary((await (measured ??= measureStarts())).map(of)),
});

function summary(values: readonly number[]): Timing {
  const sorted = values.toSorted((a, b) => a - b);
  const worst = sorted.at(-1) ?? Number.NaN;
  const median = sorted[sorted.length >> 1] ?? Number.NaN;
  return { medianMs: median, p95Ms: worst, worstMs: worst, times: values.length };
}

export const benches: readonly Bench[] = [
  figure("processor time until ready", 1.5, "s", ({ readyS }) => readyS),
  figure("processor time until calm", 1.5, "s", ({ calmS }) => calmS),
  figure("memory once calm", 150, "MB", ({ mb }) => mb),
  figure("a core's share while idle", 0.2, "%", ({ idleShare }) => 100 * idleShare),
];
