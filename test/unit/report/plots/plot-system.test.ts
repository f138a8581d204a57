import assert from "node:assert/strict";
import { test } from "node:test";
import type { SystemSample } from "../../../../src/domain/system.ts";
import { systemSpec } from "../../../../src/report/plots/plot-system.ts";

const sample = (i: number, more: Partial<SystemSample> = {}): SystemSample => ({
  atMs: 1e12 + 5_000 * i,
  cpu: 1.5,
  rss: 2 ** 31,
  processes: 3,
  ...more,
});
const minute = Array.from({ length: 13 }, (_, i) =>
  sample(i, i > 5 ? { gpu: 0.5, gpuMemory: 2 ** 32 } : {}),
);
const textOf = (samples: readonly SystemSample[]): string =>
  JSON.stringify(systemSpec(samples, "full", "logs/system.jsonl"));

test("what was sampled is drawn over time, once there is a minute of it", () => {
  assert.equal(systemSpec(minute.slice(0, 11), "full", "logs/system.jsonl"), undefined);
  const text = textOf(minute);
  assert.match(text, /"title":"seconds since the run's start"/);
  for (const name of ["CPU cores", "memory, GiB", "GPU, %", "GPU mem, GiB"]) {
    assert.ok(text.includes(name), name);
  }
  // Time, value, stretch: 2^31 bytes are 2 GiB, a half is 50 %.
  assert.match(text, /\\n5,2,0\\n/);
  assert.match(text, /\\n30,50,6\\n/);
  assert.match(text, /Source: logs\/system\.jsonl, lines 1–13/);
});

test("a machine without a GPU has no empty panels", () => {
  assert.doesNotMatch(textOf(minute.map(({ gpu: _, gpuMemory: __, ...rest }) => rest)), /GPU, %/);
});
