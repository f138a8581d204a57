// How quickly long logs are read, beside plain scripts in Python that read the same files, and with
// how much memory. NIGHTLAB_BENCH_MB sets the size: 300 is warm, 1000 shows that memory stays flat.
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
/** It parses lines of JSON in C. */
const TIMES_PANDAS = 4;
const PANDAS_BYTES = 300_000_000;

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

/** pandas keeps all of a log in memory: of a long one it reads a part. Undefined without uv. */
function runPandas(log: string): (Taken & { readonly bytes: number }) | undefined {
  const uv = process.env["NIGHTLAB_UV"] ?? "uv";
  const script = beside("read-log-pandas.py");
  try {
    const args = ["run", "--quiet", script, log, String(PANDAS_BYTES)];
    return JSON.parse(execFileSync(uv, args, { encoding: "utf8" })) as Taken & { bytes: number };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

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

/** MB a second. */
const speedOf = (bytes: number, cpuMs: number): number => bytes / 1e6 / (cpuMs / 1000);

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
  const pandas = runPandas(log);
  await rm(runDir, { recursive: true });
  const peakMb = own.peakMb ?? 0;
  const speed = speedOf(size * 1e6, own.cpuMs);
  const faster = speed / speedOf(size * 1e6, python.cpuMs);
  const thanPandas = pandas === undefined ? undefined : speed / speedOf(pandas.bytes, pandas.cpuMs);
  console.log(
    `     ${kind}: ${speed.toFixed(0)} MB/s, ${peakMb.toFixed(0)} MB at most, ${faster.toFixed(1)} times` +
      ` as fast as regular expressions in Python, ${thanPandas?.toFixed(1) ?? "(no uv: not measured)"}` +
      " as pandas",
  );
  for (const [key, count] of Object.entries(own.metrics)) {
    if (python.metrics[key] !== count) {
      throw new Error(`${key}: ${count} values, Python found ${python.metrics[key]}`);
    }
  }
  if (peakMb > MEMORY_MB) throw new Error(`${kind}: ${peakMb} MB, more than ${MEMORY_MB}`);
  if (faster < TIMES_PYTHON) throw new Error(`${kind}: only ${faster} times as fast as Python`);
  if (thanPandas !== undefined && thanPandas < TIMES_PANDAS) {
    throw new Error(`${kind}: only ${thanPandas} times as fast as pandas`);
  }
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
