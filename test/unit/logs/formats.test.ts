// What frameworks print, as lines and as what is read of them: `x: key=first..last`, one a metric.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readText, seriesOf } from "./reading.ts";

/** `step 1..2: loss=0.5..0.4 acc=0.1` of a log's text: metrics by axis, first and last token. */
function read(text: string, file = "logs/train.log"): string {
  const groups = new Map<string, string[]>();
  for (const { summary, stepKey } of readText({ [file]: text }).series) {
    const { first, last, count, key } = summary;
    const range = (a: number | string, b: number | string): string =>
      count === 1 ? `${a}` : `${a}..${b}`;
    const axis =
      stepKey === "sample" ? "-" : `${stepKey} ${range(first.step ?? "", last.step ?? "")}`;
    groups.set(axis, [...(groups.get(axis) ?? []), `${key}=${range(first.token, last.token)}`]);
  }
  return [...groups].map(([axis, metrics]) => `${axis}: ${metrics.join(" ")}`).join("; ");
}

const READ: readonly (readonly [name: string, text: string, expected: string])[] = [
  [
    "modded-nanogpt",
    "step:1/1530 train_loss:10.8258 train_time:31613ms step_avg:nanms\nstep:2/1530 train_loss:10.1 train_time:31813ms step_avg:213.66ms\n",
    "step 1..2: train_loss=10.8258..10.1 train_time=31613..31813; step 2: step_avg=213.66",
  ],
  [
    "nanoGPT",
    "step 0: train loss 4.2, val loss 4.3\niter 0: loss 4.26, time 1200ms, mfu -100.00%\niter 10: loss 3.1, time 12.5ms, mfu 3.40%\n",
    "step 0: train/loss=4.2 val/loss=4.3; iteration 0..10: loss=4.26..3.1 time=1200..12.5 mfu=-100.00..3.40",
  ],
  [
    "llm.c",
    "s:0 tel:11.0092\ns:0 trl:11.0091 lr:0.000001 norm:15.37\n",
    "step 0: tel=11.0092 trl=11.0091 lr=0.000001 norm=15.37",
  ],
  [
    "thousands separators",
    "step 00003 (0.0%) | loss: 9.48 | tok/sec: 1,602,557\n",
    "step 3: loss=9.48 tok/sec=1,602,557",
  ],
  [
    "Megatron",
    " iteration     7000/  159576 | consumed samples: 45056 | elapsed time per iteration (ms): 134.1 | lm loss: 6.44E+00 | number of nan iterations:   0 |\n",
    "iteration 7000: consumed samples=45056 elapsed time per iteration (ms)=134.1 lm loss=6.44E+00",
  ],
  ["METRIC lines", "METRIC val_bpb=0.9979\nMETRIC odd_name=3\n", "-: val_bpb=0.9979 odd_name=3"],
  [
    "a summary",
    "---\nval_bpb:          0.997900\ntraining_seconds: 300.1\n",
    "-: val_bpb=0.997900",
  ],
  [
    "Hugging Face",
    "{'loss': 0.5, 'learning_rate': 1e-05, 'epoch': 0.1}\n{'loss': 0.4, 'learning_rate': 5e-06, 'epoch': 0.2}\n{'eval_loss': nan, 'epoch': 0.2}\n",
    "epoch 0.1..0.2: loss=0.5..0.4 learning_rate=1e-05..5e-06; epoch 0.2: eval_loss=nan",
  ],
  [
    "JSONL",
    '{"step": 1, "train_loss": 0.5}\n{"train_loss": NaN, "step": 2}\n',
    "step 1..2: train_loss=0.5..NaN",
  ],
  [
    "MLPerf",
    ':::MLLOG {"time_ms": 1593, "key": "global_batch_size", "value": 1024, "metadata": {"lineno": 75}}\n:::MLLOG {"time_ms": 1594, "key": "eval_accuracy", "value": 0.23, "metadata": {"lineno": 80, "epoch_num": 50}}\n',
    "epoch 50: eval_accuracy=0.23",
  ],
  [
    "ImageNet example",
    "Epoch: [0][  10/5005]\tTime  0.500 ( 0.900)\tLoss 6.9800e+00 (7.0000e+00)\tAcc@1   0.00 (  0.10)\n * Acc@1 71.234 Acc@5 90.1\n",
    "iteration 10: Time=0.500 Loss=6.9800e+00 Acc@1=0.00; epoch 0: val/Acc@1=71.234 val/Acc@5=90.1",
  ],
  [
    "MNIST example",
    "Train Epoch: 1 [640/60000 (1%)]\tLoss: 2.298150\nTest set: Average loss: 0.0512, Accuracy: 9842/10000 (98%)\n",
    "iteration 640: train/Loss=2.298150; epoch 1: test/Average loss=0.0512 test/Accuracy=98",
  ],
  [
    "absl with the step in brackets",
    "I0214 01:04:54.848806 139823390123776 logging_writer.py:48] [8500] global_step=8500, grad_norm=0.0086, loss=0.1246\n",
    "step 8500: grad_norm=0.0086 loss=0.1246",
  ],
  [
    "validation by the line's words",
    "step 5 | loss: 0.5\nValidation: loss: 0.7, acc: 93.1%\n[test] loss=0.8\n",
    "step 5: loss=0.5; -: val/loss=0.7 val/acc=93.1 test/loss=0.8",
  ],
  ["a tutorial", "Epoch [1/5], Step [100/600], Loss: 0.3514\n", "step 100: Loss=0.3514"],
  [
    "a bar counts when it is over",
    "Epoch 1:  50%|## | 1/2 [00:01<00:01, 1.0it/s, loss=0.9]\rEpoch 1: 100%|##| 2/2 [00:02<00:00, 1.0it/s, loss=0.8]\rEpoch 2:  50%|#| 1/2 [00:01, loss=0.7]\rEpoch 2: 100%|##| 2/2 [00:02, loss=0.6, v_num=0]\n",
    "epoch 1..2: loss=0.8..0.6",
  ],
  [
    "Keras",
    "Epoch 1/2\n  1/100 [>....] - ETA: 3s - loss: 2.3\b\b\b\r 50/100 [==>..] - ETA: 1s - loss: 1.5\r100/100 [=====] - 1s 2ms/step - loss: 0.4 - val_loss: 0.3\nEpoch 2/2\n100/100 [=====] - 1s 2ms/step - loss: 0.2 - val_loss: 0.1\n",
    "epoch 1..2: loss=0.4..0.2 val_loss=0.3..0.1",
  ],
  ["colours", "\u001B[32mstep 1\u001B[0m | \u001B[1mloss: 0.5\u001B[0m\n", "step 1: loss=0.5"],
  ["no final line end", "step 1 loss 0.5\nstep 2 loss 0.4", "step 1..2: loss=0.5..0.4"],
  ["invalid bytes", "step 1 \uFFFDloss: 0.5 loss: 0.25\n", "step 1: \uFFFDloss=0.5 loss=0.25"],
  [
    "infinite and not a number",
    "epoch 3 loss=nan val_loss=-inf\n",
    "epoch 3: loss=nan val_loss=-inf",
  ],
  [
    "Stable Baselines",
    "| rollout/                |          |\n|    ep_rew_mean          | 21.3     |\n|    lr | 0.001 |\n|    ep_rew_mean          | 22       |\n",
    "-: ep_rew_mean=21.3..22",
  ],
  [
    "timm",
    "Train: 5 [  50/1251 (  4%)]  Loss: 6.92 (6.93)  Time: 0.45s  LR: 1.000e-05\n",
    "iteration 50: train/Loss=6.92 train/Time=0.45 train/LR=1.000e-05",
  ],
  [
    "LightGBM and XGBoost",
    "[100]\tvalid_0's auc: 0.91\n[0]\ttrain-rmse:0.52\n",
    "iteration 100: valid_0's auc=0.91; iteration 0: train-rmse=0.52",
  ],
  [
    "fairseq",
    "2022-01-01 10:00:00 | INFO | train_inner | epoch 001:    100 / 1102 loss=13.8, num_updates=100, gnorm=3.1\n2022-01-01 10:00:01 | INFO | valid | epoch 001 | valid on 'valid' subset | loss 9.0 | num_updates 1102\n",
    "step 100: loss=13.8 gnorm=3.1; step 1102: val/loss=9.0",
  ],
  [
    "detectron2",
    "[04/21 15:30:01 d2.utils.events]:  eta: 1:20:10  iter: 19  total_loss: 5.123  time: 0.2341  max_mem: 3402M\n",
    "iteration 19: total_loss=5.123 time=0.2341 max_mem=3402",
  ],
  [
    "mmdetection",
    "2020-10-01 09:10:04,423 - mmdet - INFO - Epoch [1][50/7330]\tlr: 1.978e-03, eta: 23:04:12, loss: 1.2044\n",
    "iteration 50: lr=1.978e-03 loss=1.2044",
  ],
  ["a tensor", "step 3 loss: tensor(2.5, device='cuda:0')\n", "step 3: loss=2.5"],
  [
    "steps beside other counters",
    "epoch=0/micro_step=10/global_step=20, RunningAvgSamplesPerSec=31.2, loss=2.5\n",
    "step 20: RunningAvgSamplesPerSec=31.2 loss=2.5",
  ],
  [
    "odd names count when they come again and change",
    [1, 2, 3, 4, 5].map((i) => `energy: -${i}.5\nconstant: 7\n`).join(""),
    "-: energy=-1.5..-5.5",
  ],
];

