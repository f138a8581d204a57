// Queries the drivers for the GPUs and MIG slices of the machine and their memory in use.
// Which of them a run gets is decided in scheduler/gpu-placement.ts.
import type { GpusSeen, SeenGpu } from "../../domain/slot.ts";
import { askProgram, type Answer } from "../os/ask-program.ts";
import { askAmd, type AmdGpu } from "./gpu-amd.ts";
import { askSlices, type Slice, GPU_QUERY_MS } from "./gpu-mig.ts";
import { defined } from "../../base/defined.ts";

const ARGS = ["--query-gpu=index,uuid,name,memory.used", "--format=csv,noheader,nounits"];

/**
 * Queries `nvidia-smi` and `rocm-smi`. One that hangs is killed after GPU_QUERY_MS; if only one
 * driver answers, its GPUs are returned. Never rejects.
 */
export async function askDriver(env: NodeJS.ProcessEnv, program = "nvidia-smi"): Promise<GpusSeen> {
  const [nvidia, amd] = await Promise.all([askNvidia(env, program), askAmd(env)]);
  const others = amd.kind === "seen" ? amd.gpus.map(amdGpu) : [];
  if (nvidia.kind === "seen") return { kind: "seen", gpus: [...nvidia.gpus, ...others] };
  if (others.length > 0) return { kind: "seen", gpus: others };
  // A driver that is installed but does not answer is the better explanation than a missing one.
  return amd.kind === "unreachable" && nvidia.noDriver && !amd.noDriver ? amd : nvidia;
}

type Unreachable = Extract<GpusSeen, { readonly kind: "unreachable" }>;

async function askNvidia(
  env: NodeJS.ProcessEnv,
  program: string,
): Promise<Extract<GpusSeen, { readonly kind: "seen" }> | Unreachable> {
  const [answer, slices] = await Promise.all([queried(env, program), askSlices(env, program)]);
  if (answer.kind === "unreachable") return answer;
  const gpus = withSlices(answer.gpus, slices);
  return { kind: "seen", gpus: visible(gpus, env["CUDA_VISIBLE_DEVICES"]) };
}

async function queried(env: NodeJS.ProcessEnv, program: string): Promise<GpusSeen> {
  const answer = await askProgram(program, ARGS, { env, timeoutMs: GPU_QUERY_MS });
  const gpus = answer.kind === "absent" ? [] : readGpuMemory(answer.text);
  if (answer.kind === "said" || gpus.length > 0) return { kind: "seen", gpus };
  return { kind: "unreachable", ...whySilent(answer) };
}

const amdGpu = ({ uuid, index, name, memoryUsed }: AmdGpu): SeenGpu => ({
  uuid,
  index,
  name,
  vendor: "amd",
  ...defined({ memoryUsed }),
});

/** Slices take the place of their GPU: CUDA cannot use a GPU as a whole once it is partitioned. */
function withSlices(gpus: readonly SeenGpu[], slices: readonly Slice[]): readonly SeenGpu[] {
  return gpus.flatMap((gpu) => {
    const own = slices.filter(({ parent }) => parent === gpu.uuid);
    if (own.length === 0) return [gpu];
    return own.map(({ uuid, slice, profile, memoryUsed }) => ({
      uuid,
      index: gpu.index,
      slice,
      name: `${gpu.name} MIG ${profile}`,
      ...defined({ memoryUsed }),
    }));
  });
}

/** Parses `index, UUID, name, MiB` lines; a name may contain commas. Other lines are skipped. */
export function readGpuMemory(text: string): readonly SeenGpu[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const parts = line.split(",").map((part) => part.trim());
    const [index = "", uuid = ""] = parts;
    const memory = parts.at(-1) ?? "";
    if (parts.length < 4 || !/^\d{1,4}$/.test(index) || !/^GPU-[\w-]{1,80}$/.test(uuid)) return [];
    const gpu = { uuid, index: Number(index), name: parts.slice(2, -1).join(", ") };
    if (/^\d{1,12}$/.test(memory)) return [{ ...gpu, memoryUsed: Number(memory) * 2 ** 20 }];
    // A GPU that shares the machine's memory (an integrated one) reports no figure of its own.
    if (/^\[(?:N\/A|Not Supported)\]$/i.test(memory)) return [gpu];
    return [{ ...gpu, broken: true as const }];
  });
}

/** The GPUs that CUDA_VISIBLE_DEVICES leaves the daemon: by index or a prefix of the UUID. */
function visible(gpus: readonly SeenGpu[], given: string | undefined): readonly SeenGpu[] {
  if (given === undefined) return gpus;
  const names = given.split(",").map((name) => name.trim());
  return gpus.filter(({ uuid, index }) =>
    names.some((name) => name === String(index) || (name.length > 4 && uuid.startsWith(name))),
  );
}

function whySilent(answer: Exclude<Answer, { readonly kind: "said" }>): {
  readonly why: string;
  readonly noDriver: boolean;
} {
  if (answer.kind === "absent") return { why: "nvidia-smi is not there", noDriver: true };
  if (answer.late) {
    return { why: `nvidia-smi did not answer within ${GPU_QUERY_MS / 1000} s`, noDriver: false };
  }
  const output = `${answer.text}\n${answer.errors}`;
  const noDriver = /No devices were found|couldn't communicate with the NVIDIA driver/.test(output);
  const line =
    output.split(/\r?\n/).find((one) => one.trim() !== "") ??
    (answer.code === undefined ? answer.what : `it left with ${answer.code}`);
  return { why: `nvidia-smi does not answer: ${line.trim().slice(0, 200)}`, noDriver };
}
