import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { inspect } from "../../../src/cli/inspect.ts";

const LOG = `2025-02-02 14:30:00 | INFO | metric {"step": 1, "loss": 2.50}
2025-02-02 14:30:01 | INFO | metric {"step": 2, "loss": NaN}
2025-02-02 14:30:02 | INFO | metric {"step": 3, "lo
Traceback (most recent call last):
  File "train.py", line 1
ValueError: bad \u001B[31mλ\u001B[0m
`;

async function runFolder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "nightlab-inspect '$(x)-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  await mkdir(join(dir, "logs"));
  await writeFile(join(dir, "logs", "train.log"), LOG);
  return dir;
}

test("a log file shows its series with tokens and lines, findings, and what was not read", async (t) => {
  const path = join(await runFolder(t), "logs", "train.log");
  const { text, exitCode } = await inspect(path, { json: false });
  assert.equal(exitCode, 0);
  assert.match(text, /^metric +count +first \(line\)/m);
  assert.match(
    text,
    /^loss +2 +2\.50 \(1\) +NaN \(2\) +2\.50 \(1\) +2\.50 \(1\) +1, first NaN \(2\)$/m,
  );
  assert.match(
    text,
    /\[WEIRD\] loss is NaN at step 2, its last value \(train\.log:2; not-finite\)/,
  );
  assert.match(text, /train\.log:6: ValueError: bad λ/);
  assert.match(text, /1 metric line was not understood; the first:\n {2}train\.log:3: /);
});

test("a run folder is read with its run.json", async (t) => {
  const dir = await runFolder(t);
  const record = {
    verb: "run",
    limitMs: 120_000,
    long: false,
    startedAt: "2025-02-02T14:30:00+01:00",
    endedAt: "2025-02-02T14:30:41+01:00",
    ending: "failed",
    cause: { kind: "exit-code", code: 3 },
    exitCode: 3,
  };
  await writeFile(join(dir, "run.json"), JSON.stringify(record));
  const { text } = await inspect(dir, { json: false });
  assert.match(text, /\[WEIRD\] the script ended with exit code 3/);
  assert.deepEqual(
    await inspect(join(dir, "logs"), { json: true }).then(({ exitCode }) => exitCode),
    0,
  );
  await writeFile(join(dir, "run.json"), "{torn");
  assert.equal((await inspect(dir, { json: false })).exitCode, 0);
});

test("the same as JSON, numbers that JSON lacks as their tokens", async (t) => {
  const { text } = await inspect(await runFolder(t), { json: true });
  const value: unknown = JSON.parse(text);
  assert.ok(typeof value === "object" && value !== null && "series" in value);
  assert.match(text, /"token": "NaN"/);
  assert.match(text, /"rule": "not-finite"/);
});

test("long tokens take rows of their own, and every line fits the terminal", async (t) => {
  const dir = await runFolder(t);
  const row = '{"step": 1, "validation/loss": 0.51234567890123456, "b": -0.00012345678901234567}';
  await writeFile(join(dir, "logs", "eval.log"), `metric ${row}\n`);
  const { text } = await inspect(dir, { json: false });
  const [, table = ""] = text.split("\n\n");
  assert.match(table, /validation\/loss +1 +first +0\.51234567890123456 +1 +eval\.log:1/);
  for (const line of table.split("\n")) assert.ok(line.length <= 100, line);
});

test("a path that cannot be read says so, and what to give", async (t) => {
  const dir = await runFolder(t);
  const missing = await inspect(join(dir, "no such"), { json: false });
  assert.equal(missing.exitCode, 2);
  assert.match(
    missing.text,
    /^Cannot inspect ".*no such": there is no such file or folder\.\nGive /,
  );
  await rm(join(dir, "logs"), { recursive: true });
  assert.match((await inspect(dir, { json: false })).text, /it has no folder logs\//);
  assert.match((await inspect("/dev/null", { json: false })).text, /it is no regular file/);
});

test("each series is shown with its shape, axis, split and direction", async (t) => {
  const dir = await runFolder(t);
  const lines = [8, 4, 2, 1].map((value, i) => `step ${i} val_loss: ${value}.0 reward: ${i}`);
  await writeFile(join(dir, "logs", "train.log"), `${lines.join("\n")}\n`);
  const { text } = await inspect(dir, { json: false });
  assert.match(text, /^val_loss +█▄▂▁ +step 0 to 3 +val +lower is better$/m);
  assert.match(text, /^reward +▁▃▆█ +step 0 to 3 +higher is better$/m);
  const json = (await inspect(dir, { json: true })).text;
  assert.match(json, /"split": "val",\n +"better": "min"/);
});

test("a direction that the journal names counts", async (t) => {
  const dir = await runFolder(t);
  const run = join(dir, "runs", "r");
  await mkdir(join(run, "logs"), { recursive: true });
  await writeFile(join(dir, "JOURNAL.md"), "---\nmetrics: {energy: max}\n---\n");
  await writeFile(join(run, "logs", "a.log"), 'metric {"energy": 1}\nmetric {"energy": 2}\n');
  assert.match((await inspect(run, { json: false })).text, /^energy .* higher is better$/m);
});

test("a line is explained, and so are the kinds of lines", async (t) => {
  const path = join(await runFolder(t), "logs", "train.log");
  await writeFile(
    path,
    "Using 8 GPUs\nstep 1 loss: 0.5 odd: 3\nstep 2 loss: 0.4 odd: 4\nlr: 0.1\n",
  );
  const explain = async (line: true | string): Promise<string> =>
    (await inspect(path, { json: false, explain: line })).text;
  assert.match(await explain(true), /^2 +2 +key-value: loss, odd +step 1 loss: 0\.5/m);
  assert.match(
    await explain("2"),
    /format: key-value\n {2}x axis: step 1\n {2}loss +0\.5 +a metric/,
  );
  assert.match(await explain("4"), /lr +0\.1 +a metric if it comes 5 times and changes/);
  assert.match(await explain("1"), /nothing: no value stands in it/);
  assert.match(await explain("9"), /no line with that number/);
  assert.equal((await inspect(path, { json: false, explain: "x" })).exitCode, 2);
});
