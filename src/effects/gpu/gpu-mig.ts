// Slices of NVIDIA GPUs (MIG): which there are, and how much of their memory is in use. A GPU that
// is cut into slices is placed by them; without slices nothing but `nvidia-smi -L` is asked.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** nvidia-smi takes 2 s on a machine with 8 cold GPUs, and hangs on a broken one. */
export const GPU_QUERY_MS = 5_000;
/** A driver is installed, and a GPU cut into slices, by an administrator: asked this often. */
export const GPU_LAYOUT_MS = 60_000;

export interface Slice {
  /** `MIG-c6d4f1ef-…`. */
  readonly uuid: string;
  /** UUID and index of the GPU that it is cut from. */
  readonly parent: string;
  readonly index: number;
  /** Its number on that GPU. */
  readonly slice: number;
  /** `1g.5gb`. */
  readonly profile: string;
  /** Bytes; absent where the driver says nothing of slices. */
  readonly memoryUsed?: number;
  readonly memoryTotal?: number;
}

let layout:
  | {
      readonly program: string;
      readonly path: string | undefined;
      readonly untilMs: number;
      readonly slices: Promise<readonly Slice[]>;
    }
  | undefined;

/**
 * The slices of this machine with their memory as it is now. Which there are is asked once in
 * GPU_LAYOUT_MS: making one takes an administrator and an idle GPU. Never rejects.
 */
export async function askSlices(
  env: NodeJS.ProcessEnv,
  program = "nvidia-smi",
  signal?: AbortSignal,
): Promise<readonly Slice[]> {
  const path = env["PATH"];
  const nowMs = performance.now();
  if (layout?.program !== program || layout.path !== path || nowMs >= layout.untilMs) {
    const slices = said(program, ["-L"], env, signal).then(readSlices);
    layout = { program, path, untilMs: nowMs + GPU_LAYOUT_MS, slices };
  }
  const slices = await layout.slices;
  if (slices.length === 0) return slices;
  const memory = readSliceMemory(await said(program, ["-q", "-x"], env, signal));
  return slices.map((slice) => ({ ...slice, ...memory.get(`${slice.index}:${slice.slice}`) }));
}

async function said(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<string> {
  const options = {
    env,
    signal,
    timeout: GPU_QUERY_MS,
    killSignal: "SIGKILL",
    maxBuffer: 2 ** 24,
  } as const;
  return promisify(execFile)(program, [...args], options).then(
    ({ stdout }) => stdout,
    () => "",
  );
}

/** Reads the list of `nvidia-smi -L`: a line for each GPU, and below it one for each slice. */
export function readSlices(text: string): readonly Slice[] {
  const slices: Slice[] = [];
  let gpu: { readonly index: number; readonly uuid: string } | undefined;
  for (const line of text.split(/\r?\n/)) {
    const head = /^GPU (\d{1,4}): .{0,200}\(UUID: (GPU-[\w-]{1,80})\)/.exec(line);
    if (head !== null) gpu = { index: Number(head[1]), uuid: head[2] ?? "" };
    const cut = /^\s+MIG (\S{1,40})\s+Device\s+(\d{1,3}): \(UUID: (MIG-[\w/-]{1,100})\)/.exec(line);
    if (cut === null || gpu === undefined) continue;
    const [, profile = "", slice = "", uuid = ""] = cut;
    slices.push({ uuid, parent: gpu.uuid, index: gpu.index, slice: Number(slice), profile });
  }
  return slices;
}

type SliceMemory = Required<Pick<Slice, "memoryUsed" | "memoryTotal">>;

/** Memory of each slice by `GPU:slice`, from the XML of `nvidia-smi -q -x`. */
export function readSliceMemory(xml: string): ReadonlyMap<string, SliceMemory> {
  const found = new Map<string, SliceMemory>();
  for (const [gpu, part] of xml.split("<gpu id=").slice(1).entries()) {
    for (const slice of part.split("<mig_device>").slice(1)) {
      const device = /<index>(\d{1,3})<\/index>/.exec(slice)?.[1];
      const memory = slice.split("<fb_memory_usage>")[1]?.split("</fb_memory_usage>")[0] ?? "";
      const mib = (name: string): number =>
        Number(new RegExp(`<${name}>(\\d{1,9}) MiB</${name}>`).exec(memory)?.[1] ?? Number.NaN);
      const [memoryUsed, memoryTotal] = [mib("used") * 2 ** 20, mib("total") * 2 ** 20];
      if (device !== undefined && Number.isFinite(memoryUsed) && Number.isFinite(memoryTotal)) {
        found.set(`${gpu}:${Number(device)}`, { memoryUsed, memoryTotal });
      }
    }
  }
  return found;
}
