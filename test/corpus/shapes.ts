// Series of many shapes, as scripts that work log them: none of them deserves a flag.
// Noise, lengths and levels are drawn; the rest of a run is made around them in healthy.ts.
import type { MadeSeries } from "./run.ts";
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
export const round = (value: number): number => Number(value.toPrecision(6));

const stepsOf = (n: number, every = 1): number[] => Array.from({ length: n }, (_, i) => i * every);

export function series(
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

/** Batches of which one in twenty is far off: single wild points, never several in a row. */
const heavyTails: Shape = (random) => {
  const n = random.whole(200, 3_000);
  const train = falling(random, n, { from: 4, to: random.between(0.5, 2), noise: 0.03 });
  let lastWild = -10;
  const values = train.map((loss, i) => {
    if (i - lastWild < 6 || !random.chance(0.05)) return loss;
    lastWild = i;
    return round(loss * random.between(1.2, 5));
  });
  return [
    series("loss", values),
    series(
      "loss_scale",
      values.map((_, i) => 2 ** (16 - Math.floor(i / 500))),
    ),
  ];
};

/** Few validation examples: scores on a coarse grid, training at its bound, the best so far kept. */
const coarseScores: Shape = (random) => {
  const n = random.whole(20, 100);
  const train = falling(random, n, { from: 2, to: 0.05, noise: 0.05 });
  const examples = random.one([30, 50, 100, 200]);
  const top = random.between(0.8, 0.97);
  const score = train.map((_, i) => {
    const share = top * (1 - Math.exp((-8 * (i + 1)) / n)) + 0.01 * random.normal();
    return Math.round(Math.min(0.99, Math.max(0, share)) * examples) / examples;
  });
  const best = score.map((_, i) => Math.max(...score.slice(0, i + 1)));
  const learnt = train.map((_, i) => Math.min(1, round(1 - Math.exp((-20 * i) / n))));
  const steps = stepsOf(n);
  return [
    series("train/loss", train, steps, "epoch"),
    series("train/acc", learnt, steps, "epoch"),
    series("val/acc", score, steps, "epoch"),
    series("best_val_acc", best, steps, "epoch"),
  ];
};

/** Goes on from a checkpoint: flat, at late steps, under a name that says nothing. */
const resumed: Shape = (random) => {
  const n = random.whole(30, 600);
  const level = random.one([2.31, 1.4, 3.0, 1.02, 4.6]);
  const every = random.one([1, 10, 100]);
  const from = 50_000;
  const train = Array.from({ length: n }, () => round(level * Math.exp(0.02 * random.normal())));
  return [
    series(
      "train_loss",
      train,
      stepsOf(n).map((i) => from + i * every),
    ),
  ];
};

/** Preference and mixture training: terms of the loss that go where they must. */
const terms: Shape = (random) => {
  const n = random.whole(200, 2_000);
  const main = falling(random, n, { from: 0.7, to: 0.4, noise: 0.08 });
  const drift = (from: number, to: number): number[] =>
    main.map((_, i) => round(from + ((to - from) * i) / n + 0.05 * random.normal()));
  return [
    series("loss", main),
    series("rewards/chosen", drift(0, -1.5)),
    series("rewards/rejected", drift(0, -3)),
    series(
      "kl_loss",
      main.map((_, i) => round(0.001 + (0.5 * i) / n)),
    ),
    series(
      "aux_loss",
      main.map(() => round(0.01 * Math.exp(0.2 * random.normal()))),
    ),
  ];
};

/** Validation that rises a little and comes back, as it does after a change of the data. */
const unevenValidation: Shape = (random) => {
  const n = random.whole(15, 60);
  const train = falling(random, n, { from: 3, to: 1, noise: 0.02 });
  const val = train.map((loss, i) =>
    round((loss + 0.3) * (1 + 0.03 * Math.sin(i / 2)) * Math.exp(0.015 * random.normal())),
  );
  const steps = stepsOf(n);
  return [
    series("train_loss_epoch", train, steps, "epoch"),
    series("val_loss", val, steps, "epoch"),
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
  "heavy tails": heavyTails,
  "coarse scores": coarseScores,
  resumed,
  "terms of a loss": terms,
  "uneven validation": unevenValidation,
};

export const SHAPE_NAMES = Object.keys(SHAPES);

/** The series of a run of this shape. */
export function seriesOf(shape: string, random: Random): MadeSeries[] {
  const make = SHAPES[shape];
  if (make === undefined) throw new Error(`No shape ${shape}`);
  return make(random);
}
