// Healthy runs of many shapes, as scripts that work log them: none of them deserves a flag.
// Noise, lengths and levels are drawn; what is broken on purpose is in faults.ts.
import { digestOfRun, noFacts, PLAN, type MadeRun, type MadeSeries } from "./run.ts";
import type { Random } from "./random.ts";

type Shape = (random: Random) => MadeSeries[];

/** A falling loss: a power law on a floor, with noise in the logarithm. */
function falling(
  random: Random,
  n: number,
  { from, to, noise }: { readonly from: number; readonly to: number; readonly noise: number },
): number[] {
  const power = random.between(0.4, 1.2);
  const pace = random.between(5, 40) / n;
  const tail = random.chance(0.3) ? random.between(0.05, 0.2) : 0;
  let memory = 0;
  const keep = random.chance(0.4) ? random.between(0, 0.8) : 0;
  return Array.from({ length: n }, (_, i) => {
    memory = keep * memory + Math.sqrt(1 - keep * keep) * random.normal();
    const wild = random.chance(tail * 0.05) ? random.between(0, 4) : 0;
    const level = to + (from - to) * (1 + pace * i) ** -power;
    return round(level * Math.exp(noise * (memory + wild)));
  });
}

/** Six digits, as most scripts print. */
const round = (value: number): number => Number(value.toPrecision(6));

const stepsOf = (n: number, every = 1): number[] => Array.from({ length: n }, (_, i) => i * every);

function series(
  key: string,
  values: number[],
  steps: number[] = stepsOf(values.length),
  stepKey: MadeSeries["stepKey"] = "step",
): MadeSeries {
  return { key, values, steps, stepKey };
}

/** Validation that follows training with a gap, seldom and less noisy. */
function evaluations(random: Random, train: readonly number[], times: number): number[] {
  const gap = random.between(1.0, 1.25);
  const noise = random.between(0.002, 0.03);
  return Array.from({ length: times }, (_, i) => {
    const at = Math.floor(((i + 1) / times) * (train.length - 1));
    const near = train.slice(Math.max(0, at - 20), at + 1).toSorted((a, b) => a - b);
    const level = near[near.length >> 1] ?? 1;
    return round(level * gap * Math.exp(noise * random.normal()));
  });
}

const accuracyOf = (random: Random, losses: readonly number[]): number[] => {
  const first = Math.max(...losses);
  const top = random.between(0.75, 0.985);
  return losses.map((loss) => {
    const share = Math.max(0, top * (1 - (loss / first) * random.between(0.85, 0.95)));
    return round(Math.min(0.99, share + 0.01 + 0.003 * Math.abs(random.normal())));
  });
};

function schedule(random: Random, n: number): number[] {
  const warm = Math.max(1, Math.floor(n * random.between(0.01, 0.1)));
  const top = random.scale(1e-5, 1e-1);
  const kind = random.one(["cosine", "step", "constant", "linear"]);
  return Array.from({ length: n }, (_, i) => {
    if (i < warm) return (top * (i + 1)) / warm;
    const share = (i - warm) / Math.max(1, n - warm);
    if (kind === "cosine") return (top * (1 + Math.cos(Math.PI * share))) / 2;
    if (kind === "linear") return top * (1 - share);
    return kind === "step" ? top * 0.1 ** Math.floor(3 * share) : top;
  });
}

const language: Shape = (random) => {
  const n = random.whole(300, 4_000);
  const train = falling(random, n, {
    from: random.between(9, 11),
    to: random.between(1.5, 3.5),
    noise: random.between(0.002, 0.04),
  });
  const times = random.whole(5, 40);
  const every = Math.floor(n / times);
  return [
    series("train/loss", train),
    series("lr", schedule(random, n)),
    series(
      "grad_norm",
      train.map((loss) => round(loss * 0.1 * Math.exp(0.3 * random.normal()))),
    ),
    series("val/loss", evaluations(random, train, times), stepsOf(times, every)),
  ];
};

