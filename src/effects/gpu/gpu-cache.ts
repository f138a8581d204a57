// What the drivers said last of the machine's GPUs, in one small file of its state: several daemons
// and glances ask them no more often together than one would alone.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { createGpuProbe, type GpuProbe, type GpuUse, GPU_SAMPLE_MS } from "./gpu-probe.ts";
import { stateDir } from "../os/state-dir.ts";

/** A glance waits no longer for a cold driver; the next one has its answer. */
const GPU_GLANCE_MS = 1_000;

export interface GpuCache {
  /** When the drivers said so, ms since 1970. */
  readonly atMs: number;
  readonly gpus: readonly GpuUse[];
}

/** The same probe, its answers kept for whoever glances at the machine. */
export function keptProbe(probe: GpuProbe): GpuProbe {
  let kept: unknown;
  return {
    async ask(nowMs) {
      const state = await probe.ask(nowMs);
      if (state !== undefined && state !== kept) {
        kept = state;
        keep({ atMs: Date.now(), gpus: state.gpus });
      }
      return state;
    },
  };
}

/** Of this process: what a question that takes too long is ended by, and until when none is asked. */
let asking = new AbortController();
let probe: GpuProbe | undefined;
let quietUntilMs = 0;

/**
 * The GPUs as they were at most GPU_SAMPLE_MS ago. Where their driver takes longer than
 * GPU_GLANCE_MS they are told as they were last, with the time; undefined where nothing is known.
 */
export async function readGpuCache(nowMs: number): Promise<GpuCache | undefined> {
  const last = read();
  const ageMs = nowMs - (last?.atMs ?? -Infinity);
  if (last !== undefined && ageMs >= 0 && ageMs < GPU_SAMPLE_MS) return last;
  if (nowMs < quietUntilMs || !DRIVERS.some(isThere)) return last;
  probe ??= keptProbe(createGpuProbe("nvidia-smi", asking.signal));
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), GPU_GLANCE_MS);
  const state = await Promise.race([probe.ask(nowMs), late]);
  clearTimeout(timer);
  if (state !== undefined) return { atMs: nowMs, gpus: state.gpus };
  // No program is left behind that nobody waits for.
  asking.abort();
  asking = new AbortController();
  probe = undefined;
  quietUntilMs = nowMs + GPU_SAMPLE_MS;
  return last;
}

const DRIVERS = ["nvidia-smi", "rocm-smi"];

/** Looking is quicker than trying to start what is not there. */
function isThere(program: string): boolean {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/opt/rocm/bin"];
  return folders.some((folder) => folder !== "" && existsSync(join(folder, program)));
}

const path = (): string => join(stateDir(), "views", "gpus.json");

function keep(glance: GpuCache): void {
  try {
    mkdirSync(dirname(path()), { recursive: true });
    writeFileSync(`${path()}.${process.pid}`, JSON.stringify(glance));
    renameSync(`${path()}.${process.pid}`, path());
  } catch {
    // The next glance asks the drivers.
  }
}

function read(): GpuCache | undefined {
  try {
    const glance = JSON.parse(readFileSync(path(), "utf8")) as Partial<GpuCache>;
    const isWhole = typeof glance.atMs === "number" && Array.isArray(glance.gpus);
    return isWhole ? (glance as GpuCache) : undefined;
  } catch {
    return undefined;
  }
}
