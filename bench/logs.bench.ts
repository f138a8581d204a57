// How quickly long logs are read, beside a plain script in Python that reads the same files, and
// with how much memory. NIGHTLAB_BENCH_MB sets the size of each: 300 shows the speed once the reader is warm, 1000 that memory stays flat.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { measure } from "./measure.ts";
import type { Bench } from "./run.ts";

const MB = Number(process.env["NIGHTLAB_BENCH_MB"] ?? 300);
const MEMORY_MB = 150;
const TIMES_PYTHON = 5;

const KINDS: Readonly<Record<string, (i: number) => string>> = {
  "key-value": (i) =>
    `step:${i}/9000000 train_loss:${noisy(i, 4)} train_time:${i * 213}ms step_avg:213.66ms\n`,
  loguru: (i) =>
    `2025-02-02 14:${two(i / 60)}:${two(i)}.123 | INFO     | __main__:train:41 - metric ` +
    `{"epoch": ${Math.floor(i / 1000)}, "step": ${i}, "loss": ${noisy(i, 6)}, "lr": 0.0003}\n`,
};

const noisy = (i: number, digits: number): string =>
  (2 + 8 / (1 + i / 1e5) + ((i * 7919) % 1000) / 5000).toFixed(digits);
const two = (n: number): string => String(Math.floor(n) % 60).padStart(2, "0");

interface Taken {
  readonly cpuMs: number;
  readonly peakMb?: number;
  readonly metrics: Readonly<Record<string, number>>;
}

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const run = (program: string, args: readonly string[]): Taken =>
  JSON.parse(execFileSync(program, args, { encoding: "utf8" })) as Taken;

async function writeLog(path: string, line: (i: number) => string): Promise<void> {
  const out = createWriteStream(path);
  let written = 0;
  for (let i = 0; written < MB * 1e6;) {
    let block = "";
    for (const end = i + 10_000; i < end; i += 1) block += line(i);
    written += block.length;
    if (!out.write(block)) await once(out, "drain");
  }
  out.end();
  await finished(out);
}

async function readKind(
  folder: string,
  kind: string,
  line: (i: number) => string,
): Promise<number> {
  const runDir = join(folder, kind);
  const log = join(runDir, "logs", "train.log");
  await mkdir(join(runDir, "logs"), { recursive: true });
  await writeLog(log, line);
  const size = (await stat(log)).size / 1e6;
  const own = run(process.execPath, [beside("read-log.ts"), runDir]);
  const python = run("python3", [beside("read-log.py"), log]);
  await rm(runDir, { recursive: true });
  const peakMb = own.peakMb ?? 0;
  const faster = python.cpuMs / own.cpuMs;
  console.log(
    `     ${kind}: ${(size / (own.cpuMs / 1000)).toFixed(0)} MB/s, ${peakMb.toFixed(0)} MB at most,` +
      ` ${faster.toFixed(1)} times as fast as Python (${(size / (python.cpuMs / 1000)).toFixed(0)} MB/s)`,
  );
  for (const [key, count] of Object.entries(own.metrics)) {
    if (python.metrics[key] !== count) {
      throw new Error(`${key}: ${count} values, Python found ${python.metrics[key]}`);
    }
  }
  if (peakMb > MEMORY_MB) throw new Error(`${kind}: ${peakMb} MB, more than ${MEMORY_MB}`);
  if (faster < TIMES_PYTHON) throw new Error(`${kind}: only ${faster} times as fast as Python`);
  return (own.cpuMs / size) * 100;
}

export const bench: Bench = {
  what: "100 MB of log on one core (CPU time)",
  boundMs: 1_000,
  async run() {
    const folder = await mkdtemp(join(tmpdir(), "nightlab-bench-"));
    try {
      const kinds = Object.entries(KINDS);
      return await measure(
        kinds.length,
        async (round) => {
          const [kind = "", line = String] = kinds[round] ?? [];
          return await readKind(folder, kind, line);
        },
        0,
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
