// Where a run runs: on GPUs of this machine, on a share of one, or in a CPU slot.
// scheduler/gpu-placement.ts decides which slot is free; effects/gpu/ asks the driver.

/** A GPU that a run holds. People call it by its index, which may change at a reboot. */
export interface GpuRef {
  readonly uuid: string;
  readonly index: number;
  /** The number of the slice (MIG), where it is one of the GPU with that index. */
  readonly slice?: number;
  /** Absent: NVIDIA. */
  readonly vendor?: "amd";
}

/** What a run holds from its claim to its end. */
export type Slot =
  /** `share`: how many such runs fit on one GPU; 1: the run has its GPUs to itself. */
  | { readonly kind: "gpus"; readonly gpus: readonly GpuRef[]; readonly share: number }
  /**
   * `asked`: written as `gpus: 0`; `no-gpu`: the machine has none. `first`: the lab's first run
   * without a GPU for that reason, whose receipt says so.
   */
  | { readonly kind: "cpu"; readonly why: "asked" | "no-gpu"; readonly first?: true };

/** A GPU as its driver reports it. */
export interface SeenGpu extends GpuRef {
  readonly name: string;
  /** Bytes in use, by any process; absent where the driver reports none (unified memory). */
  readonly memoryUsed?: number;
  /** It is listed but does not respond: it fell off the bus or needs a reset. */
  readonly broken?: true;
}

export type GpusSeen =
  | { readonly kind: "seen"; readonly gpus: readonly SeenGpu[] }
  /** `noDriver`: no driver has ever answered, as on a machine without GPUs. */
  | { readonly kind: "unreachable"; readonly why: string; readonly noDriver: boolean };

/** What the daemon knows of the machine's GPUs. Not durable, but for GPUs that runs hold. */
export interface GpuWatch {
  /** The last answer; absent before the first. */
  snapshot?: {
    readonly gpus: readonly SeenGpu[];
    /** The value of `epoch` when the question was asked. */
    readonly epoch: number;
    readonly atMs: number;
  };
  /** Why the last question had no answer. */
  trouble?: string;
  /** A question is pending. */
  asked: boolean;
  /** The next question is not asked before, ms since 1970. */
  nextAtMs: number;
  /** How many runs have released GPUs: an answer to an older question is not valid for those. */
  epoch: number;
  /** Every GPU that was ever seen or held, by UUID, with its index then. */
  readonly known: Map<string, number>;
  /** Those that a run held, ever: alone durable. */
  readonly claimed: Map<string, number>;
  /** When a run of this daemon last released a GPU. */
  readonly left: Map<string, { readonly epoch: number; readonly atMs: number }>;
  /** GPUs whose lock another daemon held, or that could not be locked (`why`), and when. */
  readonly elsewhere: Map<string, { readonly atMs: number; readonly why?: string }>;
}

/** A watch before the first answer of a driver. */
export function emptyGpuWatch(): GpuWatch {
  return {
    asked: false,
    nextAtMs: 0,
    epoch: 0,
    known: new Map(),
    claimed: new Map(),
    left: new Map(),
    elsewhere: new Map(),
  };
}

/** `GPU 0`, `GPUs 0, 3`, `1/2 of GPU 0`, `GPU 0 slice 1`; undefined where there are no GPUs. */
export function slotName(slot: Slot | undefined): string | undefined {
  if (slot === undefined) return undefined;
  if (slot.kind === "cpu") return slot.why === "asked" ? "CPU" : undefined;
  const list = slot.gpus.map(gpuNumber).join(", ");
  const gpus = `GPU${slot.gpus.length === 1 ? "" : "s"} ${list}`;
  return slot.share === 1 ? gpus : `1/${slot.share} of ${gpus}`;
}

/** `0`; of a slice `0 slice 1`. */
export const gpuNumber = ({ index, slice }: Pick<GpuRef, "index" | "slice">): string =>
  slice === undefined ? String(index) : `${index} slice ${slice}`;

/**
 * The environment variables that restrict a run to its slot. GPUs are named by UUID, because CUDA
 * numbers them in another order than the driver; a run with `gpus: 0` sees none. On AMD, ROCr takes
 * the UUIDs, and HIP and CUDA take indices among the GPUs that ROCr leaves.
 */
export function slotVariables(slot: Slot | undefined): Readonly<Record<string, string>> {
  if (slot === undefined || (slot.kind === "cpu" && slot.why === "no-gpu")) return {};
  // HIP treats an empty list as an unset variable.
  if (slot.kind === "cpu") return { CUDA_VISIBLE_DEVICES: "", HIP_VISIBLE_DEVICES: "-1" };
  const uuids = slot.gpus.map(({ uuid }) => uuid).join(",");
  if (slot.gpus[0]?.vendor !== "amd") return { CUDA_VISIBLE_DEVICES: uuids };
  const among = slot.gpus.map((_, i) => i).join(",");
  return { ROCR_VISIBLE_DEVICES: uuids, HIP_VISIBLE_DEVICES: among, CUDA_VISIBLE_DEVICES: among };
}