test("what frameworks print is read without configuration", () => {
  for (const [name, text, expected] of READ) assert.equal(read(text), expected, name);
});

const NOT_READ: readonly (readonly [name: string, text: string])[] = [
  ["a setting", "lr: 0.001\nbatch_size: 32\nseed: 1\nloss_weight: 0.5\n"],
  ["settings as an object", '{"lr": 0.001, "epochs": 10, "batch_size": 32, "loss_scale": 1.0}\n'],
  ["settings with a result's name among them", "lr: 0.001\nbatch_size: 32\nloss: 1.0\n"],
  ["a namespace", "Namespace(lr=0.001, batch_size=32, loss_weight=0.5)\n"],
  [
    "versions and addresses",
    "Python 3.11.7, torch 2.1.0+cu121\nUsing 8 GPUs on 10.0.0.1:29500\nCUDA version: 12.1\n",
  ],
  [
    "places",
    "I0213 13:02:45.689988 139984811284288 submission_runner.py:542] Using RNG seed 2735018057\n",
  ],
  [
    "checkpoints",
    "Saved checkpoint at step 5000 to /tmp/x/ckpt_5000.pt\nSaving checkpoint at step: 8596\n",
  ],
  ["times", "Epoch 1 finished in 12.3s\nstarted at 12:30:15\nETA: 0:15:19.02\n"],
  [
    "its own source",
    "import torch\nval_loss = 0.0\n    loss = 0.5 * x\nprint(f'step:{step} val_loss:{val_loss:.4f}')\n    learning_rate : float = 0.0036\nbest_val_loss = 1e9\n",
  ],
  ["a shell trace", "+ python train.py --lr 0.1 loss=0.5\n++ echo loss: 0.5\n"],
  [
    "out of memory",
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; 79.2 GiB total; loss: 0.5)\n",
  ],
  ["nothing measured yet", "step_avg:nanms\nloss: n/a\nloss: None\n"],
  [
    "an overflow",
    "[2023-04-18 01:46:52,554] [INFO] [loss_scaler.py:188:update_scale] [deepspeed] OVERFLOW! Rank 0 Skipping step. Attempted loss scale: 65536, but hysteresis is 2. Reducing hysteresis to 1\n",
  ],
  ["hashes", "commit 4f3a9b1 loss:4f3a9b1 acc=1.2.3\n"],
  [
    "downloads",
    "Downloading: 100%|##########| 1.2G/1.2G [00:10<00:00, 120MB/s]\nLoading shards: 100%|##| 2/2 [00:05<00:00,  2.5s/it]\n",
  ],
  ["prose", "The loss went down and accuracy of 3 models improved after 5 epochs\n"],
];

