// Which GPUs this machine has, as their drivers name them, for the record of a run. Whether one is
// free is gpu-memory.ts. A machine without a driver, or with one that hangs, has no GPUs.
import type { RunRecord } from "../../domain/run.ts";
import { askAmd } from "./gpu-amd.ts";
import { askProgram, textOf } from "../os/ask-program.ts";
import { askSlices, GPU_QUERY_MS } from "./gpu-mig.ts";

export type GpuFacts = RunRecord["gpus"][number];

/** NVIDIA's GPUs, their MIG slices, AMD's GPUs, each in the driver's order. Never rejects. */
export async function gpuFacts(program = "nvidia-smi"): Promise<readonly GpuFacts[]> {
  const [whole, slices, amd] = await Promise.all([
    nvidiaFacts(program),
    askSlices(process.env, program),
    askAmd(process.env),
  ]);
  const sliceFacts = slices.map(({ uuid, parent, profile }) => {
    const { name = "", driver = "" } = whole.find((gpu) => gpu.uuid === parent) ?? {};
    return { uuid, name: `${name} MIG ${profile}`, driver };
  });
  const others = amd.kind === "seen" ? amd.gpus : [];
  return [
    ...whole,
    ...sliceFacts,
    ...others.map(({ uuid, name, driver }) => ({ uuid, name, driver })),
  ];
}

async function nvidiaFacts(program: string): Promise<readonly GpuFacts[]> {
  const args = ["--query-gpu=uuid,name,driver_version", "--format=csv,noheader"];
  return readGpuList(textOf(await askProgram(program, args, { timeoutMs: GPU_QUERY_MS })));
}

/** Parses `UUID, name, driver` lines; a name may contain commas. Other lines are skipped. */
export function readGpuList(text: string): readonly GpuFacts[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const parts = line.split(",").map((part) => part.trim());
    const uuid = parts[0] ?? "";
    if (parts.length < 3 || !/^(?:GPU|MIG)-/.test(uuid)) return [];
    return [{ uuid, name: parts.slice(1, -1).join(", "), driver: parts.at(-1) ?? "" }];
  });
}
