// Small models that really learn, by gradient descent on data that is drawn here: their losses have
// the noise of batches, their scores that of few examples. How they log it is in log-wordings.ts.
import type { Random } from "./random.ts";

/** What one moment of a training logs, in the order of the log. */
export interface Row {
  readonly kind: "train" | "val";
  readonly step: number;
  readonly epoch: number;
  readonly values: Readonly<Record<string, number>>;
}

export interface Training {
  readonly rows: readonly Row[];
  /** Steps of an epoch. */
  readonly perEpoch: number;
  readonly steps: number;
  /** Began with weights of an earlier training. */
  readonly restored?: true;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += at(a, i) * at(b, i);
  return sum;
}
const at = (of: Float64Array, i: number): number => of[i] ?? 0;
const normals = (n: number, random: Random, scale = 1): Float64Array =>
  Float64Array.from({ length: n }, () => scale * random.normal());

/** Up from 0 over a tenth of the way, then down as a cosine. */
function warmCosine(step: number, steps: number, top: number): number {
  const warm = steps / 10;
  if (step < warm) return (top * (step + 1)) / warm;
  return (top * (1 + Math.cos((Math.PI * (step - warm)) / (steps - warm)))) / 2;
}

interface Example {
  readonly x: Float64Array;
  readonly y: number;
}

/** Classes that overlap: no model reaches an accuracy of 1. */
function blobs(random: Random, classes: number, size: number, n: number) {
  const centres = Array.from({ length: classes }, () => normals(size, random, 1.1));
  const draw = (): Example => {
    const y = random.whole(0, classes - 1);
    const x = (centres[y] as Float64Array).map((one) => one + random.normal());
    return { x, y };
  };
  return { train: Array.from({ length: n }, draw), val: Array.from({ length: 250 }, draw) };
}

/** Softmax regression: the weights of each class, and what a step of them does. */
class Classifier {
  readonly weights: readonly Float64Array[];

  constructor(classes: number, size: number) {
    this.weights = Array.from({ length: classes }, () => new Float64Array(size + 1));
  }

  chances({ x }: Example): Float64Array {
    const scores = this.weights.map((row) => dot(x, row) + at(row, x.length));
    const top = Math.max(...scores);
    const shares = Float64Array.from(scores, (one) => Math.exp(one - top));
    const sum = shares.reduce((a, b) => a + b, 0);
    return shares.map((one) => one / sum);
  }

  loss(examples: readonly Example[]): number {
    const each = examples.map((one) => -Math.log(at(this.chances(one), one.y)));
    return each.reduce((a, b) => a + b, 0) / examples.length;
  }

  accuracy(examples: readonly Example[]): number {
    const right = examples.filter((one) => {
      const chances = this.chances(one);
      return chances.every((share) => share <= at(chances, one.y));
    });
    return right.length / examples.length;
  }

  /** One step of gradient descent; the norm of the gradient. */
  learn(batch: readonly Example[], rate: number): number {
    const gradients = this.weights.map((row) => new Float64Array(row.length));
    for (const example of batch) {
      const chances = this.chances(example);
      for (const [k, gradient] of gradients.entries()) {
        const off = (at(chances, k) - (k === example.y ? 1 : 0)) / batch.length;
        example.x.forEach((value, i) => (gradient[i] = at(gradient, i) + off * value));
        gradient[example.x.length] = at(gradient, example.x.length) + off;
      }
    }
    for (const [k, row] of this.weights.entries()) {
      const gradient = gradients[k] as Float64Array;
      gradient.forEach((value, i) => (row[i] = at(row, i) - rate * value));
    }
    return Math.sqrt(gradients.reduce((sum, one) => sum + dot(one, one), 0));
  }
}

function batches(examples: readonly Example[], random: Random, size: number): readonly Example[] {
  return Array.from({ length: size }, () => random.one(examples));
}

