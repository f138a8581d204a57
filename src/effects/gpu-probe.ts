// Asks NVIDIA's driver how busy the GPUs are and which processes are on them, at a sane rate.
// A machine without a driver, or with one that hangs, is not asked again for a while.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { GPU_ASK_AGAIN_MS, GPU_QUERY_MS, GPU_SAMPLE_MS } from "../limits.ts";

export interface GpuUse {
  readonly uuid: string;
  /** 0 to 1. */
  readonly busy: number;
  /** Bytes in use, by whomever. */
  readonly memory: number;
}

export interface GpuState {
  readonly gpus: readonly GpuUse[];
  /** Processes on them; undefined where the driver names none that can be known here. */
  readonly processes?: readonly { readonly pid: number; readonly uuid: string }[];
}

export interface GpuProbe {
  /** The state as it was at most GPU_SAMPLE_MS ago; undefined where nothing can be asked. */
  ask(nowMs: number): Promise<GpuState | undefined>;
}

/** One probe serves all runs of a daemon; `program` is what is asked. */
export function createGpuProbe(program = "nvidia-smi"): GpuProbe {
  let known: { readonly atMs: number; readonly state: Promise<GpuState | undefined> } | undefined;
  let quietUntilMs = 0;
  return {
    ask(nowMs) {
      if (nowMs < quietUntilMs) return Promise.resolve(undefined);
      if (known !== undefined && nowMs - known.atMs < GPU_SAMPLE_MS) return known.state;
      const state = query(program).catch(() => {
        quietUntilMs = nowMs + GPU_ASK_AGAIN_MS;
        return undefined;
      });
      known = { atMs: nowMs, state };
      return state;
    },
  };
}

async function query(program: string): Promise<GpuState | undefined> {
  const gpus = readGpuUse(
    await smi(
      program,
      "--query-gpu=uuid,utilization.gpu,memory.used",
      "--format=csv,noheader,nounits",
    ),
  );
  const apps = await smi(
    program,
    "--query-compute-apps=pid,gpu_uuid",
    "--format=csv,noheader,nounits",
  );
  const processes = readGpuProcesses(apps);
  // In a container the driver names processes of the host, or none although memory is in use.
  const hidden =
    processes.some(({ pid }) => !existsSync(`/proc/${pid}`)) ||
    (processes.length === 0 && gpus.some(({ memory }) => memory > EMPTY_BYTES));
  return hidden ? { gpus } : { gpus, processes };
}

/** A GPU that nobody computes on holds less: the driver's own share. */
const EMPTY_BYTES = 1e9;

async function smi(program: string, ...args: readonly string[]): Promise<string> {
  const options = { timeout: GPU_QUERY_MS, killSignal: "SIGKILL" } as const;
  return (await promisify(execFile)(program, [...args], options)).stdout;
}

/** Reads `UUID, per cent, MiB` lines; what the driver calls N/A counts as none. */
function readGpuUse(text: string): readonly GpuUse[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [uuid = "", busy = "", memory = ""] = line.split(",").map((part) => part.trim());
    if (!/^(?:GPU|MIG)-/.test(uuid)) return [];
    return [{ uuid, busy: numberIn(busy) / 100, memory: numberIn(memory) * 2 ** 20 }];
  });
}

const numberIn = (text: string): number => (/^\d+(?:\.\d+)?$/.test(text) ? Number(text) : 0);

/** Reads `pid, UUID` lines. */
function readGpuProcesses(text: string): NonNullable<GpuState["processes"]> {
  return text.split(/\r?\n/).flatMap((line) => {
    const match = /^(\d+),\s*((?:GPU|MIG)-\S+)$/.exec(line.trim());
    return match === null ? [] : [{ pid: Number(match[1]), uuid: match[2] ?? "" }];
  });
}
