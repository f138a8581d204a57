// A healthy run: series of some shape, and around them what a run has besides: stamps, samples of
// its processes, earlier runs with other seeds. What is broken on purpose is in faults.ts.
import type { Random } from "./random.ts";
import { digestOfRun, noFacts, PLAN, type MadeRun } from "./run.ts";
import { round, series, seriesOf, SHAPE_NAMES } from "./shapes.ts";

/** A healthy run of a shape, with all that surrounds its metrics. */
export function healthyRun(random: Random, shape = random.one(SHAPE_NAMES)): MadeRun {
  const startedAtMs = Date.UTC(2025, 1, 2, 14, 30);
  const made = seriesOf(shape, random);
  const stepMs = random.scale(200, 5_000);
  const n = Math.max(...made.map(({ values }) => values.length));
  const run: MadeRun = {
    shape,
    series: made,
    args: shape.startsWith("fine") ? ["--init-from", "base.pt"] : ["--lr", "3e-4"],
    plan: PLAN,
    facts: { ...noFacts(), pace: paceOf(random, n, stepMs, startedAtMs) },
    system: [],
    earlier: [],
    outcome: { ending: "done", cause: { kind: "success" }, exitCode: 0 },
    gpus: random.chance(0.7) ? 1 : 0,
    startedAtMs,
    endedAtMs: startedAtMs + 60_000 + n * stepMs,
    limitMs: 86_400_000,
    files: [{ file: "logs/train.log", lines: n, bytes: 100 * n }],
  };
  if (random.chance(0.5)) made.push(series("step_time", stepTimes(random, n)));
  run.system = systemOf(random, run);
  run.earlier = Array.from({ length: random.whole(0, 6) }, (_, i) => earlierRun(random, run, i));
  run.args.push("--seed", "42");
  return run;
}

/** Steps of even length with some noise, slow first ones and a slow one at each evaluation. */
function stepTimes(random: Random, n: number): number[] {
  const usual = random.scale(0.01, 3);
  const noise = random.between(0.005, 0.15);
  const every = random.whole(50, 300);
  return Array.from({ length: n }, (_, i) => {
    const slow = i < 3 ? random.between(2, 30) : i % every === 0 ? random.between(1, 4) : 1;
    return round(usual * slow * Math.exp(noise * random.normal()));
  });
}

function paceOf(
  random: Random,
  n: number,
  stepMs: number,
  fromMs: number,
): MadeRun["facts"]["pace"] {
  const stampsMs = new Float64Array(n);
  let atMs = fromMs + 20_000;
  for (let i = 0; i < n; i += 1) {
    atMs += stepMs * Math.exp(0.05 * random.normal()) + (i % 200 === 199 ? 3 * stepMs : 0);
    stampsMs[i] = Math.floor(atMs / 1_000) * 1_000;
  }
  return { steps: Float64Array.from({ length: n }, (_, i) => i), stampsMs };
}

/** Samples every few seconds: a busy process, and a GPU where there is one. */
function systemOf(random: Random, run: MadeRun): MadeRun["system"] {
  const tookMs = run.endedAtMs - run.startedAtMs;
  const everyMs = Math.max(5_000, tookMs / 800);
  const rss = random.scale(0.5, 40) * 2 ** 30;
  const gpuMemory = random.scale(2, 70) * 2 ** 30;
  const busy = random.between(0.3, 0.97);
  const grows = random.between(0, 0.5);
  return Array.from({ length: Math.floor(tookMs / everyMs) }, (_, i) => {
    const warm = Math.min(1, (i + 1) / 12);
    // A caching allocator takes more once or twice and keeps it.
    const kept = i * everyMs > 0.6 * tookMs ? 1 + 0.2 * grows : 1;
    return {
      atMs: run.startedAtMs + i * everyMs,
      cpu: Math.max(0.3, 1 + 0.2 * random.normal()),
      rss: rss * warm * kept * (1 + 0.01 * random.normal()),
      processes: 4,
      metrics: i * everyMs > 25_000,
      diskFree: 200e9,
      ...(run.gpus === 0
        ? {}
        : {
            gpu: Math.min(1, Math.max(0, random.chance(0.1) ? 0.05 : busy + 0.1 * random.normal())),
            gpuMemory: gpuMemory * warm * kept,
            gpuProcesses: i * everyMs > 15_000 ? 1 : 0,
          }),
    };
  });
}

/** The same run with another seed: every final value a little elsewhere. */
function earlierRun(random: Random, run: MadeRun, seed: number): MadeRun["earlier"][number] {
  const folder = `2025-02-01T0${seed}-00-00-before`;
  const digest = digestOfRun(run, folder, run.startedAtMs - (10 - seed) * 3_600_000 * 24);
  const vary = (value: number): number => value * Math.exp(0.02 * random.normal());
  return {
    ...digest,
    seed: String(seed),
    metrics: digest.metrics.map(({ hash: _hash, ...metric }) => ({
      ...metric,
      last: vary(metric.last),
      ...(metric.min === undefined ? {} : { min: vary(metric.min) }),
      ...(metric.max === undefined ? {} : { max: vary(metric.max) }),
    })),
    ...(digest.stepMs === undefined
      ? {}
      : { stepMs: digest.stepMs * Math.exp(0.02 * random.normal()) }),
  };
}