function train(
  model: Classifier,
  random: Random,
  options: {
    readonly data: { readonly train: readonly Example[]; readonly val: readonly Example[] };
    readonly epochs: number;
    readonly perEpoch: number;
    /** The highest learning rate; `steady`: it stays that. */
    readonly top: number;
    readonly steady?: true;
    readonly firstStep?: number;
  },
): readonly Row[] {
  const { data, epochs, perEpoch, top, steady, firstStep = 0 } = options;
  const rows: Row[] = [];
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    for (let i = 0; i < perEpoch; i += 1) {
      const step = epoch * perEpoch + i;
      const batch = batches(data.train, random, 32);
      const loss = model.loss(batch);
      const lr = steady === true ? top : warmCosine(step, epochs * perEpoch, top);
      const grad_norm = model.learn(batch, lr);
      rows.push({ kind: "train", step: firstStep + step, epoch, values: { loss, lr, grad_norm } });
    }
    const step = firstStep + (epoch + 1) * perEpoch - 1;
    const values = { loss: model.loss(data.val), accuracy: model.accuracy(data.val) };
    rows.push({ kind: "val", step, epoch, values });
  }
  return rows;
}

/** A classifier from nothing. */
function classifier(random: Random): Training {
  const [epochs, perEpoch] = [random.whole(8, 16), random.whole(20, 40)];
  const classes = random.one([3, 5, 10]);
  const model = new Classifier(classes, 8);
  const data = blobs(random, classes, 8, 2_000);
  return {
    rows: train(model, random, { data, epochs, perEpoch, top: 0.5 }),
    perEpoch,
    steps: epochs * perEpoch,
  };
}

/** The same, from weights that were good before, at a small rate and from a late step on. */
function fineTuning(random: Random): Training {
  const model = new Classifier(5, 8);
  const data = blobs(random, 5, 8, 2_000);
  const [epochs, perEpoch] = [random.whole(4, 10), 30];
  train(model, random, { data, epochs: 12, perEpoch: 50, top: 0.5 });
  const rows = train(model, random, {
    data,
    epochs,
    perEpoch,
    top: 0.02,
    steady: true,
    firstStep: 600,
  });
  return { rows, perEpoch, steps: 600 + epochs * perEpoch, restored: true };
}

/** Which letter follows which: the loss falls from ln 12 to what the chain leaves open. */
function language(random: Random): Training {
  const letters = 12;
  const chain = Array.from({ length: letters }, () => {
    const weights = Float64Array.from({ length: letters }, () => Math.exp(1.5 * random.normal()));
    const sum = weights.reduce((a, b) => a + b, 0);
    return weights.map((one) => one / sum);
  });
  const next = (from: number): number => {
    let left = random.next();
    const found = (chain[from] as Float64Array).findIndex((share) => (left -= share) < 0);
    return found === -1 ? letters - 1 : found;
  };
  let letter = 0;
  const draw = (): Example => {
    const x = new Float64Array(letters);
    x[letter] = 1;
    letter = next(letter);
    return { x, y: letter };
  };
  const data = {
    train: Array.from({ length: 5_000 }, draw),
    val: Array.from({ length: 500 }, draw),
  };
  const model = new Classifier(letters, letters);
  const [epochs, perEpoch] = [random.whole(5, 8), random.whole(40, 80)];
  const all = train(model, random, { data, epochs, perEpoch, top: 4 });
  // Language models log no accuracy.
  const rows = all.map((row) =>
    row.kind === "train" ? row : { ...row, values: { loss: row.values["loss"] ?? 0 } },
  );
  return { rows, perEpoch, steps: epochs * perEpoch };
}

