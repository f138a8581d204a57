import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFile,
  mkdir,
  mkdtemp,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type RunTail, openTail, readRun, READ_CHUNK } from "../../src/effects/run-store/tail.ts";

const metric = (value: number | string): string =>
  `2025-02-02 14:30:00 | INFO | metric {"step": 1, "loss": ${value}}\n`;

/** A run folder whose path nobody would choose, removed after the test. */
async function runFolder(t: TestContext): Promise<{ dir: string; log: (name: string) => string }> {
  const parent = await mkdtemp(join(tmpdir(), "nightlab-tail-"));
  t.after(() => rm(parent, { recursive: true, force: true }));
  const dir = join(parent, `a'; echo "é $(touch x)`);
  await mkdir(join(dir, "logs"), { recursive: true });
  return { dir, log: (name) => join(dir, "logs", name) };
}

/** As the Trainer writes it into each checkpoint. */
const state = (loss: number): string =>
  JSON.stringify({ log_history: [{ step: 1, eval_loss: loss }] });

/** Polls until nothing is new; how many turns had news. */
async function drain(tail: RunTail): Promise<number> {
  for (let turns = 0; ; turns += 1) {
    assert.ok(turns < 10_000, "poll never ends");
    if (!(await tail.poll())) return turns;
  }
}

const values = (tail: RunTail): readonly number[] => [
  ...(tail.reader.reading().series[0]?.values ?? []),
];

test("only what is new is read, and a line counts when it is whole", async (t) => {
  const { dir, log } = await runFolder(t);
  const tail = openTail(dir);
  assert.equal(await tail.poll(), false);
  await writeFile(log("train.log"), metric(1) + metric(2).slice(0, 40));
  await drain(tail);
  assert.deepEqual(values(tail), [1]);
  await appendFile(log("train.log"), metric(2).slice(40) + metric(3).trimEnd());
  await drain(tail);
  assert.deepEqual(values(tail), [1, 2]);
  await tail.finish();
  assert.deepEqual(values(tail), [1, 2, 3]);
});

test("a folder that appears later, or never, is no error", async (t) => {
  const { dir, log } = await runFolder(t);
  await rm(join(dir, "logs"), { recursive: true });
  const tail = openTail(dir);
  assert.equal(await tail.poll(), false);
  await mkdir(join(dir, "logs"));
  await writeFile(log("train.log"), metric(1));
  await drain(tail);
  assert.deepEqual(values(tail), [1]);
  assert.deepEqual((await readRun(join(dir, "nothing"))).files, []);
});

test("a log that shrank is read from its start", async (t) => {
  const { dir, log } = await runFolder(t);
  await writeFile(log("train.log"), metric(1) + metric(2));
  const tail = openTail(dir);
  await drain(tail);
  await truncate(log("train.log"), 0);
  await appendFile(log("train.log"), metric(7));
  await drain(tail);
  assert.deepEqual(values(tail), [7]);
});

test("a log that was replaced, or written anew and longer, is read from its start", async (t) => {
  const { dir, log } = await runFolder(t);
  await writeFile(log("train.log"), metric(1));
  const tail = openTail(dir);
  await drain(tail);
  await writeFile(log("new"), metric(8) + metric(9));
  await rename(log("new"), log("train.log"));
  await drain(tail);
  assert.deepEqual(values(tail), [8, 9]);
  await writeFile(log("train.log"), metric(4) + metric(5) + metric(6));
  await drain(tail);
  assert.deepEqual(values(tail), [4, 5, 6]);
});

test("a log that was rotated loses no sample", async (t) => {
  const { dir, log } = await runFolder(t);
  await writeFile(log("train.log"), metric(1));
  const tail = openTail(dir);
  await drain(tail);
  await rename(log("train.log"), log("train.2025.log"));
  await writeFile(log("train.log"), metric(2));
  await drain(tail);
  assert.deepEqual(values(tail), [1, 2]);
});

test("folders, pipes, loops, dead links and second names of a log are passed over", async (t) => {
  const { dir, log } = await runFolder(t);
  await writeFile(log("train.log"), metric(1));
  await symlink("train.log", log("latest.log"));
  await symlink("loop.log", log("loop.log"));
  await symlink("nowhere", log("dead.log"));
  await mkdir(log("folder.log"));
  execFileSync("mkfifo", [log("pipe.log")]);
  await writeFile(log("notes.md"), metric(2));
  const reading = await readRun(dir);
  assert.deepEqual(
    reading.files.map((file) => file.file),
    ["logs/train.log"],
  );
});

test("a link to a log elsewhere is followed", async (t) => {
  const { dir, log } = await runFolder(t);
  await writeFile(join(dir, "scratch"), metric(1));
  await symlink("../scratch", log("train.log"));
  assert.equal((await readRun(dir)).series.length, 1);
});