const images: Shape = (random) => {
  const n = random.whole(200, 3_000);
  const classes = random.one([10, 100, 1000]);
  const train = falling(random, n, {
    from: Math.log(classes) * 1.03,
    to: random.between(0.1, 0.8),
    noise: random.between(0.02, 0.15),
  });
  if (random.chance(0.4)) dropAt(train, random);
  const epochs = random.whole(8, 90);
  const val = evaluations(random, train, epochs);
  return [
    series("train/loss", train),
    series("val/loss", val, stepsOf(epochs), "epoch"),
    series("val/acc", accuracyOf(random, val), stepsOf(epochs), "epoch"),
    series("lr", schedule(random, n)),
  ];
};

/** A learning rate cut by ten: the loss falls at once. */
function dropAt(train: number[], random: Random): void {
  const at = Math.floor(train.length * random.between(0.4, 0.8));
  for (let i = at; i < train.length; i += 1) train[i] = round((train[i] ?? 0) * 0.7);
}

const perEpoch: Shape = (random) => {
  const n = random.whole(5, 120);
  const train = falling(random, n, {
    from: random.between(1, 3),
    to: random.between(0.05, 0.6),
    noise: random.between(0.005, 0.06),
  });
  const val = evaluations(random, train, n);
  const score = accuracyOf(random, val);
  const isPercent = random.chance(0.3);
  return [
    series("train_loss", train, stepsOf(n), "epoch"),
    series("val_loss", val, stepsOf(n), "epoch"),
    series(
      "val_acc",
      isPercent ? score.map((one) => round(100 * one)) : score,
      stepsOf(n),
      "epoch",
    ),
  ];
};

/** The loss counts from 0 within each epoch. */
const counters: Shape = (random) => {
  const epochs = random.whole(3, 30);
  const each = random.whole(20, 100);
  const train = falling(random, epochs * each, {
    from: 2.3,
    to: random.between(0.1, 0.5),
    noise: random.between(0.02, 0.1),
  });
  const steps = Array.from({ length: epochs * each }, (_, i) => i % each);
  return [series("loss", train, steps)];
};

/** Already at its optimum: flat, with noise. */
const fineTuning: Shape = (random) => {
  const n = random.whole(50, 2_000);
  const level = random.between(1.2, 3);
  const noise = random.between(0.01, 0.08);
  const gain = random.between(0, 0.02);
  const train = Array.from({ length: n }, (_, i) =>
    round(level * (1 - (gain * i) / n) * Math.exp(noise * random.normal())),
  );
  const times = random.whole(4, 20);
  return [
    series("train/loss", train),
    series("eval/loss", evaluations(random, train, times), stepsOf(times, Math.floor(n / times))),
  ];
};

/** Scores of a classifier that was good before. */
const fineTuningScores: Shape = (random) => {
  const n = random.whole(20, 200);
  const level = random.between(0.85, 0.97);
  const at = (): number => round(Math.min(0.995, level + 0.004 * random.normal()));
  return [
    series(
      "train/loss",
      Array.from({ length: n }, () => round(0.2 * Math.exp(0.2 * random.normal()))),
    ),
    series(
      "val/accuracy",
      Array.from({ length: Math.floor(n / 5) }, at),
      stepsOf(Math.floor(n / 5), 5),
    ),
  ];
};

const reinforcement: Shape = (random) => {
  const n = random.whole(100, 3_000);
  const top = random.scale(10, 5_000);
  const reward = Array.from({ length: n }, (_, i) => {
    const level = top * (1 - Math.exp((-4 * i) / n)) * random.between(0.6, 1.2);
    return round(level + top * 0.15 * random.normal());
  });
  const noisy = (level: number): number[] =>
    Array.from({ length: n }, () => round(level * Math.exp(0.8 * random.normal())));
  const policy = Array.from({ length: n }, () => round(0.02 * random.normal()));
  return [
    series("episode/reward", reward),
    series("loss", noisy(random.scale(0.01, 50))),
    series("policy_loss", policy),
    series("value_loss", noisy(random.scale(0.1, 100))),
    series(
      "entropy",
      Array.from({ length: n }, (_, i) => round(1.6 * Math.exp((-2 * i) / n))),
    ),
  ];
};