/** A line through noise, with Adam; one row an epoch. */
function regression(random: Random): Training {
  const size = 6;
  const truth = normals(size, random);
  const draw = () => {
    const x = normals(size, random);
    return { x, y: dot(x, truth) + 0.3 * random.normal() };
  };
  const data = Array.from({ length: 400 }, draw);
  const held = Array.from({ length: 200 }, draw);
  const weights = new Float64Array(size);
  const [mean, square] = [new Float64Array(size), new Float64Array(size)];
  const mse = (of: typeof data): number =>
    of.reduce((sum, { x, y }) => sum + (dot(x, weights) - y) ** 2, 0) / of.length;
  const rows: Row[] = [];
  const epochs = random.whole(30, 80);
  let t = 0;
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    let sum = 0;
    for (let i = 0; i < 25; i += 1) {
      const batch = Array.from({ length: 16 }, () => random.one(data));
      sum += mse(batch) / 25;
      t += 1;
      for (let k = 0; k < size; k += 1) {
        const gradient =
          batch.reduce((total, { x, y }) => total + 2 * (dot(x, weights) - y) * at(x, k), 0) / 16;
        mean[k] = 0.9 * at(mean, k) + 0.1 * gradient;
        square[k] = 0.999 * at(square, k) + 0.001 * gradient ** 2;
        const rate = 0.01 / (Math.sqrt(at(square, k) / (1 - 0.999 ** t)) + 1e-8);
        weights[k] = at(weights, k) - (rate * at(mean, k)) / (1 - 0.9 ** t);
      }
    }
    rows.push({ kind: "train", step: t - 1, epoch, values: { mse: sum } });
    rows.push({ kind: "val", step: t - 1, epoch, values: { mse: mse(held) } });
  }
  return { rows, perEpoch: 25, steps: t };
}

/** A policy over arms of a bandit, by REINFORCE with a baseline. */
function reinforcement(random: Random): Training {
  const arms = 6;
  const pays = normals(arms, random, 2);
  const policy = new Float64Array(arms);
  let value = 0;
  const steps = random.whole(150, 400);
  const rows: Row[] = [];
  for (let step = 0; step < steps; step += 1) {
    const top = Math.max(...policy);
    const shares = policy.map((one) => Math.exp(one - top));
    const sum = shares.reduce((a, b) => a + b, 0);
    const chances = shares.map((one) => one / sum);
    let [reward, policyLoss, valueLoss] = [0, 0, 0];
    const gradient = new Float64Array(arms);
    for (let i = 0; i < 32; i += 1) {
      let left = random.next();
      const arm = Math.max(
        0,
        chances.findIndex((share) => (left -= share) < 0),
      );
      const paid = at(pays, arm) + random.normal();
      const better = paid - value;
      reward += paid / 32;
      policyLoss -= (Math.log(at(chances, arm)) * better) / 32;
      valueLoss += better ** 2 / 32;
      for (let k = 0; k < arms; k += 1) {
        gradient[k] = at(gradient, k) + (((k === arm ? 1 : 0) - at(chances, k)) * better) / 32;
      }
    }
    gradient.forEach((one, k) => (policy[k] = at(policy, k) + 0.05 * one));
    value += 0.1 * (reward - value);
    const entropy = -chances.reduce((total, one) => total + one * Math.log(one), 0);
    const values = { reward, policy_loss: policyLoss, value_loss: valueLoss, entropy };
    rows.push({ kind: "train", step, epoch: 0, values });
  }
  return { rows, perEpoch: steps, steps };
}

/** Two players on a line: one moves a normal distribution, the other tells it from the true one. */
function players(random: Random): Training {
  let [mean, slope, bias] = [-2, 0, 0];
  const steps = random.whole(300, 800);
  const rows: Row[] = [];
  const isReal = (x: number): number => 1 / (1 + Math.exp(-(slope * x + bias)));
  for (let step = 0; step < steps; step += 1) {
    let [d_loss, g_loss, dSlope, dBias, dMean] = [0, 0, 0, 0, 0];
    for (let i = 0; i < 16; i += 1) {
      const [real, made] = [1 + random.normal(), mean + random.normal()];
      d_loss -= (Math.log(isReal(real)) + Math.log(1 - isReal(made))) / 16;
      g_loss -= Math.log(isReal(made)) / 16;
      dSlope += ((1 - isReal(real)) * real - isReal(made) * made) / 16;
      dBias += (1 - isReal(real) - isReal(made)) / 16;
      dMean += ((1 - isReal(made)) * slope) / 16;
    }
    slope += 0.05 * dSlope - 0.005 * slope;
    bias += 0.05 * dBias;
    mean += 0.05 * dMean;
    rows.push({ kind: "train", step, epoch: 0, values: { d_loss, g_loss } });
  }
  return { rows, perEpoch: steps, steps };
}

export const TRAININGS: Readonly<Record<string, (random: Random) => Training>> = {
  classifier,
  "fine-tuning": fineTuning,
  language,
  regression,
  reinforcement,
  "two players": players,
};
