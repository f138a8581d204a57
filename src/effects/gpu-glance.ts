// What the drivers said last of the machine's GPUs, in one small file of its state: several daemons
// and glances ask them no more often together than one would alone.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { GPU_GLANCE_MS, GPU_SAMPLE_MS } from "../limits.ts";
import { createGpuProbe, type GpuProbe, type GpuUse } from "./gpu-probe.ts";
import { stateDir } from "./state-dir.ts";

export interface GpuGlance {
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

const probe = keptProbe(createGpuProbe());

/**
 * The GPUs as they were at most GPU_SAMPLE_MS ago; undefined where there are none, or where their
 * driver takes longer than GPU_GLANCE_MS.
 */
export async function glanceAtGpus(nowMs: number): Promise<GpuGlance | undefined> {
  const last = read();
  const ageMs = nowMs - (last?.atMs ?? -Infinity);
  if (last !== undefined && ageMs >= 0 && ageMs < GPU_SAMPLE_MS) return last;
  if (!DRIVERS.some(isThere)) return undefined;
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), GPU_GLANCE_MS);
  const state = await Promise.race([probe.ask(nowMs), late]);
  clearTimeout(timer);
  return state === undefined ? undefined : { atMs: nowMs, gpus: state.gpus };
}

const DRIVERS = ["nvidia-smi", "rocm-smi"];

/** Looking is quicker than trying to start what is not there. */
function isThere(program: string): boolean {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/opt/rocm/bin"];
  return folders.some((folder) => folder !== "" && existsSync(join(folder, program)));
}

const path = (): string => join(stateDir(), "views", "gpus.json");

function keep(glance: GpuGlance): void {
  try {
    mkdirSync(dirname(path()), { recursive: true });
    writeFileSync(`${path()}.${process.pid}`, JSON.stringify(glance));
    renameSync(`${path()}.${process.pid}`, path());
  } catch {
    // The next glance asks the drivers.
  }
}

function read(): GpuGlance | undefined {
  try {
    const glance = JSON.parse(readFileSync(path(), "utf8")) as Partial<GpuGlance>;
    const isWhole = typeof glance.atMs === "number" && Array.isArray(glance.gpus);
    return isWhole ? (glance as GpuGlance) : undefined;
  } catch {
    return undefined;
  }
}
