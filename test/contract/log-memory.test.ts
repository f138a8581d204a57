// Memory while logs are read does not grow with them: many files at once, a line without an end.
// How quickly they are read is timed in bench/logs.bench.ts.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openTail, readRun } from "../../src/effects/run-store/tail.ts";
import { POINTS_PER_RUN } from "../../src/logs/series/metric-sink.ts";

async function runFolder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "nightlab-memory-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  await mkdir(join(dir, "logs"));
  return dir;
}

test("two hundred long logs at once share one bound", async (t) => {
  const dir = await runFolder(t);
  for (let file = 0; file < 200; file += 1) {
    const lines = Array.from(
      { length: 4_000 },
      (_, i) => `step ${i} loss: ${i % 97} m${file}: ${i}\n`,
    );
    await writeFile(join(dir, "logs", `rank-${file}.log`), lines.join(""));
  }
  const reading = await readRun(dir);
  const kept = reading.series.reduce((sum, { values }) => sum + values.length, 0);
  const logged = reading.series.reduce((sum, { summary }) => sum + summary.count, 0);
  assert.equal(logged, 200 * 4_000 * 2);
  assert.ok(kept <= 1.25 * POINTS_PER_RUN, `${kept} of ${logged}`);
  assert.equal(
    reading.series.find(({ summary }) => summary.key === "m7")?.summary.last.token,
    "3999",
  );
});

test("a line of 100 MB is passed over with flat memory, and what follows it is read", async (t) => {
  const dir = await runFolder(t);
  const handle = await open(join(dir, "logs", "train.log"), "w");
  const block = Buffer.alloc(1 << 20, "loss: 1 ");
  await handle.write("step 1 loss: 3\n");
  for (let i = 0; i < 100; i += 1) await handle.write(block);
  await handle.write("\nstep 2 loss: 2\n");
  await handle.close();
  const tail = openTail(dir);
  let most = 0;
  const before = process.memoryUsage().arrayBuffers;
  while (await tail.poll()) most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  assert.ok(most < 32 * 2 ** 20, `${most} bytes`);
  await tail.finish();
  const [series] = tail.reader.reading().series;
  assert.deepEqual([series?.summary.count, series?.summary.last.line], [2, 3]);
});
