// Healthy runs with one thing broken on purpose, in the sizes that each rule is meant for.
// Which rule should notice is the key; what else it costs to notice is measured in measure.ts.
import type { RuleName } from "../../src/domain/finding.ts";
import type { Cause } from "../../src/domain/run.ts";
import { digestOfRun, PLAN, type MadeRun, type MadeSeries } from "./run.ts";
import type { Random } from "./random.ts";
import { healthyRun } from "./healthy.ts";

type Fault = (random: Random) => MadeRun;

const LEARNING = ["language", "images", "regression"] as const;
const learning = (random: Random): MadeRun => healthyRun(random, random.one(LEARNING));

function find(run: MadeRun, wanted: (key: string) => boolean): MadeSeries {
  const found = run.series.find(({ key }) => wanted(key));
  if (found === undefined) throw new Error(`No such series in ${run.shape}`);
  return found;
}
const trainOf = (run: MadeRun): MadeSeries =>
  find(run, (key) => /^(?:train.)?(?:loss|mse)$/.test(key));
const valOf = (run: MadeRun): MadeSeries =>
  find(run, (key) => /^(?:val|eval).(?:loss|mse)$/.test(key));
const accuracyOf = (run: MadeRun): MadeSeries => find(run, (key) => /acc/.test(key));

function change(
  series: MadeSeries,
  from: number,
  to: number,
  by: (value: number, i: number) => number,
): void {
  for (let i = Math.max(0, from); i < Math.min(to, series.values.length); i += 1) {
    series.values[i] = Number(by(series.values[i] ?? 0, i).toPrecision(6));
  }
}

const failed = (random: Random, cause: Cause, exitCode: number): MadeRun => {
  const run = learning(random);
  run.outcome = { ending: "failed", cause, exitCode };
  return run;
};

/** Flat at a level, with noise. */
function flat(random: Random, n: number, level: number, noise: number): number[] {
  return Array.from({ length: n }, () =>
    Number((level * Math.exp(noise * random.normal())).toPrecision(6)),
  );
}

