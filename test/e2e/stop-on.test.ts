// A rule stops a real run where the journal asks for it, and the run was sampled meanwhile.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { openLab, trainScript, type TestLab } from "./lab.ts";

let it: TestLab | undefined;
after(() => it?.close());

const TRAIN = trainScript(`import time
for step in range(10_000):
    metric(step=step, loss=0.5 if step < 24 else float("nan"))
    time.sleep(0.25)`);

test("`stop on: [not-finite]` ends a run at its first NaN, with the cause in the receipt", async () => {
  const plan = "---\nstop on: [not-finite]\n---\n\n# Stop\n";
  it = await openLab({ journal: plan, train: TRAIN });
  const { journal, until, experiment, runs } = it;
  await it.start();
  await it.save(`${plan}\nrun: nan !\n`);
  const text = await until(
    "a receipt",
    () => journal().includes("**stopped**") && journal(),
    60_000,
  );
  assert.match(text, /> \*\*stopped\*\* `\w+` .* loss is NaN at step 24, .*as `stop on` asks/);
  assert.match(text, /\[WEIRD\] loss is NaN at step 24/);
  const [run = ""] = runs();
  const record = JSON.parse(readFileSync(join(experiment, "runs", run, "run.json"), "utf8")) as {
    readonly ending: string;
    readonly cause: { readonly kind: string; readonly by: string; readonly why: string };
  };
  assert.equal(record.ending, "stopped");
  assert.deepEqual([record.cause.kind, record.cause.by], ["stopped", "rule"]);
  assert.match(record.cause.why, /^loss is NaN at step 24/);
  const samples = join(experiment, "runs", run, "logs", "system.jsonl");
  assert.ok(existsSync(samples), "it was sampled");
  assert.match(readFileSync(samples, "utf8"), /^\{"at":"[^"]+","cpu":[\d.]+,"rss":\d+/);
});
