// Which slot a command may have now: free GPUs, a share of one, or a CPU slot.
// Pure questions about the world; whose turn it is, is decided in order.ts and start.ts.
import { gpuNumber, type GpuWatch, type Slot, type SeenGpu } from "../domain/slot.ts";
import { openCommands, settingsOf, type Command, type World } from "../domain/world.ts";
import { defined } from "../base/defined.ts";

/** CPU slots of a lab without `cpu-slots:`: most scripts use all cores. */
const CPU_SLOTS = 1;
/** A GPU with less memory in use is free: a desktop and the driver hold a few hundred MB. */
const GPU_FREE_BYTES = 1e9;
/** A driver's answer counts for this long: other users' processes may start at any time. */
const GPU_FRESH_MS = 2_000;
/** The answer "no GPUs" counts for this long: one appears only where a driver gets installed. */
const GPU_NONE_FRESH_MS = 600_000;
/** A process that ended frees its memory within this long; memory used later is another user's. */
export const GPU_RELEASE_MS = 30_000;
/** A GPU that another daemon of this machine holds is tried again after this long. */
export const GPU_ELSEWHERE_MS = 700;

/** What the runs of this daemon hold now. */
export interface HeldSlots {
  /** The share of each GPU that is taken, by UUID; 1: all of it. */
  readonly gpus: ReadonlyMap<string, number>;
  readonly cpu: number;
  /** A run claimed by a release without slots holds the whole machine: it ran alone. */
  readonly all: boolean;
}

export type Placement =
  | { readonly kind: "slot"; readonly slot: Slot }
  /** `ask`: ask the driver again; `keep`: what is free is kept for this command. */
  | { readonly kind: "wait"; readonly ask: boolean; readonly keep: boolean; readonly why?: string }
  | { readonly kind: "never"; readonly why: string };

/** What all runs hold that have been claimed and have not exited. */
export function heldSlots(world: World): HeldSlots {
  const gpus = new Map<string, number>();
  let cpu = 0;
  let all = false;
  for (const { run } of openCommands(world)) {
    if (run === undefined || run.exited) continue;
    const { place: slot } = run.spec;
    if (slot === undefined) all = true;
    else if (slot.kind === "cpu") cpu += 1;
    else for (const { uuid } of slot.gpus) add(gpus, uuid, 1 / slot.share);
  }
  return { gpus, cpu, all };
}

const add = (to: Map<string, number>, key: string, part: number): void => {
  to.set(key, (to.get(key) ?? 0) + part);
};

/** Whether no slot of any kind is free, so that the queue need not be searched. */
export function allTaken(world: World, held: HeldSlots): boolean {
  if (held.all) return true;
  const { snapshot, known } = world.gpus;
  const slots = Math.max(
    CPU_SLOTS,
    ...[...world.labs.values()].map(({ settings }) => slotsOf(settings ?? {})),
  );
  if (held.cpu < slots || snapshot === undefined) return false;
  return [...known.keys()].every((uuid) => (held.gpus.get(uuid) ?? 0) >= WHOLE);
}

/** From this share on a GPU is fully taken: three thirds may add up to less than 1 in doubles. */
const WHOLE = 1 - 1e-9;

const slotsOf = ({ cpuSlots }: { readonly cpuSlots?: number }): number => cpuSlots ?? CPU_SLOTS;

