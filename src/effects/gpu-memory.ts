// Asks NVIDIA's driver which GPUs there are and how much of their memory is in use.
// Which of them a run may have is decided in queue/place.ts.
import { execFile } from "node:child_process";
import { GPU_QUERY_MS } from "../limits.ts";
import type { GpusSeen, SeenGpu } from "../model/place.ts";

const ARGS = ["--query-gpu=index,uuid,name,memory.used", "--format=csv,noheader,nounits"];

/**
 * What `nvidia-smi` says now. One that hangs is ended after GPU_QUERY_MS; GPUs that answer are
 * told although another does not. Never rejects.
 */
export function askDriver(env: NodeJS.ProcessEnv, program = "nvidia-smi"): Promise<GpusSeen> {
  const options = { env, timeout: GPU_QUERY_MS, killSignal: "SIGKILL" } as const;
  return new Promise((resolve) => {
    execFile(program, ARGS, options, (error, stdout, stderr) => {
      const gpus = visible(readGpuMemory(stdout), env["CUDA_VISIBLE_DEVICES"]);
      const said = `${stdout}\n${stderr}`;
      if (error === null || gpus.length > 0) resolve({ kind: "seen", gpus });
      else resolve({ kind: "unreachable", ...whySilent(error, said) });
    });
  });
}

/** Reads `index, UUID, name, MiB` lines; a name may itself hold a comma. Other lines are none. */
export function readGpuMemory(text: string): readonly SeenGpu[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const parts = line.split(",").map((part) => part.trim());
    const [index = "", uuid = ""] = parts;
    const memory = parts.at(-1) ?? "";
    if (parts.length < 4 || !/^\d{1,4}$/.test(index) || !/^GPU-[\w-]{1,80}$/.test(uuid)) return [];
    const gpu = { uuid, index: Number(index), name: parts.slice(2, -1).join(", ") };
    if (/^\d{1,12}$/.test(memory)) return [{ ...gpu, memoryUsed: Number(memory) * 2 ** 20 }];
    // Where memory is the machine's own there is no figure of the GPU's.
    if (/^\[(?:N\/A|Not Supported)\]$/i.test(memory)) return [gpu];
    return [{ ...gpu, broken: true as const }];
  });
}

/** Those that the daemon itself was given, by index or UUID, as CUDA reads that variable. */
function visible(gpus: readonly SeenGpu[], given: string | undefined): readonly SeenGpu[] {
  if (given === undefined) return gpus;
  const names = given.split(",").map((name) => name.trim());
  return gpus.filter(({ uuid, index }) =>
    names.some((name) => name === String(index) || (name.length > 4 && uuid.startsWith(name))),
  );
}

function whySilent(
  error: Error & { readonly code?: unknown; readonly killed?: boolean },
  said: string,
): { readonly why: string; readonly noDriver: boolean } {
  if (error.code === "ENOENT") return { why: "nvidia-smi is not there", noDriver: true };
  if (error.killed === true) {
    return { why: `nvidia-smi did not answer within ${GPU_QUERY_MS / 1000} s`, noDriver: false };
  }
  const noDriver = /No devices were found|couldn't communicate with the NVIDIA driver/.test(said);
  const line =
    said.split(/\r?\n/).find((one) => one.trim() !== "") ?? `it left with ${String(error.code)}`;
  return { why: `nvidia-smi does not answer: ${line.trim().slice(0, 200)}`, noDriver };
}
