// Which GPUs this machine has, as the driver names them. Whether one is free is not asked here.
// A machine without a driver, or with one that hangs, has none.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { GPU_QUERY_MS } from "../limits.ts";
import type { RunRecord } from "../model/run.ts";

export type GpuFacts = RunRecord["gpus"][number];

/** NVIDIA's GPUs, in the driver's order; `program` is what is asked. */
export async function gpuFacts(program = "nvidia-smi"): Promise<readonly GpuFacts[]> {
  try {
    const { stdout } = await promisify(execFile)(
      program,
      ["--query-gpu=uuid,name,driver_version", "--format=csv,noheader"],
      { timeout: GPU_QUERY_MS, killSignal: "SIGKILL" },
    );
    return readGpuList(stdout);
  } catch {
    return [];
  }
}

/** Reads `UUID, name, driver` lines; a name may itself hold a comma. */
export function readGpuList(text: string): readonly GpuFacts[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const parts = line.split(",").map((part) => part.trim());
    const uuid = parts[0] ?? "";
    if (parts.length < 3 || !/^(?:GPU|MIG)-/.test(uuid)) return [];
    return [{ uuid, name: parts.slice(1, -1).join(", "), driver: parts.at(-1) ?? "" }];
  });
}
