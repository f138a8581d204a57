// Queries the drivers for the GPUs' utilization and their processes, at a limited rate.
// A driver that is absent or hangs is left alone for a while.
import { existsSync } from "node:fs";
import { askProgram } from "../os/ask-program.ts";
import { askAmd, type AmdGpu } from "./gpu-amd.ts";
import { askSlices, type Slice, GPU_QUERY_MS } from "./gpu-mig.ts";
import { defined } from "../../base/defined.ts";

/** How long one answer serves all runs: nvidia-smi takes up to 2 s of a core. */
export const GPU_SAMPLE_MS = 15_000;
/** How long the drivers are left alone after a failed query. */
const GPU_ASK_AGAIN_MS = 600_000;

export interface GpuUse {
  readonly uuid: string;
  /** Utilization, 0 to 1; absent if the driver does not report it, as for a slice. */
  readonly busy?: number;
  /** Bytes in use by all processes together. */
  readonly memory?: number;
  /** Bytes. */
  readonly memoryTotal?: number;
  /** Index of the GPU; for a slice, of the GPU that it is part of. */
  readonly index?: number;
  /** Index of the slice on its GPU. */
  readonly slice?: number;
  readonly name?: string;
}

export interface GpuState {
  readonly gpus: readonly GpuUse[];
  /** Their processes; undefined if the driver's pids mean nothing here (container, AMD). */
  readonly processes?: readonly { readonly pid: number; readonly uuid: string }[];
}

export interface GpuProbe {
  /** The state at most GPU_SAMPLE_MS ago; undefined if no driver answers. Never rejects. */
  ask(nowMs: number): Promise<GpuState | undefined>;
}

/** Makes the one probe of a daemon; `program` replaces nvidia-smi, `signal` ends a query. */
export function createGpuProbe(program = "nvidia-smi", signal?: AbortSignal): GpuProbe {
  let known: { readonly atMs: number; readonly state: Promise<GpuState | undefined> } | undefined;
  let quietUntilMs = 0;
  return {
    ask(nowMs) {
      if (nowMs < quietUntilMs) return Promise.resolve(undefined);
      if (known !== undefined && nowMs - known.atMs < GPU_SAMPLE_MS) return known.state;
      // Any failure of a driver: samples without GPUs, and it is asked again later.
      const state = query(program, signal).catch(() => {
        quietUntilMs = nowMs + GPU_ASK_AGAIN_MS;
        return undefined;
      });
      known = { atMs: nowMs, state };
      return state;
    },
  };
}

async function query(program: string, signal?: AbortSignal): Promise<GpuState | undefined> {
  const [nvidia, amd] = await Promise.all([
    // Any failure: AMD's answer counts.
    queryNvidia(program, signal).catch(() => undefined),
    askAmd(process.env, signal),
  ]);
  // rocm-smi does not say which process uses which GPU.
  if (amd.kind !== "seen") return nvidia ?? Promise.reject(new Error("no driver answers"));
  return { gpus: [...(nvidia?.gpus ?? []), ...amd.gpus.map(amdUse)] };
}

const amdUse = ({ uuid, index, name, busy, memoryUsed, memoryTotal }: AmdGpu): GpuUse => ({
  uuid,
  index,
  name,
  ...defined({ busy, memory: memoryUsed, memoryTotal }),
});

async function queryNvidia(program: string, signal?: AbortSignal): Promise<GpuState> {
  const smi = async (what: string): Promise<string> => {
    const args = [what, "--format=csv,noheader,nounits"];
    const answer = await askProgram(program, args, { signal, timeoutMs: GPU_QUERY_MS });
    if (answer.kind !== "said") throw new Error("nvidia-smi does not answer");
    return answer.text;
  };
  const [use, apps, slices] = await Promise.all([
    smi("--query-gpu=uuid,utilization.gpu,memory.used,memory.total,index,name"),
    smi("--query-compute-apps=pid,gpu_uuid"),
    askSlices(process.env, program, signal),
  ]);
  const gpus = withSlices(readGpuUse(use), slices);
  const processes = readGpuProcesses(apps);
  // In a container the driver lists pids of the host, or none although memory is in use.
  const hidden =
    processes.some(({ pid }) => !existsSync(`/proc/${pid}`)) ||
    (processes.length === 0 && gpus.some(({ memory = 0 }) => memory > EMPTY_BYTES));
  return hidden ? { gpus } : { gpus, processes };
}

/** Slices take the place of their GPU; the driver reports no utilization for a slice. */
function withSlices(gpus: readonly GpuUse[], slices: readonly Slice[]): readonly GpuUse[] {
  return gpus.flatMap((gpu) => {
    const own = slices.filter(({ parent }) => parent === gpu.uuid);
    if (own.length === 0) return [gpu];
    return own.map(({ uuid, index, slice, profile, memoryUsed, memoryTotal }) => ({
      uuid,
      index,
      slice,
      name: `${gpu.name ?? ""} MIG ${profile}`.trim(),
      ...defined({ memory: memoryUsed, memoryTotal }),
    }));
  });
}

/** More memory than the driver itself takes on an idle GPU. */
const EMPTY_BYTES = 1e9;

/** Parses `UUID, %, MiB, total MiB, index, name` lines; fields that are N/A are left out. */
function readGpuUse(text: string): readonly GpuUse[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [uuid = "", ...parts] = line.split(",").map((part) => part.trim());
    if (!/^(?:GPU|MIG)-/.test(uuid)) return [];
    const [busy, memory, total, index] = parts.slice(0, 4).map(numberIn);
    const name = parts.slice(4).join(", ");
    return [
      {
        uuid,
        ...(busy === undefined ? {} : { busy: busy / 100 }),
        ...(memory === undefined ? {} : { memory: memory * 2 ** 20 }),
        ...(total === undefined ? {} : { memoryTotal: total * 2 ** 20 }),
        ...defined({ index }),
        ...(name === "" ? {} : { name }),
      },
    ];
  });
}

const numberIn = (text: string): number | undefined =>
  /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;

/** Parses `pid, UUID` lines; others are skipped. */
function readGpuProcesses(text: string): NonNullable<GpuState["processes"]> {
  return text.split(/\r?\n/).flatMap((line) => {
    const match = /^(\d+),\s*((?:GPU|MIG)-\S+)$/.exec(line.trim());
    return match === null ? [] : [{ pid: Number(match[1]), uuid: match[2] ?? "" }];
  });
}
