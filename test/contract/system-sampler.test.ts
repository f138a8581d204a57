// The sampler on real processes and a real disk, and a made-up nvidia-smi.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { RUN_ID_VARIABLE } from "../../src/effects/supervise/attempts.ts";
import { createGpuProbe, type GpuProbe } from "../../src/effects/gpu/gpu-probe.ts";
import { readSystemFile, sampleSystem } from "../../src/effects/run-store/system-sampler.ts";
import { readRun } from "../../src/effects/run-store/tail.ts";
import { attemptId } from "../../src/base/ids.ts";
import type { Slot } from "../../src/domain/slot.ts";

const root = mkdtempSync(join(tmpdir(), "nightlab-sampler-"));
after(() => rmSync(root, { recursive: true, force: true }));

const NO_GPU: GpuProbe = { ask: () => Promise.resolve(undefined) };

async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`${what}: not within 20 s`);
    await pause(20);
  }
}

/** A process of an attempt that computes without a rest; the returned function ends it. */
function busyProcess(attempt: string): () => void {
  const script = "const kept = Buffer.alloc(64 << 20, 1); for (;;) kept[0] ^= 1;";
  const child = spawn(process.execPath, ["-e", script], {
    env: { ...process.env, [RUN_ID_VARIABLE]: attempt },
    stdio: "ignore",
  });
  return () => child.kill("SIGKILL");
}

test("processor and memory of a run's processes are kept, and logs/ is never made for them", async () => {
  const attempt = attemptId("samp-1");
  const dir = join(root, "run it's $(mine)");
  mkdirSync(dir);
  const end = busyProcess(attempt);
  const sampler = sampleSystem({
    attempt,
    runDir: () => dir,
    gpus: NO_GPU,
    now: Date.now,
    sampled: () => undefined,
    everyMs: 60,
  });
  try {
    // On a busy machine its processes get little of a core, and that late.
    await until("three samples, and work", () => {
      const all = sampler.series();
      const works = all.some(({ cpu }) => cpu > 0) && all.some(({ rss }) => rss > 64 * 2 ** 20);
      return all.length >= 3 && works;
    });
    assert.equal(existsSync(join(dir, "logs")), false);
    mkdirSync(join(dir, "logs"));
    sampler.metricSeen();
    const file = join(dir, "logs", "system.jsonl");
    await until("a file", () => existsSync(file) && readFileSync(file, "utf8").includes("metrics"));
  } finally {
    end();
    await sampler.end();
  }
  const samples = await readSystemFile(dir);
  assert.deepEqual(samples, sampler.series());
  assert.ok(samples.length >= 4);
  assert.ok(
    samples.some(({ cpu }) => cpu > 0),
    "it computed",
  );
  assert.ok(
    samples.some(({ rss }) => rss > 64 * 2 ** 20),
    "it held 64 MiB",
  );
  assert.ok(samples.every(({ diskFree = 0, gpu }) => diskFree > 0 && gpu === undefined));
  assert.ok(samples.some(({ metrics }) => metrics === true));
});

test("what is sampled is no metric of the run", async () => {
  const dir = join(root, "silent");
  mkdirSync(join(dir, "logs"), { recursive: true });
  const line = `{"at":"2025-02-02T14:30:00.000Z","cpu":1,"rss":5,"processes":1,"gpu":0.5}\n`;
  writeFileSync(join(dir, "logs", "system.jsonl"), line.repeat(50));
  const reading = await readRun(dir);
  assert.deepEqual(reading.series, []);
  assert.equal((await readSystemFile(dir)).length, 50);
});

test("a sampler that takes up a run goes on with the samples that are there", async () => {
  const dir = join(root, "taken-up");
  mkdirSync(join(dir, "logs"), { recursive: true });
  const line = `{"at":"2025-02-02T14:30:00.000Z","cpu":1,"rss":5,"processes":1}\n`;
  writeFileSync(join(dir, "logs", "system.jsonl"), `${line}torn {"cp\n${line}`);
  const attempt = attemptId("samp-2");
  const end = busyProcess(attempt);
  const sampler = sampleSystem({
    attempt,
    runDir: () => dir,
    gpus: NO_GPU,
    now: Date.now,
    sampled: () => undefined,
    everyMs: 40,
  });
  await until("a sample", () => sampler.series().length >= 3);
  end();
  await sampler.end();
  const samples = await readSystemFile(dir);
  assert.ok(samples.length >= 3);
  assert.deepEqual(
    samples.slice(0, 2).map(({ rss }) => rss),
    [5, 5],
  );
});

