// Sweeps on several GPUs, with strangers on them, second tries, and deaths of the daemon.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Gpus } from "./gpus.ts";
import { startNight, type Night } from "./night.ts";
import { untraced } from "../untraced.ts";

const MINUTE = 60_000;
const HEAD = "# A night\n\n## 2025-02-02\n\n";
const fence = (...lines: readonly string[]): string =>
  `${HEAD}\`\`\`yaml\n${lines.join("\n")}\n\`\`\`\n`;

const SWEEP = fence("run: full", "seeds: 12", "retry: { on: oom, delay: 30s }", "go: true");

/** A night of twelve runs of a minute or so on two GPUs; strangers have both in its third minute. */
function twelve(crash?: number): { readonly night: Night; readonly gpus: Gpus } {
  const gpus = new Gpus(2, {
    releaseMs: () => 500,
    stranger: (_, nowMs) => nowMs > 2 * MINUTE && nowMs < 3 * MINUTE,
  });
  const night = startNight({
    text: SWEEP,
    gpus,
    durationMs: (name) =>
      20_000 + name.length * 1_000 + (name.charCodeAt(name.length - 1) % 7) * 3_000,
    exitCode: (name) => (name.endsWith("-3") ? 1 : 0),
    cause: () => ({ kind: "gpu-out-of-memory" }),
    delayMs: () => 15,
  });
  if (crash !== undefined) {
    for (let round = 0; round < 8; round += 1) {
      night.crashAtEffect((crash * 3 + round * 5) % 9, 2_000 + crash * 911);
      night.pass(20_000 + crash * 777);
    }
  }
  night.crashAtEffect(Number.POSITIVE_INFINITY, 0);
  night.pass(60 * MINUTE);
  return { night, gpus };
}

const attempts = (night: Night): readonly string[] =>
  night.starts.map(({ attempt }) => attempt.slice(5));
const WANTED = Array.from({ length: 12 }, (_, i) => `${i + 1}-1`);

test("a sweep goes over all GPUs, waits for what others use, and starts each run once", () => {
  const { night, gpus } = twelve();
  assert.deepEqual(gpus.wrongs, []);
  assert.equal(night.most(), 2);
  assert.deepEqual(attempts(night).toSorted(), [...WANTED, "4-2"].toSorted());
  assert.deepEqual(attempts(night).slice(0, 4), ["1-1", "2-1", "3-1", "4-1"]);
  assert.match(untraced(night.text()), /\*\*failed\*\* `\w+` · [^\n]* · 11 of 12 done, 1 failed\n/);
});

test("while only others stand in its way, a sweep's receipt says so", () => {
  const told: string[] = [];
  const gpus = new Gpus(1, { releaseMs: () => 0, stranger: (_, nowMs) => nowMs > 30_000 });
  const night = startNight({
    text: fence("run: full", "seeds: 3", "go: true"),
    gpus,
    durationMs: () => 20_000,
    exitCode: () => 0,
    delayMs: () => 15,
    onWrite: (_, after) =>
      told.push(after.split("\n").find((line) => line.startsWith("> **")) ?? ""),
  });
  night.pass(10 * MINUTE);
  assert.deepEqual(gpus.wrongs, []);
  assert.equal(night.starts.length, 2, told.join("\n"));
  assert.match(
    told.at(-1) ?? "",
    /^> \*\*waiting\*\* `\w+` · since 22:00 · 2 of 3 done, 1 waiting · GPU 0 is used by somebody else$/,
  );
});

test("whenever the daemon dies, no run of a sweep on GPUs starts twice or is left out", () => {
  for (let crash = 0; crash < 12; crash += 1) {
    const { night, gpus } = twelve(crash);
    assert.deepEqual(gpus.wrongs, [], `crash ${crash}`);
    assert.deepEqual(attempts(night).toSorted(), [...WANTED, "4-2"].toSorted(), `crash ${crash}`);
  }
});
