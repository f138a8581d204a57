// Where a run goes: GPUs of this machine, one of them in part, or a slot on its CPU.
// Which place is free is decided in scheduler/gpu-placement.ts; asking the driver is effects/'s.

/** A GPU as a run holds it. The index is how people call it; it may change over a reboot. */
export interface GpuRef {
  readonly uuid: string;
  readonly index: number;
  /** Its number, where it is a slice of the GPU with that index. */
  readonly slice?: number;
  /** Absent: NVIDIA. */
  readonly vendor?: "amd";
}

/** What a run holds from its claim to its end. */
export type Slot =
  /** `share`: how many such runs go on one GPU together; 1: it is this run's alone. */
  | { readonly kind: "gpus"; readonly gpus: readonly GpuRef[]; readonly share: number }
  /**
   * `asked`: written as `gpus: 0`; `no-gpu`: the machine has none. `first`: the lab's first run that
   * goes there for want of one, whose receipt says so.
   */
  | { readonly kind: "cpu"; readonly why: "asked" | "no-gpu"; readonly first?: true };

/** A GPU as its driver told of it. */
export interface SeenGpu extends GpuRef {
  readonly name: string;
  /** Bytes in use, by whomever; absent where the driver tells none (memory shared with the CPU). */
  readonly memoryUsed?: number;
  /** It is listed and does not answer: it fell off the bus, or needs a reset. */
  readonly broken?: true;
}

export type GpusSeen =
  | { readonly kind: "seen"; readonly gpus: readonly SeenGpu[] }
  /** `noDriver`: nothing there ever answered, as on a machine without GPUs. */
  | { readonly kind: "unreachable"; readonly why: string; readonly noDriver: boolean };

/** What the daemon knows of the machine's GPUs. */
export interface GpuWatch {
  /** The last answer; absent until one came. */
  snapshot?: {
    readonly gpus: readonly SeenGpu[];
    /** Of the question: `epoch` at that time. */
    readonly epoch: number;
    readonly atMs: number;
  };
  /** Why the last question had no answer. */
  trouble?: string;
  /** A question is under way. */
  asked: boolean;
  /** Not to be asked again before. */
  nextAtMs: number;
  /** How many runs have left their GPUs: an answer to an older question says nothing of those. */
  epoch: number;
  /** Every GPU that was ever seen or held, and its index then. */
  readonly known: Map<string, number>;
  /** When a run of ours last left a GPU. */
  readonly left: Map<string, { readonly epoch: number; readonly atMs: number }>;
  /** GPUs that another daemon of this machine held when they were tried, and when. */
  readonly elsewhere: Map<string, number>;
}

export function emptyGpuWatch(): GpuWatch {
  return {
    asked: false,
    nextAtMs: 0,
    epoch: 0,
    known: new Map(),
    left: new Map(),
    elsewhere: new Map(),
  };
}

/** `GPU 0`, `GPUs 0, 3`, `1/2 of GPU 0`, `GPU 0 slice 1`; undefined where there are no GPUs. */
export function slotName(place: Slot | undefined): string | undefined {
  if (place === undefined) return undefined;
  if (place.kind === "cpu") return place.why === "asked" ? "CPU" : undefined;
  const list = place.gpus.map(gpuNumber).join(", ");
  const gpus = `GPU${place.gpus.length === 1 ? "" : "s"} ${list}`;
  return place.share === 1 ? gpus : `1/${place.share} of ${gpus}`;
}

/** `0`; of a slice `0 slice 1`. */
export const gpuNumber = ({ index, slice }: Pick<GpuRef, "index" | "slice">): string =>
  slice === undefined ? String(index) : `${index} slice ${slice}`;

/**
 * What a run's environment says of its place. GPUs are named by UUID, since CUDA numbers them in
 * another order than the driver does; a run that asked for none is shown none. On AMD's the names
 * are for ROCr, and HIP counts among what that leaves.
 */
export function slotVariables(place: Slot | undefined): Readonly<Record<string, string>> {
  if (place === undefined || (place.kind === "cpu" && place.why === "no-gpu")) return {};
  // HIP takes an empty list for none written.
  if (place.kind === "cpu") return { CUDA_VISIBLE_DEVICES: "", HIP_VISIBLE_DEVICES: "-1" };
  const uuids = place.gpus.map(({ uuid }) => uuid).join(",");
  if (place.gpus[0]?.vendor !== "amd") return { CUDA_VISIBLE_DEVICES: uuids };
  const among = place.gpus.map((_, i) => i).join(",");
  return { ROCR_VISIBLE_DEVICES: uuids, HIP_VISIBLE_DEVICES: among, CUDA_VISIBLE_DEVICES: among };
}
