import assert from "node:assert/strict";
import { test } from "node:test";
import { createPace, progressOf } from "../../../src/logs/progress.ts";
import { readText } from "./reading.ts";

const told = (text: string, args: readonly string[] = [], file = "train.log") => {
  const found = progressOf(readText({ [`logs/${file}`]: text }), args);
  return found === undefined ? undefined : `${found.unit} ${found.done}/${found.total}`;
};

test("how far a run is, is read from its log, its console and its arguments", () => {
  assert.equal(told("step:1/1530 train_loss:10.9\nstep:12/1530 train_loss:9.1\n"), "step 12/1530");
  assert.equal(told("Epoch 3/10 loss 0.2\n"), "epoch 3/10");
  assert.equal(
    told("training\n 45%|####      | 45/100 [00:10<00:12]\n", [], "console.log"),
    "step 45/100",
  );
  assert.equal(told("batch done (12 %)\n", [], "console.log"), "% 12/100");
  assert.equal(
    told("Epoch 3/10:  45%|####      | 45/100 [00:10<00:12]\n", [], "console.log"),
    "epoch 3/10",
  );
  const metrics = ["0", "1", "2"].map((epoch) => `{"epoch": ${epoch}, "loss": 0.5}`).join("\n");
  assert.equal(told(`${metrics}\n`, ["a", "--epochs", "20"]), "epoch 3/20");
  assert.equal(told(`${metrics}\n`, ["a", "--max_epochs=20"]), "epoch 3/20");
});

test("where nothing says how many steps there are, nothing is made up", () => {
  assert.equal(told("step 12 loss 0.3\nstep 13 loss 0.2\n"), undefined);
  assert.equal(told("2025-02-02 14:00:00 loss 0.3\n", [], "console.log"), undefined);
  assert.equal(told("read 3/4/2025 from data/12/45.bin\n", [], "console.log"), undefined);
  assert.equal(told('{"epoch": 1, "loss": 0.5}\n', ["a", "--epochs", "many"]), undefined);
  assert.equal(told("step:9/5 loss 1\n"), undefined);
  const within = "Epoch 3:  45%|####      | 45/100 [00:10<00:12]\n";
  assert.equal(told(within, [], "console.log"), undefined, "of the epoch, not of the run");
});

const at = (done: number, total = 100) => ({ unit: "step", done, total }) as const;

test("the end is projected from the later half of the way, and from nothing too soon", () => {
  const pace = createPace();
  assert.equal(pace.endsAtMs(), undefined);
  pace.see(at(1), 0);
  pace.see(at(2), 500);
  assert.equal(pace.endsAtMs(), undefined, "half a second says little");
  // Compilation took a minute, then a step takes a second.
  for (let done = 3; done <= 70; done += 1) pace.see(at(done), 60_000 + done * 1_000);
  assert.equal(pace.endsAtMs(), 60_000 + 100 * 1_000);
  pace.see(undefined, 200_000);
  assert.equal(pace.endsAtMs(), 160_000, "a look without news changes nothing");
  pace.see(at(1), 300_000);
  for (let done = 2; done <= 70; done += 1) pace.see(at(done), 300_000 + done * 1_000);
  assert.equal(pace.endsAtMs(), undefined, "it counts within an epoch");
});

test("a long run's pace is kept in little room", () => {
  const pace = createPace();
  for (let done = 0; done <= 90_000; done += 1) pace.see(at(done, 100_000), done * 10);
  const ends = pace.endsAtMs() ?? 0;
  assert.ok(Math.abs(ends - 1_000_000) < 5_000, String(ends));
});
