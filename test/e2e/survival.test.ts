// What a run outlives: the daemon's sudden death, its orderly end, and a second daemon's attempt.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { JOURNAL, openLab, trainScript, type TestLab } from "./lab.ts";

const SLOW = trainScript(`
for step in range(40):
    metric(step=step, **{"val/loss": 1.0 / (1 + step)})
    time.sleep(0.1)
sys.exit(5 if name == "five" else 0)
`);

const open: TestLab[] = [];
after(async () => {
  for (const one of open) await one.close();
});
async function slowLab(): Promise<TestLab> {
  const made = await openLab({ journal: JOURNAL, train: SLOW });
  open.push(made);
  return made;
}

const isThere = (it: TestLab): boolean => it.runs().length > 0;

test("a daemon killed during a run leaves it alone, and the next one tells its end", async () => {
  const it = await slowLab();
  await it.start();
  await it.save(`${JOURNAL}run: five\n`);
  await it.until("the run is there", () => isThere(it), 60_000);
  await it.stop("SIGKILL");
  const log = join(it.experiment, "runs", String(it.runs()[0]), "logs", "train.log");
  const lines = (): number => readFileSync(log, "utf8").trimEnd().split("\n").length;
  await it.until("the run went on to its end alone", () => lines() === 40);
  await it.start();
  await it.until("its end is told", () => it.journal().includes("> **failed** `"));
  assert.match(it.journal(), /exit code 5|code 5/);
  assert.match(it.journal(), /val\/loss 0\.025/);
  assert.equal(it.runs().length, 1);
  const status = JSON.parse((await it.nightlab("status", "--json")).stdout) as {
    commands: { exitCode: number; metrics: Record<string, string> }[];
  };
  assert.equal(status.commands.length, 1);
  assert.equal(status.commands[0]?.exitCode, 5);
  assert.equal(status.commands[0]?.metrics["val/loss"], "0.025");
});

test("SIGTERM ends the daemon within 2 s and no run with it", async () => {
  const it = await slowLab();
  await it.start();
  await it.save(`${JOURNAL}run: calm\n`);
  await it.until("the run is there", () => isThere(it), 60_000);
  const before = performance.now();
  await it.stop("SIGTERM");
  assert.ok(performance.now() - before < 2_000);
  await it.start();
  await it.until("it ends as done", () => it.journal().includes("> **done** `"));
  assert.equal(it.runs().length, 1);
});

test("a second daemon on the same lab is refused with the first one's pid", async () => {
  const it = await slowLab();
  const first = await it.start();
  const second = await it.nightlab("watch", it.path);
  assert.equal(second.code, 2);
  assert.match(second.stderr, new RegExp(`already watched by a daemon with pid ${first.pid}\\b`));
  await it.stop("SIGKILL");
  await it.start();
});

test("`stop:` in the journal and `nightlab stop` end a run, and it is said who did", async () => {
  const it = await slowLab();
  await it.start();
  await it.save(`${JOURNAL}run: one\n`);
  await it.until("the run is there", () => isThere(it), 60_000);
  await it.save(`${it.journal()}\nstop: one\n`);
  await it.until("it is stopped", () => it.journal().includes("> **stopped** `"));
  await it.save(`${it.journal()}\nrun: two\n`);
  await it.until("the second is there", () => it.runs().length === 2, 60_000);
  const stopped = await it.nightlab("stop", "two");
  assert.equal(stopped.code, 0, stopped.stderr);
  const waited = await it.nightlab("wait", "two");
  assert.equal(waited.code, 1);
  assert.match(waited.stdout, /stopped/);
});

test("the plot follows a run while it goes on", async () => {
  const it = await slowLab();
  await it.start();
  await it.save(`${JOURNAL}run: live\n`);
  await it.until("the run is there", () => isThere(it), 60_000);
  const spec = join(it.experiment, "runs", String(it.runs()[0]), "plots", "val-loss.vl.json");
  const read = (): string | undefined => {
    try {
      return readFileSync(spec, "utf8");
    } catch {
      return undefined;
    }
  };
  const first = await it.until("a plot is there", read);
  await it.until("the plot is renewed", () => read() !== first);
  assert.ok(!it.journal().includes("**done**"), "it was renewed while the run went on");
});