/** The slot that a command may have now, or why it has to wait, or why it can never have one. */
export function slotFor(world: World, command: Command, held: HeldSlots): Placement {
  const { gpus, share = 1 } = command.spec;
  const settings = settingsOf(world, command.experiment);
  const cpuSlot = (why: "asked" | "no-gpu"): Placement => {
    if (held.cpu >= slotsOf(settings)) return { kind: "wait", ask: false, keep: false };
    const first =
      why === "no-gpu" && isFirstWithoutGpu(world, command) ? { first: true as const } : {};
    return { kind: "slot", slot: { kind: "cpu", why, ...first } };
  };
  if (gpus === 0) return cpuSlot("asked");
  const { snapshot, known, trouble } = world.gpus;
  if (snapshot === undefined) {
    return {
      kind: "wait",
      ask: true,
      keep: false,
      ...defined({ why: trouble }),
    };
  }
  if (known.size === 0) {
    if (world.nowMs - snapshot.atMs > GPU_NONE_FRESH_MS)
      return { kind: "wait", ask: true, keep: false };
    if (gpus === undefined && command.spec.share === undefined) return cpuSlot("no-gpu");
    return { kind: "never", why: `it asks for ${count(gpus ?? 1)}; this machine has none` };
  }
  const need = gpus ?? 1;
  if (need > known.size) {
    return { kind: "never", why: `it asks for ${count(need)}; this machine has ${known.size}` };
  }
  const freeBelow = settings.gpuFreeBelow ?? GPU_FREE_BYTES;
  const gpuStates = snapshot.gpus.map((gpu) => ({ gpu, is: stateOf(world, gpu, held, freeBelow) }));
  return choose(world, gpuStates, need, share, held);
}

/** Whether no run of the lab has gone to the CPU for want of a GPU before. */
function isFirstWithoutGpu(world: World, { experiment }: Command): boolean {
  const lab = world.experiments.get(experiment)?.lab;
  return ![...world.experiments.values()].some(
    (one) => one.lab === lab && one.ranWithoutGpu === true,
  );
}

const count = (gpus: number): string => `${gpus} GPU${gpus === 1 ? "" : "s"}`;

/**
 * `free`: may be given now. `part`: runs of this daemon hold a share of it. `held`: they hold all
 * of it. `unsure`: the driver was not asked since its last run, or too long ago. `leaving`: a run
 * has just exited and its memory is not free yet. `others`: another user or daemon has it.
 * `unlocked`: it cannot be locked.
 */
type GpuState = "free" | "part" | "held" | "unsure" | "leaving" | "others" | "unlocked" | "broken";

function stateOf(world: World, gpu: SeenGpu, held: HeldSlots, freeBelow: number): GpuState {
  const { snapshot, left, elsewhere } = world.gpus;
  const taken = held.gpus.get(gpu.uuid) ?? 0;
  if (taken >= WHOLE) return "held";
  if (gpu.broken === true) return "broken";
  if (taken > 0) return "part";
  const since = left.get(gpu.uuid);
  if (snapshot === undefined || snapshot.epoch < (since?.epoch ?? 0)) return "unsure";
  const lock = elsewhere.get(gpu.uuid);
  if (lock !== undefined && world.nowMs - lock.atMs < GPU_ELSEWHERE_MS) {
    return lock.why === undefined ? "others" : "unlocked";
  }
  if ((gpu.memoryUsed ?? 0) >= freeBelow) {
    return world.nowMs - (since?.atMs ?? -Infinity) < GPU_RELEASE_MS ? "leaving" : "others";
  }
  return world.nowMs - snapshot.atMs > GPU_FRESH_MS ? "unsure" : "free";
}

interface GpuWithState {
  readonly gpu: SeenGpu;
  readonly is: GpuState;
}