test("what is no metric is not read", () => {
  for (const [name, text] of NOT_READ) assert.equal(read(text), "", name);
});

test("a setting that is logged with a step later has no value from the listing of settings", () => {
  const { series } = readText({
    "logs/a.log": "lr: 0.001\nstep 1 loss 0.5 lr 0.1\nstep 2 loss 0.4 lr 0.2\nlr: 7\n",
  });
  const lr = series.find(({ summary }) => summary.key === "lr");
  assert.deepEqual([...(lr?.values ?? [])], [0.1, 0.2]);
  assert.equal(lr?.stepKey, "step");
});

test("tables are read by their header, with empty and padded cells", () => {
  const lightning = "epoch,step,train_loss,val_acc\n0,9,0.5,\n0,10,,0.25\n1,19,nan,\n";
  assert.equal(
    read(lightning, "metrics.csv"),
    "step 9..19: train_loss=0.5..nan; step 10: val_acc=0.25",
  );
  const ultralytics =
    "                  epoch,         train/box_loss\n                      1,                 1.17\n";
  assert.equal(read(ultralytics, "results.csv"), "epoch 1: train/box_loss=1.17");
  assert.equal(read('"step"\tloss\r\n1\t"0.5"\r\n', "log.tsv"), "step 1: loss=0.5");
  assert.equal(read("\uFEFFepoch;loss\n1;0.5\n", "a.csv"), "epoch 1: loss=0.5");
  assert.equal(read("step,reward,seed\n0,2.4,3\n", "a.csv"), "step 0: reward=2.4");
  assert.equal(read("1,2,3\n4,5,6\n", "a.csv"), "", "without a header");
  const torn = readText({ "a.csv": "step,loss\n1,0.5\n2,0\n3\n" });
  assert.deepEqual([torn.series[0]?.summary.count, torn.unread.count], [2, 1]);
});

