// Scripts that are not the usual training script: without a run folder of their own, named by
// `script:`, stopped while their environment is built, or waiting in a paused queue over a restart.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { JOURNAL, openLab, trainScript, type TestLab } from "./lab.ts";

let it: TestLab;
before(async () => {
  it = await openLab({ journal: JOURNAL, train: trainScript("") });
  await it.start();
});
after(() => it.close());

async function answerTo(command: string): Promise<string> {
  await it.save(`${it.journal().trimEnd()}\n\n${command}\n`);
  const below = (): string => it.journal().slice(it.journal().lastIndexOf(command));
  return it.until(
    `an answer below ${command}`,
    () => /^> \*\*(done|failed|stopped|cancelled|held)\*\*/m.test(below()) && below(),
    60_000,
  );
}

test("a script that makes no folder gets one, and what it printed is read", async () => {
  await it.write(
    "train.py",
    `print('2025-02-02 14:30:00 | INFO | metric {"step": 1, "val/loss": 0.25}')\n`,
  );
  const text = await answerTo("run: bare");
  assert.match(text, /\*\*done\*\*/);
  assert.match(text, /val\/loss 0\.25/);
  const folder = String(it.runs().find((name) => name.endsWith("-bare")));
  for (const part of ["logs/console.log", "plots/val-loss.webp", "checkpoints", "run.json"]) {
    assert.ok(existsSync(join(it.experiment, "runs", folder, part)), part);
  }
});

test("`script:` runs any script of the experiment with the path of a run", async () => {
  await it.write(
    "plot_curves.py",
    "import pathlib, sys\npathlib.Path('called').write_text(repr(sys.argv[1:]))\n",
  );
  const text = await answerTo("script: plot_curves.py bare --dpi 90");
  assert.match(text, /\*\*done\*\*/);
  const folder = String(it.runs().find((name) => name.endsWith("-bare")));
  assert.equal(
    readFileSync(join(it.experiment, "called"), "utf8"),
    `['runs/${folder}', '--dpi', '90']`,
  );
  assert.equal(it.runs().length, 1);
});

test("`nightlab logs` shows what a run printed, and `inspect` what was read of it", async () => {
  const logs = await it.nightlab("logs", "bare");
  assert.equal(logs.code, 0);
  assert.match(logs.stdout, /"val\/loss": 0\.25/);
  const folder = String(it.runs().find((name) => name.endsWith("-bare")));
  const inspected = await it.nightlab("inspect", join(it.experiment, "runs", folder), "--json");
  assert.match(inspected.stdout, /"val\/loss"/);
  const unknown = await it.nightlab("logs", "nobody");
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /Nothing in this lab is called "nobody"/);
});

test("a queue that was paused stays so over a restart, and what waits in it is not lost", async () => {
  await it.save(`${it.journal().trimEnd()}\n\nqueue: pause\n`);
  await it.until("it is paused", () => it.journal().includes("nothing new starts"));
  await it.save(`${it.journal().trimEnd()}\n\nrun: later\n`);
  await it.until("it waits", () => /> \*\*queued\*\*/.test(it.journal()));
  await it.stop();
  await it.start();
  assert.equal(it.runs().length, 1);
  const text = await answerTo("queue: resume");
  assert.match(text, /\*\*done\*\*/);
  await it.until("it ran", () => it.runs().length === 2 && !it.journal().includes("**queued**"));
});

test("rebuild makes plots and report again without a daemon, byte for byte", async () => {
  await it.stop();
  const page = (): string => readFileSync(join(it.experiment, "REPORT.md"), "utf8");
  await it.nightlab("rebuild", it.experiment);
  const first = page();
  const rebuilt = await it.nightlab("rebuild", it.experiment);
  assert.equal(rebuilt.code, 0, rebuilt.stderr);
  assert.equal(page(), first);
});