test("one turn reads a bounded piece, and each of the logs gets its share", async (t) => {
  const { dir, log } = await runFolder(t);
  const big = Buffer.alloc(3 * READ_CHUNK, "x\n");
  await writeFile(log("a.log"), big);
  await writeFile(log("b.log"), big);
  const tail = openTail(dir);
  assert.equal(await tail.poll(), true);
  const bytes = tail.reader.reading().files.map((file) => file.bytes);
  assert.deepEqual(bytes, [READ_CHUNK / 2, READ_CHUNK / 2]);
  await drain(tail);
  assert.deepEqual(
    tail.reader.reading().files.map((file) => file.bytes),
    [big.length, big.length],
  );
});

test("two hundred logs are all read", async (t) => {
  const { dir, log } = await runFolder(t);
  for (let i = 0; i < 200; i += 1) await writeFile(log(`rank-${i}.log`), metric(i).repeat(20));
  const reading = await readRun(dir);
  assert.equal(reading.series[0]?.summary.count, 4_000);
  assert.equal(reading.files.length, 200);
});

test("what was read while it grew is what is read from the finished run", async (t) => {
  const { dir, log } = await runFolder(t);
  const tail = openTail(dir);
  for (let i = 0; i < 20; i += 1) {
    await appendFile(log("train.log"), `λ ${i}\r\n${metric(i)}`.slice(0, i % 3 === 0 ? 30 : 400));
    await appendFile(log("console.log"), "Traceback (most recent call last):\n  x\nE: λ\n");
    await tail.poll();
  }
  await tail.finish();
  assert.deepEqual(tail.reader.reading(), await readRun(dir));
});

test("tables, event files and packed logs of frameworks are logs, a person's files are none", async (t) => {
  const { dir, log } = await runFolder(t);
  await mkdir(log("lightning_logs/version_0"), { recursive: true });
  await writeFile(
    log("lightning_logs/version_0/metrics.csv"),
    "epoch,step,acc\n0,9,0.5\n1,19,0.7\n",
  );
  await writeFile(log("old.log.gz"), gzipSync(metric(1) + metric(2)));
  await writeFile(join(dir, "results.csv"), "epoch, map50\n1, 0.25\n");
  await writeFile(join(dir, "predictions.csv"), "id,score\n1,0.5\n");
  await mkdir(join(dir, "checkpoint-20"));
  await mkdir(join(dir, "checkpoint-100"));
  await writeFile(join(dir, "checkpoint-20/trainer_state.json"), state(9));
  await writeFile(join(dir, "checkpoint-100/trainer_state.json"), state(3));
  const reading = await readRun(dir);
  assert.deepEqual(
    reading.series.map(({ summary }) => `${summary.key} ${summary.count} ${summary.last.token}`),
    ["loss 2 2", "eval_loss 1 3", "acc 2 0.7", "map50 1 0.25"],
  );
});

test("a packed log that grows is unpacked as it comes, and a broken one ends where it broke", async (t) => {
  const { dir, log } = await runFolder(t);
  const whole = gzipSync(metric(1) + metric(2) + metric(3));
  const tail = openTail(dir);
  await writeFile(log("a.log.gz"), whole.subarray(0, 30));
  await drain(tail);
  await appendFile(log("a.log.gz"), whole.subarray(30));
  await drain(tail);
  assert.deepEqual(values(tail), [1, 2, 3]);
  await writeFile(log("b.log.gz"), "no gzip at all");
  await tail.finish();
  assert.deepEqual(values(tail), [1, 2, 3]);
});

test("the pattern in the experiment's journal reads lines that no format knows", async (t) => {
  const { dir } = await runFolder(t);
  const run = join(dir, "runs", "r");
  await mkdir(join(run, "logs"), { recursive: true });
  const pattern = "metrics_pattern: 'gen (?<step>\\d+) best of all (?<fitness>\\S+)'";
  await writeFile(join(dir, "JOURNAL.md"), `---\nhypothesis: x\n${pattern}\n---\n`);
  await writeFile(join(run, "logs/train.log"), "gen 3 best of all 17.5\ngen 4 best of all nan\n");
  const { series } = await readRun(run);
  assert.deepEqual(
    series.map(({ summary }) => [summary.key, summary.first.token, summary.last.token]),
    [["fitness", "17.5", "nan"]],
  );
});

const lineUnlike = (i: number): string =>
  `${(i * 7919).toString(36)} said that w${(i * 31).toString(36)}=${i} of ${i} x${i.toString(5)}\n`;

test("a log of lines that are all unlike each other lets everything else take its turn", async (t) => {
  const { dir, log } = await runFolder(t);
  const text = Array.from({ length: 40_000 }, (_, i) => lineUnlike(i)).join("");
  await writeFile(log("train.log"), text);
  const tail = openTail(dir);
  const reading = new AbortController();
  let longest = 0;
  let all = 0;
  const turns = (async () => {
    for (let before = process.cpuUsage(); !reading.signal.aborted; before = process.cpuUsage()) {
      await new Promise((resolve) => setImmediate(resolve));
      const { user, system } = process.cpuUsage(before);
      longest = Math.max(longest, user + system);
      all += user + system;
    }
  })();
  while (await tail.poll());
  reading.abort();
  await turns;
  // In processor time: a busy machine does not count.
  assert.ok(longest < all / 4, `${longest} of ${all} µs in one go`);
});
