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
import { type RunTail, openTail, readRun } from "../../src/effects/tail.ts";
import { READ_CHUNK } from "../../src/limits.ts";

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
  await writeFile(log("notes.txt"), metric(2));
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
