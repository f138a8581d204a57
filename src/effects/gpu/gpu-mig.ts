// Slices of NVIDIA GPUs (MIG): which there are, and their memory in use. On a machine without
// slices only `nvidia-smi -L` is run, once in GPU_LAYOUT_MS.
import { askProgram, textOf } from "../os/ask-program.ts";

/** Timeout of a query: nvidia-smi takes 2 s with 8 cold GPUs, and hangs on a broken one. */
export const GPU_QUERY_MS = 5_000;
/** How long a layout is trusted: only an administrator installs a driver or partitions a GPU. */
export const GPU_LAYOUT_MS = 60_000;

export interface Slice {
  /** `MIG-c6d4f1ef-…`. */
  readonly uuid: string;
  /** UUID of the GPU that it is part of. */
  readonly parent: string;
  /** Index of that GPU. */
  readonly index: number;
  /** Index of the slice on that GPU. */
  readonly slice: number;
  /** `1g.5gb`. */
  readonly profile: string;
  /** Bytes; absent if the driver reports no memory for slices. */
  readonly memoryUsed?: number;
  readonly memoryTotal?: number;
}

/** The last answer of `nvidia-smi -L`, valid for that program and PATH. */
let layout:
  | {
      readonly program: string;
      readonly path: string | undefined;
      readonly untilMs: number;
      readonly slices: Promise<readonly Slice[]>;
    }
  | undefined;

/**
 * The slices of this machine with their current memory use. The layout is queried once in
 * GPU_LAYOUT_MS, the memory at each call. Empty without a driver or slices; never rejects.
 */
export async function askSlices(
  env: NodeJS.ProcessEnv,
  program = "nvidia-smi",
  signal?: AbortSignal,
): Promise<readonly Slice[]> {
  const path = env["PATH"];
  const nowMs = performance.now();
  const ask = async (...args: readonly string[]): Promise<string> =>
    textOf(await askProgram(program, args, { env, timeoutMs: GPU_QUERY_MS, signal }));
  if (layout?.program !== program || layout.path !== path || nowMs >= layout.untilMs) {
    const slices = ask("-L").then(readSlices);
    layout = { program, path, untilMs: nowMs + GPU_LAYOUT_MS, slices };
  }
  const slices = await layout.slices;
  if (slices.length === 0) return slices;
  const memory = readSliceMemory(await ask("-q", "-x"));
  return slices.map((slice) => ({ ...slice, ...memory.get(`${slice.index}:${slice.slice}`) }));
}

/** Parses `nvidia-smi -L`: a line for each GPU, and below it one for each of its slices. */
export function readSlices(text: string): readonly Slice[] {
  const slices: Slice[] = [];
  let gpu: { readonly index: number; readonly uuid: string } | undefined;
  for (const line of text.split(/\r?\n/)) {
    const head = /^GPU (\d{1,4}): .{0,200}\(UUID: (GPU-[\w-]{1,80})\)/.exec(line);
    if (head !== null) gpu = { index: Number(head[1]), uuid: head[2] ?? "" };
    const match = /^\s+MIG (\S{1,40})\s+Device\s+(\d{1,3}): \(UUID: (MIG-[\w/-]{1,100})\)/.exec(
      line,
    );
    if (match === null || gpu === undefined) continue;
    const [, profile = "", slice = "", uuid = ""] = match;
    slices.push({ uuid, parent: gpu.uuid, index: gpu.index, slice: Number(slice), profile });
  }
  return slices;
}

type SliceMemory = Required<Pick<Slice, "memoryUsed" | "memoryTotal">>;

/** Bytes of each slice, by `GPU index:slice index`, from the XML of `nvidia-smi -q -x`. */
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
