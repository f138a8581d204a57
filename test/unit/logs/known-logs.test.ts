// Public training logs, as they are, and what is known of each. They are no part of the project:
// those that are in a folder that $NIGHTLAB_LOGS names, or beside the checkout, are read here. That
// logs are read as they were written is tested by test/unit/rules/healthy-logs.test.ts everywhere.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { findings } from "../../../src/rules/findings.ts";
import { createRunReader } from "../../../src/logs/run-reader.ts";
import { ruleInput } from "./reading.ts";

const FOLDER =
  process.env["NIGHTLAB_LOGS"] ??
  fileURLToPath(new URL("../../../../shared/logs/", import.meta.url));

/** `key count axis first@x last@x` of each metric that is known. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  "modded-nanogpt-track1-muon.txt": [
    "val_loss 51 step 10.9264@0 3.2785@6200",
    "train_loss 6200 step 10.9184@1 3.2533@6200",
    "train_time 6251 step 285@0 1339067@6200",
    "step_avg 6238 step 213.66@13 216.33@6200",
  ],
  "llmc-main.log": [
    "tel 80 step 11.0092@0 3.2722@19560",
    "trl 19560 step 11.0091@0 3.2217@19559",
    "lr 19560 step 0.000001@0 0.000000@19559",
    "norm 19560 step 15.37@0 0.22@19559",
  ],
  "mlperf-v0.7-ssd.txt": ["eval_accuracy 2 epoch 0.1623364192534135@40 0.2322814107176423@50"],
  "mlperf-v0.7-transformer.txt": [
    "eval_accuracy 3 epoch 0.18681639432907104@1 0.2526334226131439@3",
  ],
  "algoperf-baseline-criteo-jax.log": [
    "loss 447 step 0.4579102396965027@0 0.12469392269849777@8500",
    "grad_norm 447 step 5.595053195953369@0 0.008600800298154354@8500",
    "validation/loss 70 step 0.4571109073102294@1 0.123807@8125",
  ],
  "deepspeed-opt-1.3b.log": ["ppl 17 epoch 4998.29638671875@0 1.8085135221481323@16"],
  "bigscience-gpt2-hf.out": ["train_samples_per_second 4 epoch 1.088@1 1.088@1"],
  "bigscience-gpt2-megatron.out": [
    "lm-loss 49 iteration 1.244238E+01@1 7.747273E+00@49",
    "learning rate 49 iteration 1.875E-05@1 1.491E-04@49",
  ],
  "procgen-bigfish-train.csv": [
    "eprewmean 3051 step 0.7099999785423279@16384 19.260000228881836@49987584",
    "loss/value_loss 3051 step 0.30398258566856384@16384 0.41507092118263245@49987584",
  ],
  "tdmpc2-acrobot-swingup.csv": ["reward 123 step 2.4@0 711.5@4000000"],
  "tdmpc2-cartpole-balance-sparse.csv": ["reward 123 step 49.9@0 931.0@4000000"],
  "tdmpc2-cartpole-balance.csv": ["reward 123 step 270.6@0 999.6@4000000"],
  "tdmpc2-dreamerv3-acrobot-swingup.csv": ["reward 119 step 0.3@0 386.4@3900000"],
};

/** The most metrics that a careful person would see in each. */
const MOST: Readonly<Record<string, number>> = {
  "modded-nanogpt-track1-muon.txt": 4,
  "llmc-main.log": 4,
  "mlperf-v0.7-ssd.txt": 22,
  "bigscience-gpt2-hf.out": 3,
  "deepspeed-opt-1.3b.log": 9,
  "procgen-bigfish-train.csv": 12,
  "tdmpc2-acrobot-swingup.csv": 1,
};

const at = (step: number | undefined): string => (step === undefined ? "" : `@${step}`);

for (const [file, known] of Object.entries(KNOWN)) {
  const path = join(FOLDER, file);
  if (!existsSync(path)) continue;
  test(`${file} is read as it is known, and no rule speaks of it`, () => {
    const bytes = readFileSync(path);
    const reader = createRunReader();
    reader.feed(`logs/${file}`, bytes);
    reader.finish();
    const reading = reader.reading();
    const shown = reading.series.map(({ summary: { key, count, first, last }, stepKey }) => {
      const range = `${first.token}${at(first.step)} ${last.token}${at(last.step)}`;
      return `${key} ${count} ${stepKey} ${range}`;
    });
    for (const fact of known) assert.ok(shown.includes(fact), `${fact}\nin\n${shown.join("\n")}`);
    assert.ok(shown.length <= (MOST[file] ?? 20), shown.join("\n"));
    const lines = bytes.toString("utf8").split("\n");
    for (const { summary } of reading.series) {
      assert.equal(summary.notFiniteCount, 0, summary.key);
      const { last } = summary;
      assert.ok(lines[last.line - 1]?.includes(last.token), `${summary.key} at ${last.line}`);
    }
    const outcome = { ending: "done", cause: { kind: "success" }, exitCode: 0 } as const;
    assert.deepEqual(findings(ruleInput({ reading, outcome, endedAtMs: 1_000 })), []);
  });
}
