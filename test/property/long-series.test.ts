// Series too long to be kept whole are kept by the extremes of their stretches: no rule is to
// mistake these for the run. Values go the whole way through a file's store, 100,000 each.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunReading, StepFall } from "../../src/domain/sample.ts";
import { findings } from "../../src/rules/findings.ts";
import {
  createMetricSink,
  createRunBudget,
  POINTS_PER_SERIES,
} from "../../src/logs/series/metric-sink.ts";
import type { RuleInput } from "../../src/rules/rule.ts";
import { type Random, randomOf } from "../corpus/random.ts";
import { noFacts, PLAN } from "../corpus/run.ts";

const COUNT = Number(process.env["NIGHTLAB_LONG_SERIES"] ?? 100_000);
const RUNS = Number(process.env["NIGHTLAB_LONG_RUNS"] ?? 1);

const asked = Number(process.env["NIGHTLAB_SEED"] ?? 20_250_202);
/** Each failure names it. */
const SEED = Number.isNaN(asked) ? Math.floor(Math.random() * 2 ** 31) : asked;

type At = (i: number) => number;

/** What the rules say of a run that is done and logged these metrics at each step. */
function said(metrics: Readonly<Record<string, At>>, stepAt: At = (i) => i): readonly string[] {
  const sink = createMetricSink("logs/train.log", createRunBudget());
  const stores = Object.entries(metrics).map(([key, at]) => ({ store: sink.storeOf(key), at }));
  const falls: StepFall[] = [];
  for (let i = 0; i < COUNT; i += 1) {
    sink.begin(i + 1, i * 100, Number.NaN);
    const [step, before] = [stepAt(i), i === 0 ? -1 : stepAt(i - 1)];
    if (step < before && falls.length < 20) {
      const place = { file: "logs/train.log", line: i + 1, offset: i * 100 };
      falls.push({ ...place, from: before, to: step, epochRose: false });
    }
    sink.setStep("step", step);
    for (const { store, at } of stores) {
      if (store === undefined) continue;
      sink.incoming.value = at(i);
      sink.incoming.token = "";
      sink.add(store, "sure");
    }
  }
  const reading: RunReading = {
    series: sink.series(),
    tracebacks: [],
    deathMarkers: [],
    lastLines: [],
    unread: { count: 0 },
    lineFacts: [{ ...noFacts(), falls }],
    files: [{ file: "logs/train.log", lines: COUNT, bytes: COUNT * 100 }],
  };
  for (const { values, reducedBy } of reading.series) {
    assert.ok(COUNT <= POINTS_PER_SERIES || (reducedBy ?? 1) > 1, `${values.length} values`);
  }
  const input: RuleInput = {
    reading,
    plan: PLAN,
    startedAtMs: 0,
    nowMs: 1e7,
    endedAtMs: 1e7,
    limitMs: 1e8,
    long: true,
    verb: "run",
    outcome: { ending: "done", cause: { kind: "success" }, exitCode: 0 },
  };
  return findings(input)
    .filter(({ tier }) => tier !== "note")
    .map(({ rule }) => rule);
}

const share = (i: number): number => i / COUNT;
/** A loss that falls with noise; `wild` now and then far off by itself, as healthy ones are. */
const falling =
  (random: Random, noise: number, wild = 0): At =>
  (i) => {
    const off = wild > 0 && random.chance(wild) ? random.between(1.2, 3) : 1;
    return (2 + 8 * (1 + i) ** -0.3) * Math.exp(noise * random.normal()) * off;
  };
const noisy =
  (random: Random, at: At, noise: number): At =>
  (i) =>
    at(i) * Math.exp(noise * random.normal());

test("no rule speaks of long series of healthy runs", () => {
  for (let run = 0; run < RUNS; run += 1) {
    const random = randomOf(SEED + run);
    const healthy: Readonly<Record<string, Readonly<Record<string, At>>>> = {
      smooth: { loss: falling(random, 0.01), lr: (i) => 3e-4 * (1 - share(i)) },
      noisy: { "train/loss": falling(random, 0.2), grad_norm: noisy(random, () => 0.5, 0.3) },
      "single wild points": { loss: falling(random, 0.05, 0.002) },
      "many wild points": {
        loss: (i) =>
          falling(random, 0.03)(i) *
          (i % 7 === 0 && random.chance(0.35) ? random.between(1.2, 5) : 1),
      },
      rewards: { reward: (i) => 20 * share(i) + 15 * random.normal(), loss: falling(random, 0.5) },
      "an accuracy on a coarse grid": {
        "train/acc": (i) => Math.round((0.5 + 0.4 * share(i) + 0.1 * random.normal()) * 32) / 32,
        loss: falling(random, 0.1),
      },
      "even steps": { loss: falling(random, 0.02), step_time: noisy(random, () => 0.3, 0.1) },
      "a slow step now and then": {
        loss: falling(random, 0.02),
        step_time: noisy(random, (i) => (i % 250 === 0 ? 9 : 0.3), 0.1),
      },
    };
    for (const [name, metrics] of Object.entries(healthy)) {
      assert.deepEqual(said(metrics), [], `${name}, seed ${SEED + run}`);
    }
    assert.deepEqual(
      said({ loss: falling(random, 0.05) }, (i) => i % 997),
      [],
      "a counter that starts anew",
    );
  }
});

test("what is broken for a few stretches of a long series is found", () => {
  const random = randomOf(SEED);
  const loss = falling(random, 0.03);
  const broken: Readonly<Record<string, Readonly<Record<string, At>>>> = {
    "not-finite": { loss: (i) => (i === 73_457 ? Number.NaN : loss(i)) },
    "masked-nan": {
      loss: (i) => (share(i) > 0.7 ? 0 : loss(i)),
      grad_norm: (i) => (share(i) > 0.7 ? Number.NaN : random.between(0.4, 0.6)),
    },
    "out-of-range": { loss, "val/acc": (i) => (i === 71_013 ? 130 : 60 + random.normal()) },
    diverged: { loss: (i) => (share(i) > 0.9 ? 11 + random.normal() : loss(i)) },
    spike: { loss: (i) => loss(i) * (i > 70_000 && i < 70_700 ? 1.5 : 1) },
    "not-learning": {
      loss: noisy(random, () => Math.log(50_257), 0.004),
      vocab_size: () => 50_257,
    },
    "dead-metric": { loss, reward: (i) => (share(i) > 0.6 ? 12.345678 : 12 + random.normal()) },
    slower: { loss, step_time: noisy(random, (i) => (share(i) > 0.5 ? 0.45 : 0.3), 0.05) },
  };
  for (const [rule, metrics] of Object.entries(broken)) {
    assert.ok(said(metrics).includes(rule), `${rule}: ${said(metrics).join() || "nothing"}`);
  }
  const back = said({ loss }, (i) => (i < COUNT / 2 ? i : i - 1_000));
  assert.deepEqual(back, ["steps-go-back"]);
});