/** A program that answers as nvidia-smi does; `apps`: the lines of processes. */
function fakeSmi(name: string, memory: number, apps: string): string {
  const path = join(root, name);
  const text = `#!/bin/sh
echo asked >> "${path}.asked"
case "$1" in
  --query-gpu*) echo "GPU-1, 87, ${memory}" ;;
  *) printf '${apps}' ;;
esac
`;
  writeFileSync(path, text, { mode: 0o755 });
  return path;
}

test("GPUs are asked seldom, and processes that cannot be known are not guessed", async () => {
  const own = fakeSmi("own-smi", 9_000, `${process.pid}, GPU-1\\n`);
  const probe = createGpuProbe(own);
  const state = await probe.ask(0);
  assert.deepEqual(state, {
    gpus: [{ uuid: "GPU-1", busy: 0.87, memory: 9_000 * 2 ** 20 }],
    processes: [{ pid: process.pid, uuid: "GPU-1" }],
  });
  assert.equal(await probe.ask(5_000), state);
  assert.equal(
    readFileSync(`${own}.asked`, "utf8").split("\n").length,
    4,
    "all three queries once",
  );
  const host = await createGpuProbe(fakeSmi("host-smi", 9_000, "4194303999, GPU-1\\n")).ask(0);
  assert.equal(host?.processes, undefined, "a process of the host, seen from a container");
  const hidden = await createGpuProbe(fakeSmi("hidden-smi", 9_000, "")).ask(0);
  assert.equal(hidden?.processes, undefined, "memory in use by nobody");
  assert.deepEqual((await createGpuProbe(fakeSmi("free-smi", 3, "")).ask(0))?.processes, []);
});

test("a run's samples are of the GPU that it holds, whoever is busier beside it", async () => {
  const attempt = attemptId("samp-4");
  const end = busyProcess(attempt);
  const gpus: GpuProbe = {
    ask: () =>
      Promise.resolve({
        gpus: [
          { uuid: "GPU-0", busy: 0.99, memory: 70e9 },
          { uuid: "GPU-1", busy: 0.2, memory: 5e9 },
        ],
        processes: [{ pid: process.pid, uuid: "GPU-0" }],
      }),
  };
  const seen = async (place?: Slot) => {
    const sampler = sampleSystem({
      attempt,
      runDir: () => undefined,
      gpus,
      now: Date.now,
      sampled: () => undefined,
      everyMs: 30,
      ...(place === undefined ? {} : { place }),
    });
    const [first] = await until("a sample", () => sampler.series().length > 0 && sampler.series());
    await sampler.end();
    return [first?.gpu, first?.gpuMemory];
  };
  try {
    const held: Slot = { kind: "gpus", gpus: [{ uuid: "GPU-1", index: 1 }], share: 1 };
    assert.deepEqual(await seen(held), [0.2, 5e9]);
    assert.deepEqual(await seen({ kind: "cpu", why: "asked" }), [undefined, undefined]);
    assert.deepEqual(await seen(), [0.99, 70e9], "a run of an earlier release");
  } finally {
    end();
  }
});

test("a machine without a driver is asked once and then left alone", async () => {
  const probe = createGpuProbe(join(root, "no-such-program"));
  assert.equal(await probe.ask(0), undefined);
  assert.equal(await probe.ask(60_000), undefined);
});

test("a driver that hangs keeps no ending waiting", async () => {
  const dir = join(root, "hanging");
  mkdirSync(join(dir, "logs"), { recursive: true });
  let asked = false;
  const attempt = attemptId("samp-3");
  const end = busyProcess(attempt);
  const sampler = sampleSystem({
    attempt,
    runDir: () => dir,
    gpus: {
      ask() {
        asked = true;
        return new Promise(() => undefined);
      },
    },
    now: Date.now,
    sampled: () => undefined,
    everyMs: 30,
  });
  await until("a question to the driver", () => asked);
  end();
  const from = performance.now();
  await sampler.end();
  assert.ok(performance.now() - from < 5_000);
});