function choose(
  world: World,
  gpuStates: readonly GpuWithState[],
  need: number,
  share: number,
  held: HeldSlots,
): Placement {
  const fitting = need === 1 ? gpuStates : together(gpuStates);
  const lost = world.gpus.known.size - gpuStates.length;
  if (fitting.length < gpuStates.length && fitting.length + lost < need) {
    const why = "a program can use one slice of a GPU only, and GPUs of one maker";
    return { kind: "never", why: `it asks for ${count(need)}, and ${why}` };
  }
  const free = fitting.filter(({ is }) => is === "free");
  if (share > 1) {
    // A GPU that is shared already is filled first: another command may want a whole one.
    const joined = gpuStates.find(
      ({ gpu, is }) => is === "part" && (held.gpus.get(gpu.uuid) ?? 0) + 1 / share <= 1 + 1e-9,
    );
    const on = joined ?? free[0];
    if (on !== undefined) return given([on], share);
  } else if (free.length >= need) {
    return given(free.slice(0, need), 1);
  }
  const own = fitting.filter(({ is }) => is !== "others" && is !== "unlocked" && is !== "broken");
  // Even if this daemon's runs hold all the rest, one that is lost or used by others may come back.
  const unlisted = gpuStates.length < world.gpus.known.size;
  const ask = unlisted || gpuStates.some(({ is }) => is !== "held" && is !== "part");
  // Other users may keep theirs for days: no free GPU is kept idle until then.
  if (own.length >= need) return { kind: "wait", ask, keep: true };
  return { kind: "wait", ask: true, keep: false, why: whyWaiting(world, gpuStates) };
}

const given = (on: readonly GpuWithState[], share: number): Placement => ({
  kind: "slot",
  slot: {
    kind: "gpus",
    gpus: on.map(({ gpu: { uuid, index, slice, vendor } }) => ({
      uuid,
      index,
      ...defined({ slice, vendor }),
    })),
    share,
  },
});

/** The GPUs that one program can use together: whole ones, of the maker with more of them here. */
function together(gpuStates: readonly GpuWithState[]): readonly GpuWithState[] {
  const whole = gpuStates.filter(({ gpu }) => gpu.slice === undefined);
  const [amd, nvidia] = [
    whole.filter(({ gpu }) => gpu.vendor === "amd"),
    whole.filter(({ gpu }) => gpu.vendor === undefined),
  ];
  return amd.length > nvidia.length ? amd : nvidia;
}

function whyWaiting(world: World, gpuStates: readonly GpuWithState[]): string {
  const listed = new Set(gpuStates.map(({ gpu }) => gpu.uuid));
  const lost = [...world.gpus.known].filter(([uuid]) => !listed.has(uuid)).map(([, at]) => at);
  const named = (kind: GpuState): readonly string[] =>
    gpuStates.filter(({ is }) => is === kind).map(({ gpu }) => gpuNumber(gpu));
  const broken = [...named("broken"), ...lost];
  const others = named("others");
  const reasons = [
    ...gpusThat(others, "is used by somebody else", "are used by somebody else"),
    ...gpusThat(broken, "does not answer", "do not answer"),
    ...gpuStates.flatMap(({ gpu, is }) =>
      is === "unlocked"
        ? [`no lock on GPU ${gpuNumber(gpu)}: ${world.gpus.elsewhere.get(gpu.uuid)?.why ?? ""}`]
        : [],
    ),
  ];
  return reasons.join("; ");
}

function gpusThat(
  names: readonly (string | number)[],
  does: string,
  allDo: string,
): readonly string[] {
  if (names.length === 0) return [];
  return [names.length === 1 ? `GPU ${names.join()} ${does}` : `GPUs ${names.join(", ")} ${allDo}`];
}

/** Updates the watch by a driver's answer to the question of this `epoch`. */
export function seeGpus(
  watch: GpuWatch,
  gpus: readonly SeenGpu[],
  epoch: number,
  atMs: number,
): void {
  watch.snapshot = { gpus, epoch, atMs };
  for (const { uuid, index } of gpus) watch.known.set(uuid, index);
  const listed = new Set(gpus.map(({ uuid }) => uuid));
  // A GPU that was cut into slices, or slices joined again, are not lost but replaced.
  const cut = new Set(gpus.flatMap(({ index, slice }) => (slice === undefined ? [] : [index])));
  const whole = new Set(gpus.flatMap(({ index, slice }) => (slice === undefined ? [index] : [])));
  for (const [uuid, index] of watch.known) {
    if (listed.has(uuid)) continue;
    const isSlice = uuid.startsWith("MIG-");
    if (cut.has(index) || (isSlice && whole.has(index))) watch.known.delete(uuid);
  }
}