const players: Shape = (random) => {
  const n = random.whole(200, 3_000);
  const period = random.between(20, 300);
  const swing = random.between(0.1, 0.6);
  const wave = (shift: number, level: number): number[] =>
    Array.from({ length: n }, (_, i) =>
      round(
        level *
          Math.exp(swing * Math.sin((2 * Math.PI * i) / period + shift) + 0.15 * random.normal()),
      ),
    );
  return [series("g_loss", wave(0, 1.5)), series("d_loss", wave(Math.PI, 0.7))];
};

/** Harder data from time to time: the loss steps up, and stays below where it began. */
const curriculum: Shape = (random) => {
  const n = random.whole(600, 4_000);
  const train = falling(random, n, {
    from: random.between(4, 8),
    to: random.between(0.8, 1.5),
    noise: random.between(0.01, 0.06),
  });
  const lessons = random.whole(1, 4);
  for (let k = 1; k <= lessons; k += 1) {
    const from = Math.floor((n * k) / (lessons + 1));
    const harder = random.between(1.1, 1.5);
    for (let i = from; i < n; i += 1) {
      const learnt = Math.exp((-3 * (i - from) * (lessons + 1)) / n);
      train[i] = round((train[i] ?? 0) * (1 + (harder - 1) * learnt));
    }
  }
  return [series("loss", train), series("lr", schedule(random, n))];
};

const regression: Shape = (random) => {
  const n = random.whole(100, 2_000);
  const train = falling(random, n, {
    from: random.between(0.8, 1.2),
    to: random.scale(0.002, 0.3),
    noise: random.between(0.02, 0.2),
  });
  const times = random.whole(5, 30);
  return [
    series("train/mse", train),
    series("val/mse", evaluations(random, train, times), stepsOf(times, Math.floor(n / times))),
  ];
};

/** Warm restarts: the loss rises with the learning rate and falls below its old best. */
const restarts: Shape = (random) => {
  const n = random.whole(1_500, 5_000);
  const cycles = random.whole(2, 5);
  const train = falling(random, n, { from: 6, to: 2, noise: random.between(0.01, 0.04) });
  const bump = random.between(0.03, 0.15);
  return [
    series(
      "train/loss",
      train.map((loss, i) => {
        const share = ((i * cycles) / n) % 1;
        const lift = i * cycles < n ? 0 : bump * (1 + Math.cos(Math.PI * share)) * 0.5;
        return round(loss * (1 + lift));
      }),
    ),
  ];
};

const scarceValidation: Shape = (random) => {
  const n = random.whole(20, 80);
  const train = falling(random, n, { from: 2, to: 0.3, noise: 0.03 });
  const noise = random.between(0.05, 0.2);
  const val = train.map((loss) => round((loss + 0.4) * Math.exp(noise * random.normal())));
  return [
    series("train/loss", train, stepsOf(n), "epoch"),
    series("val/loss", val, stepsOf(n), "epoch"),
  ];
};

const SHAPES: Readonly<Record<string, Shape>> = {
  language,
  images,
  "per epoch": perEpoch,
  "counters of epochs": counters,
  "fine-tuning": fineTuning,
  "fine-tuning, scores": fineTuningScores,
  reinforcement,
  "two players": players,
  curriculum,
  regression,
  "warm restarts": restarts,
  "scarce validation": scarceValidation,
};

export const SHAPE_NAMES = Object.keys(SHAPES);

/** A healthy run of a shape, with all that surrounds its metrics. */
export function healthyRun(random: Random, shape = random.one(SHAPE_NAMES)): MadeRun {
  const make = SHAPES[shape];
  if (make === undefined) throw new Error(`No shape ${shape}`);
  const startedAtMs = Date.UTC(2025, 1, 2, 14, 30);
  const made = make(random);
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