export const FAULTS: Readonly<Record<RuleName, Fault>> = {
  "not-finite": (random) => {
    const run = learning(random);
    const series = random.one([trainOf(run), valOf(run)]);
    const at = random.whole(0, series.values.length - 1);
    const many = random.one([1, 3, series.values.length]);
    for (let i = at; i < Math.min(at + many, series.values.length); i += 1) {
      series.values[i] = random.one([NaN, Infinity, -Infinity]);
    }
    return run;
  },
  "masked-nan": (random) => {
    const run = healthyRun(random, "language");
    const train = trainOf(run);
    const at = random.whole(1, train.values.length - 2);
    change(train, at, train.values.length, () => 0);
    const norm = find(run, (key) => key === "grad_norm");
    norm.values.fill(NaN, at);
    return run;
  },
  "failed-exit": (random) => failed(random, { kind: "exit-code", code: random.whole(1, 127) }, 1),
  "hidden-crash": (random) => failed(random, { kind: "hidden-crash" }, 0),
  "gpu-out-of-memory": (random) => failed(random, { kind: "gpu-out-of-memory" }, 1),
  "host-out-of-memory": (random) => failed(random, { kind: "host-out-of-memory" }, 137),
  "disk-full": (random) => {
    const run = random.chance(0.5) ? failed(random, { kind: "disk-full" }, 1) : learning(random);
    const last = run.system.length - 1;
    run.system = run.system.map((one, i) =>
      i === last ? { ...one, diskFree: random.scale(1e6, 0.9e9) } : one,
    );
    return run;
  },
  "no-metrics": (random) => {
    const run = learning(random);
    run.series.length = 0;
    return run;
  },
  "metric-missing": (random) => {
    const run = learning(random);
    run.plan = { ...PLAN, metrics: [{ key: random.one(["bleu", "val/f1", "test/acc"]) }] };
    return run;
  },
  "out-of-range": (random) => {
    const run = healthyRun(random, "images");
    const accuracy = accuracyOf(run);
    const n = accuracy.values.length;
    const kind = random.one(["over", "under", "flip", "entropy"]);
    const at = random.whole(3, n - 3);
    if (kind === "over") change(accuracy, at, at + 1, () => random.between(100.5, 400));
    if (kind === "under") change(accuracy, at, at + 1, () => -random.scale(0.01, 1));
    if (kind === "flip") change(accuracy, at, n, (value) => 100 * value);
    if (kind === "entropy") {
      run.series.push({ ...trainOf(run), key: "cross_entropy", values: [...trainOf(run).values] });
      const last = find(run, (key) => key === "cross_entropy");
      change(last, last.values.length - 2, last.values.length, () => -random.scale(0.001, 1));
    }
    return run;
  },
  diverged: (random) => {
    const run = learning(random);
    const train = trainOf(run);
    const n = train.values.length;
    if (run.shape === "images" && random.chance(0.3)) {
      const accuracy = accuracyOf(run);
      const from = Math.floor(accuracy.values.length * random.between(0.3, 0.7));
      change(accuracy, from, accuracy.values.length, () => random.between(0.0005, 0.1));
      return run;
    }
    const at = Math.floor(n * random.between(0.2, 0.85));
    const first = train.values[0] ?? 1;
    const height = first * random.scale(1.05, 20);
    const span = Math.floor(n * random.between(0.002, 0.05)) + 1;
    change(train, at, n, (value, i) => {
      const share = Math.min(1, (i - at) / span);
      return value + (height * Math.exp(0.02 * random.normal()) - value) * share;
    });
    return run;
  },
  "over-limit": (random) => failed(random, { kind: "over-limit", limitMs: 120_000 }, 124),
  stalled: (random) => {
    const run = learning(random);
    run.outcome = undefined;
    const silentMs = random.scale(35, 600) * 60_000;
    const last = run.endedAtMs;
    run.endedAtMs = last + silentMs;
    run.silence = { sinceMs: last, longestMs: random.between(1_000, silentMs / 4) };
    for (let i = 1; i <= 60; i += 1) {
      const atMs = last + (silentMs * i) / 60;
      run.system.push({
        atMs,
        cpu: random.between(0, 0.01),
        rss: 1e9,
        processes: 4,
        metrics: true,
        gpu: 0,
      });
    }
    return run;
  },
  "identical-runs": (random) => {
    const run = healthyRun(random, random.one(["language", "images", "per epoch"]));
    run.args = ["--lr", "3e-4", "--seed", "1"];
    const twin = digestOfRun(run, "2025-02-01T10-00-00-twin", run.startedAtMs - 86_400_000);
    run.earlier = [
      ...run.earlier,
      random.chance(0.5) ? { ...twin, seed: "7" } : { ...twin, args: ["--lr", "1e-3"] },
    ];
    return run;
  },
  "cpu-fallback": (random) => {
    const run = learning(random);
    run.gpus = 1;
    if (random.chance(0.4)) {
      run.facts = {
        ...run.facts,
        cpu: {
          file: "logs/train.log",
          line: 3,
          offset: 90,
          text: "No GPU/TPU found, falling back to CPU.",
        },
      };
    } else {
      run.endedAtMs = Math.max(run.endedAtMs, run.startedAtMs + 180_000);
      run.system = Array.from({ length: 40 }, (_, i) => ({
        atMs: run.startedAtMs + i * 5_000,
        cpu: 8,
        rss: 4e9,
        processes: 2,
        metrics: i > 4,
        gpu: 0,
        gpuMemory: 5e8,
        gpuProcesses: 0,
      }));
    }
    return run;
  },
  spike: (random) => {
    const run = healthyRun(random, random.one(["language", "regression"]));
    const train = trainOf(run);
    // The loss that the figures are from is as even as this: ×1.2 stands out of it.
    train.values.splice(
      0,
      train.values.length,
      ...falls(random, random.whole(600, 4_000), random.between(0.005, 0.03)),
    );
    train.steps.splice(0, train.steps.length, ...train.values.map((_, i) => i));
    const n = train.values.length;
    const at = random.whole(Math.ceil(Math.max(160, 0.1 * n)), n - 60);
    const ratio = random.scale(1.2, 6);
    const long = random.whole(5, 25);
    change(train, at, at + long, (value) => value * ratio);
    return run;
  },
  disagrees: (random) => {
    const run = healthyRun(random, random.one(["language", "images"]));
    const val = valOf(run);
    const digest = digestOfRun(run, "2025-02-02T14-30-00-now", run.startedAtMs);
    const sameSeed = random.chance(0.5);
    const others = sameSeed ? 1 : random.whole(4, 8);
    run.earlier = Array.from({ length: others }, (_, i) => ({
      ...digest,
      folder: `2025-02-01T0${i}-00-00-before`,
      ...(sameSeed ? {} : { seed: String(i) }),
      endedAtMs: run.startedAtMs - 1,
      metrics: digest.metrics.map(({ hash: _hash, ...metric }) => ({
        ...metric,
        last: sameSeed ? metric.last : metric.last * Math.exp(0.005 * random.normal()),
      })),
    }));
    const size = sameSeed ? random.scale(0.002, 0.3) : random.between(0.2, 0.6);
    change(val, val.values.length - 1, val.values.length, (value) => value * (1 + size));
    return run;
  },
  "steps-go-back": (random) => {
    const run = healthyRun(random, random.one(["language", "regression"]));
    const train = trainOf(run);
    const at = Math.floor(train.values.length * random.between(0.1, 0.9));
    const to = random.chance(0.5) ? 0 : Math.floor(at * random.between(0.1, 0.98));
    train.steps.forEach((_, i) => {
      if (i >= at) train.steps[i] = to + i - at;
    });
    return run;
  },
  "too-good": (random) => {
    const run = healthyRun(random, "images");
    const kind = random.one(["accuracy", "loss", "leap", "gap"]);
    const accuracy = accuracyOf(run);
    const n = accuracy.values.length;
    if (kind === "accuracy") change(accuracy, n >> 1, n, () => random.between(0.9991, 1));
    if (kind === "loss") change(valOf(run), n >> 1, n, () => random.scale(1e-9, 9e-5));
    if (kind === "gap") {
      const values = accuracy.values.map((value) => value * random.between(0.75, 0.85));
      run.series.push({ ...accuracy, key: "train/acc", values });
    }
    if (kind === "leap") {
      const own = Math.max(...accuracy.values);
      const digest = digestOfRun(run, "", run.startedAtMs);
      run.earlier = Array.from({ length: random.whole(5, 9) }, (_, i) => ({
        ...digest,
        folder: `2025-02-01T0${i}-00-00-before`,
        seed: String(i),
        args: ["--lr", "1e-3"],
        endedAtMs: run.startedAtMs - 1,
        metrics: digest.metrics.map(({ hash: _hash, ...metric }) =>
          metric.key === accuracy.key
            ? { ...metric, max: own * (random.between(0.6, 0.65) + 0.01 * random.normal()) }
            : metric,
        ),
      }));
    }
    return run;
  },
  "chance-level": (random) => {
    const run = healthyRun(random, "images");
    const classes = random.one([2, 3, 5, 10, 20, 100]);
    const [accuracy, val] = [accuracyOf(run), valOf(run)];
    const examples = random.one([1_000, 2_000, 10_000]);
    const width = Math.sqrt(((1 / classes) * (1 - 1 / classes)) / examples);
    const end = accuracy.values.length;
    change(accuracy, 0, end, () => Math.max(0.7 / classes, 1 / classes + width * random.normal()));
    change(val, 0, end, () => Math.log(classes) * random.between(0.998, 1.008));
    if (random.chance(0.5)) run.args = ["--num-classes", String(classes), ...run.args];
    return run;
  },
  "not-learning": (random) => {
    const run = healthyRun(random, random.one(["language", "regression"]));
    run.series.length = 0;
    const level =
      run.shape === "regression"
        ? random.between(0.93, 1.07)
        : Math.log(random.one([2, 3, 5, 10, 100, 1_000, 32_000, 50_257]));
    const n = random.whole(20, 2_000);
    const values = flat(random, n, level, random.between(0.001, 0.02));
    run.series.push({ key: "train/loss", values, steps: values.map((_, i) => i), stepKey: "step" });
    return run;
  },
  overfitting: (random) => {
    const n = random.whole(8, 80);
    const run = healthyRun(random, "per epoch");
    run.series.length = 0;
    const turn = Math.floor(n * random.between(0.2, 0.6));
    const end = random.scale(1.1, 3);
    const noise = random.between(0.001, 0.015);
    const train = falls(random, n, 0.01);
    const low = train[turn] ?? 1;
    const val = Array.from({ length: n }, (_, i) => {
      const level =
        i <= turn
          ? (train[i] ?? 1) * 1.1
          : low * 1.1 * (1 + ((end - 1) * (i - turn)) / (n - 1 - turn));
      return Number((level * Math.exp(noise * random.normal())).toPrecision(6));
    });
    const steps = train.map((_, i) => i);
    run.series.push({ key: "train/loss", values: train, steps, stepKey: "epoch" });
    run.series.push({ key: "val/loss", values: val, steps, stepKey: "epoch" });
    return run;
  },
  "dead-metric": (random) => {
    const run = learning(random);
    const series = random.one([trainOf(run), valOf(run)]);
    const n = series.values.length;
    const repeats = random.whole(12, 60);
    while (series.values.length < repeats + 3) {
      series.values.push(Number((1 + random.next()).toPrecision(6)));
      series.steps.push((series.steps.at(-1) ?? 0) + 1);
    }
    const at = Math.max(
      0,
      (random.chance(0.5) ? series.values.length : random.whole(repeats, Math.max(n, repeats))) -
        repeats,
    );
    const stuck = random.between(0.1, 3);
    change(series, at, at + repeats, () => stuck);
    return run;
  },
  slower: (random) => {
    const run = healthyRun(random, random.one(["language", "images"]));
    const n = random.whole(400, 3_000);
    const values = flat(random, n, random.scale(0.01, 3), random.between(0.005, 0.06));
    const at = Math.floor(n * random.between(0.3, 0.7));
    const kind = random.one(["burst", "sustained", "earlier"]);
    const made: MadeSeries = {
      key: "step_time",
      values,
      steps: values.map((_, i) => i),
      stepKey: "step",
    };
    run.series = [...run.series.filter(({ key }) => key !== "step_time"), made];
    run.earlier = [];
    if (kind === "burst")
      change(made, at, at + random.whole(60, 120), (value) => value * random.between(1.5, 3));
    if (kind === "sustained") change(made, n >> 1, n, (value) => value * random.between(1.07, 2));
    if (kind === "earlier") {
      const digest = digestOfRun(run, "2025-02-01T10-00-00-before", run.startedAtMs - 1);
      run.earlier = [
        { ...digest, seed: "7", stepMs: (digest.stepMs ?? 0) / random.between(1.13, 3) },
      ];
    }
    return run;
  },
  "gpu-idle": (random) => {
    const run = learning(random);
    run.gpus = 1;
    const n = random.whole(20, 400);
    run.system = Array.from({ length: n }, (_, i) => ({
      atMs: run.startedAtMs + i * 5_000,
      cpu: 1,
      rss: 4e9,
      processes: 2,
      metrics: i > 3,
      gpu: random.chance(0.02) ? 0.5 : random.between(0, 0.08),
      gpuMemory: 5e9,
      gpuProcesses: 1,
    }));
    return run;
  },
  "time-goes-back": (random) => {
    const run = learning(random);
    const byMs = random.scale(2_500, 10_000_000);
    const first = {
      file: "logs/train.log",
      line: 40,
      offset: 4_000,
      byMs: byMs === 3_600_000 ? 5_000 : byMs,
    };
    run.facts = { ...run.facts, timeFalls: { count: random.whole(1, 5), first } };
    return run;
  },
  "memory-creeps": (random) => {
    const run = learning(random);
    run.gpus = 1;
    const n = random.whole(150, 1_500);
    const base = random.scale(2, 30) * 2 ** 30;
    const growth = random.scale(0.2, 3);
    const onGpu = random.chance(0.5);
    run.system = Array.from({ length: n }, (_, i) => {
      const grown = base * (1 + (growth * i) / n) * (1 + 0.003 * random.normal());
      return {
        atMs: run.startedAtMs + i * 5_000,
        cpu: 1,
        rss: onGpu ? base : grown,
        processes: 2,
        metrics: i > 3,
        gpu: 0.8,
        gpuMemory: onGpu ? grown : base,
        gpuProcesses: 1,
      };
    });
    return run;
  },
  "ended-early": (random) => {
    const run = healthyRun(random, "per epoch");
    const n = trainOf({
      ...run,
      series: run.series.map((one) => ({ ...one, key: one.key.replace("_", "/") })),
    }).values.length;
    const total = Math.ceil(n * random.between(1.2, 5));
    run.facts = { ...run.facts, progress: { unit: "epoch", done: n - 1, total } };
    return run;
  },
  oscillates: (random) => {
    const run = healthyRun(random, random.one(["language", "regression"]));
    const val = valOf(run);
    const level = val.values.at(-1) ?? 1;
    const n = val.values.length;
    const swing = random.between(0.4, 1);
    const from = Math.max(0, n - 6);
    change(
      val,
      from,
      n,
      (_, i) => level * (1 + ((i - from) % 2 === 0 ? 0 : swing) + 0.06 * (i - from)),
    );
    while (val.values.length < 6) {
      val.values.push(
        level * (1 + (val.values.length % 2 === 0 ? 0 : swing) + 0.06 * val.values.length),
      );
      val.steps.push((val.steps.at(-1) ?? 0) + 1);
    }
    return run;
  },
  "warning-flood": (random) => {
    const run = learning(random);
    const count = random.whole(100, 100_000);
    const first = { file: "logs/train.log", line: 7, offset: 200 };
    run.facts = {
      ...run.facts,
      warnings: [{ text: "UserWarning: lr_scheduler.step()", count, first }],
    };
    return run;
  },
};

function falls(random: Random, n: number, noise: number): number[] {
  const pace = random.between(5, 40) / n;
  const floor = random.between(0.2, 0.6);
  return Array.from({ length: n }, (_, i) =>
    Number(((floor + 2 / (1 + pace * i)) * Math.exp(noise * random.normal())).toPrecision(6)),
  );
}