test("trainer_state.json gives each logged step, with the place of each value", () => {
  const state = JSON.stringify(
    {
      best_metric: 0.5,
      log_history: [
        { epoch: 0.5, loss: 1.5, step: 10 },
        { epoch: 1, eval_loss: 1.25, step: 20 },
      ],
      max_steps: 20,
    },
    null,
    2,
  ).replace("1.25", "NaN");
  assert.equal(read(state, "trainer_state.json"), "step 10: loss=1.5; step 20: eval_loss=NaN");
  const { series } = readText({ "trainer_state.json": state });
  const at = series[0]?.summary.first;
  assert.equal(state.split("\n")[(at?.line ?? 0) - 1]?.trim(), '"loss": 1.5,');
  assert.equal(state.slice(at?.offset).split("\n", 1)[0]?.trim(), '"loss": 1.5,');
});

const state = (...steps: readonly string[]): string =>
  read(`{"log_history": [${steps.join(",")}], "global_step": 9}`, "trainer_state.json");

test("in trainer_state.json the first key of the first step is read, and a step that is no JSON is not", () => {
  const good = '{"step": 7, "loss": 0.5}';
  assert.equal(state(good), "step 7: loss=0.5");
  const damaged = [
    '{"step": 1, "loss": 1,234.5}',
    '{"step": 1, "loss": 0.5 0.7}',
    '{"step": 1, "loss": 0c}',
    `{"step": 1, "loss": 0.${"1".repeat(300)}}`,
  ];
  for (const step of damaged) assert.equal(state(step, good), "step 7: loss=0.5", step);
  assert.equal(state(`{"step": 1, "${"x".repeat(300)}": 1}`, good), "step 7: loss=0.5");
  assert.equal(state('{"step": 1, "a": null, "b": true, "c": "x", "loss": 2}'), "step 1: loss=2");
});

/** Lines of one shape, with each value on three places. */
const sameShape = (values: readonly string[]): string =>
  values.map((value) => `step:${value.length} loss:${value} acc: ${value} (x ${value})\n`).join("");

test("the numbers of a line do not change how it is read", () => {
  const tokens = ["1", "-2.5", "1e-05", "1,234,567", "+.5", "0.12345678901234567", "1e999", "7."];
  const { series } = readText({ "logs/a.log": sameShape(tokens) });
  const expected = [
    1,
    -2.5,
    1e-5,
    1234567,
    0.5,
    Number("0.12345678901234567"),
    Number.MAX_VALUE,
    7,
  ];
  assert.deepEqual([...(series[0]?.values ?? [])], expected);
  assert.deepEqual([...(series[1]?.values ?? [])], expected);
});

test("a table whose program was started again, with another column, is read on", () => {
  const reading = readText({
    "logs/training.csv":
      "epoch,loss,lr\n0,2.33,0.1\n1,2.18,0.1\nepoch,loss,val_map,lr\n2,2.03,0.41,0.05\n",
  });
  assert.deepEqual([...seriesOf(reading, "loss").values], [2.33, 2.18, 2.03]);
  assert.deepEqual([...seriesOf(reading, "val_map").steps], [2]);
  assert.equal(reading.unread.count, 0);
});

test("what Stable Baselines notes above its table is passed over", () => {
  const reading = readText({
    "logs/monitor.csv": '#{"t_start": 1699895683.2, "env_id": "CartPole-v1"}\nr,l,t\n33.0,33,1.2\n',
  });
  assert.deepEqual(
    reading.series.map(({ summary }) => [summary.key, summary.last.token]),
    [
      ["r", "33.0"],
      ["l", "33"],
      ["t", "1.2"],
    ],
  );
});
