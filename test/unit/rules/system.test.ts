import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../../properties.ts";
import type { SystemSample } from "../../../src/domain/system.ts";
import { readSystemLines, systemLine, thinned } from "../../../src/logs/system-lines.ts";

const sample = (i: number, more: Partial<SystemSample> = {}): SystemSample => ({
  atMs: Date.UTC(2025, 1, 2, 14, 30) + 5_000 * i,
  cpu: 1.5,
  rss: 2 ** 30,
  processes: 3,
  ...more,
});

test("a sample comes back from its line as it was", () => {
  const all = [sample(0), sample(1, { metrics: true, gpu: 0.5, gpuMemory: 3, gpuProcesses: 1 })];
  const text = all.map((one) => `${systemLine(one)}\n`).join("");
  assert.deepEqual(readSystemLines(text), all);
  assert.match(text, /^\{"at":"2025-02-02T14:30:00\.000Z","cpu":1\.5,/);
});

test("lines that are no samples are passed over, whatever they are", () => {
  const good = systemLine(sample(0));
  const text = `x\n{"at":"soon","cpu":1,"rss":1}\n{"at":3}\nnull\n[]\n${good}\n${good.slice(0, 30)}`;
  assert.deepEqual(readSystemLines(text), [sample(0)]);
  fc.assert(fc.property(fc.string(), (any) => Array.isArray(readSystemLines(any))));
});

test("a series that has become too long keeps every second sample", () => {
  assert.equal(thinned(Array.from({ length: 13 }, (_, i) => sample(i))).length, 7);
});
