// Which place a command may have now: GPUs that nobody uses, its part of one, or a CPU slot.
// Pure questions about the world; whose turn it is stands in order.ts and start.ts.
import { gpuNumber, type GpuWatch, type Slot, type SeenGpu } from "../domain/slot.ts";
import { runsOf, settingsOf, type Command, type World } from "../domain/world.ts";

/** Runs on the CPU at one time without a written `cpu-slots:`: most scripts use all cores. */
const CPU_SLOTS = 1;
/** A GPU with less memory in use is free: a desktop and the driver hold some hundred MB. */
const GPU_FREE_BYTES = 1e9;
/** What the driver said of others' memory is believed for this long: they may start at any time. */
const GPU_FRESH_MS = 2_000;
/** A machine without GPUs gets none while it runs, but a driver may be installed. */
const GPU_NONE_FRESH_MS = 600_000;
/** A process that ended gives its memory back within this long; later it is somebody else's. */
export const GPU_RELEASE_MS = 30_000;
/** A GPU that another daemon holds is tried again after this long. */
export const GPU_ELSEWHERE_MS = 700;

/** What the runs of this daemon hold. */
export interface HeldSlots {
  /** Parts of each GPU that are taken, 1 for a whole one. */
  readonly gpus: ReadonlyMap<string, number>;
  readonly cpu: number;
  /** A run of an earlier release holds all there is: it went alone. */
  readonly all: boolean;
}

export type Placement =
  | { readonly kind: "place"; readonly place: Slot }
  /** `ask`: the driver may know better; `keep`: what is free is kept for it. */
  | { readonly kind: "wait"; readonly ask: boolean; readonly keep: boolean; readonly why?: string }
  | { readonly kind: "never"; readonly why: string };

/** What every run that has not left yet holds, from its claim on. */
export function heldSlots(world: World): HeldSlots {
  const gpus = new Map<string, number>();
  let cpu = 0;
  let all = false;
  for (const { run } of world.commands.values()) {
    if (run === undefined || run.exited) continue;
    const { place } = run.spec;
    if (place === undefined) all = true;
    else if (place.kind === "cpu") cpu += 1;
    else for (const { uuid } of place.gpus) add(gpus, uuid, 1 / place.share);
  }
  return { gpus, cpu, all };
}

const add = (to: Map<string, number>, key: string, part: number): void => {
  to.set(key, (to.get(key) ?? 0) + part);
};

/** Whether nothing at all could be given to anybody, so that the queue need not be gone through. */
export function allTaken(world: World, held: HeldSlots): boolean {
  if (held.all) return true;
  const { snapshot: sight, known } = world.gpus;
  const slots = Math.max(
    CPU_SLOTS,
    ...[...world.labs.values()].map((lab) => slotsOf(lab.settings)),
  );
  if (held.cpu < slots || sight === undefined) return false;
  return [...known.keys()].every((uuid) => (held.gpus.get(uuid) ?? 0) >= WHOLE);
}

/** Thirds do not add up to 1 in doubles. */
const WHOLE = 1 - 1e-9;

const slotsOf = ({ cpuSlots }: { readonly cpuSlots?: number }): number => cpuSlots ?? CPU_SLOTS;

/** The place for a command, or why there is none. */
export function slotFor(world: World, command: Command, held: HeldSlots): Placement {
  const { gpus, share = 1 } = command.spec;
  const settings = settingsOf(world, command.experiment);
  const slot = (why: "asked" | "no-gpu"): Placement => {
    if (held.cpu >= slotsOf(settings)) return { kind: "wait", ask: false, keep: false };
    const first =
      why === "no-gpu" && isFirstWithoutGpu(world, command) ? { first: true as const } : {};
    return { kind: "place", place: { kind: "cpu", why, ...first } };
  };
  if (gpus === 0) return slot("asked");
  const { snapshot: sight, known, trouble } = world.gpus;
  if (sight === undefined) {
    return {
      kind: "wait",
      ask: true,
      keep: false,
      ...(trouble === undefined ? {} : { why: trouble }),
    };
  }
  if (known.size === 0) {
    if (world.nowMs - sight.atMs > GPU_NONE_FRESH_MS)
      return { kind: "wait", ask: true, keep: false };
    if (gpus === undefined && command.spec.share === undefined) return slot("no-gpu");
    return { kind: "never", why: `it asks for ${count(gpus ?? 1)}; this machine has none` };
  }
  const need = gpus ?? 1;
  if (need > known.size) {
    return { kind: "never", why: `it asks for ${count(need)}; this machine has ${known.size}` };
  }
  const freeBelow = settings.gpuFreeBelow ?? GPU_FREE_BYTES;
  const standings = sight.gpus.map((gpu) => ({ gpu, is: standing(world, gpu, held, freeBelow) }));
  return choose(world, standings, need, share, held);
}

/** Whether no run of the lab has gone on the CPU for want of a GPU before. */
function isFirstWithoutGpu(world: World, { experiment }: Command): boolean {
  const lab = world.experiments.get(experiment)?.lab;
  for (const other of world.commands.values()) {
    if (world.experiments.get(other.experiment)?.lab !== lab) continue;
    for (const { spec } of runsOf(other)) {
      if (spec.place?.kind === "cpu" && spec.place.why === "no-gpu") return false;
    }
  }
  return true;
}

const count = (gpus: number): string => `${gpus} GPU${gpus === 1 ? "" : "s"}`;

/**
 * `free`: ours to give now. `part`: runs of ours have only some of it. `held`: ours, whole.
 * `unsure`: nobody was asked since it was last used, or too long ago. `others`: somebody else's.
 */
type Standing = "free" | "part" | "held" | "unsure" | "leaving" | "others" | "broken";

function standing(world: World, gpu: SeenGpu, held: HeldSlots, freeBelow: number): Standing {
  const { snapshot: sight, left, elsewhere } = world.gpus;
  const taken = held.gpus.get(gpu.uuid) ?? 0;
  if (taken >= WHOLE) return "held";
  if (gpu.broken === true) return "broken";
  if (taken > 0) return "part";
  const since = left.get(gpu.uuid);
  if (sight === undefined || sight.epoch < (since?.epoch ?? 0)) return "unsure";
  if (world.nowMs - (elsewhere.get(gpu.uuid) ?? -Infinity) < GPU_ELSEWHERE_MS) return "others";
  if ((gpu.memoryUsed ?? 0) >= freeBelow) {
    return world.nowMs - (since?.atMs ?? -Infinity) < GPU_RELEASE_MS ? "leaving" : "others";
  }
  return world.nowMs - sight.atMs > GPU_FRESH_MS ? "unsure" : "free";
}

interface Standings {
  readonly gpu: SeenGpu;
  readonly is: Standing;
}

function choose(
  world: World,
  standings: readonly Standings[],
  need: number,
  share: number,
  held: HeldSlots,
): Placement {
  const fitting = need === 1 ? standings : together(standings);
  const lost = world.gpus.known.size - standings.length;
  if (fitting.length < standings.length && fitting.length + lost < need) {
    const why = "a program can use one slice of a GPU only, and GPUs of one maker";
    return { kind: "never", why: `it asks for ${count(need)}, and ${why}` };
  }
  const free = fitting.filter(({ is }) => is === "free");
  if (share > 1) {
    // What is already shared is filled first: a whole GPU may be wanted by somebody else.
    const joined = standings.find(
      ({ gpu, is }) => is === "part" && (held.gpus.get(gpu.uuid) ?? 0) + 1 / share <= 1 + 1e-9,
    );
    const on = joined ?? free[0];
    if (on !== undefined) return given([on], share);
  } else if (free.length >= need) {
    return given(free.slice(0, need), 1);
  }
  const own = fitting.filter(({ is }) => is !== "others" && is !== "broken");
  // One that is lost or somebody else's may be back at any time, though ours hold all the rest.
  const unlisted = standings.length < world.gpus.known.size;
  const ask = unlisted || standings.some(({ is }) => is !== "held" && is !== "part");
  // What strangers use may stay theirs for days: nothing is kept empty for it meanwhile.
  if (own.length >= need) return { kind: "wait", ask, keep: true };
  return { kind: "wait", ask: true, keep: false, why: whyWaiting(world, standings) };
}

const given = (on: readonly Standings[], share: number): Placement => ({
  kind: "place",
  place: {
    kind: "gpus",
    gpus: on.map(({ gpu: { uuid, index, slice, vendor } }) => ({
      uuid,
      index,
      ...(slice === undefined ? {} : { slice }),
      ...(vendor === undefined ? {} : { vendor }),
    })),
    share,
  },
});

/** Those that one program can use at once: whole GPUs of the maker that has more of them here. */
function together(standings: readonly Standings[]): readonly Standings[] {
  const whole = standings.filter(({ gpu }) => gpu.slice === undefined);
  const [amd, nvidia] = [
    whole.filter(({ gpu }) => gpu.vendor === "amd"),
    whole.filter(({ gpu }) => gpu.vendor === undefined),
  ];
  return amd.length > nvidia.length ? amd : nvidia;
}

function whyWaiting(world: World, standings: readonly Standings[]): string {
  const listed = new Set(standings.map(({ gpu }) => gpu.uuid));
  const lost = [...world.gpus.known].filter(([uuid]) => !listed.has(uuid)).map(([, at]) => at);
  const named = (kind: Standing): readonly string[] =>
    standings.filter(({ is }) => is === kind).map(({ gpu }) => gpuNumber(gpu));
  const broken = [...named("broken"), ...lost];
  const others = named("others");
  const told = [
    ...gpusThat(others, "is used by somebody else", "are used by somebody else"),
    ...gpusThat(broken, "does not answer", "do not answer"),
  ];
  return told.join("; ");
}

function gpusThat(
  names: readonly (string | number)[],
  does: string,
  allDo: string,
): readonly string[] {
  if (names.length === 0) return [];
  return [names.length === 1 ? `GPU ${names.join()} ${does}` : `GPUs ${names.join(", ")} ${allDo}`];
}

/** The GPUs of an answer, laid over what was known. */
export function seeGpus(
  watch: GpuWatch,
  gpus: readonly SeenGpu[],
  epoch: number,
  atMs: number,
): void {
  watch.snapshot = { gpus, epoch, atMs };
  for (const { uuid, index } of gpus) watch.known.set(uuid, index);
  const listed = new Set(gpus.map(({ uuid }) => uuid));
  // One that was cut into slices since, or put together again, is not lost.
  const cut = new Set(gpus.flatMap(({ index, slice }) => (slice === undefined ? [] : [index])));
  const whole = new Set(gpus.flatMap(({ index, slice }) => (slice === undefined ? [index] : [])));
  for (const [uuid, index] of watch.known) {
    if (listed.has(uuid)) continue;
    const isSlice = uuid.startsWith("MIG-");
    if (cut.has(index) || (isSlice && whole.has(index))) watch.known.delete(uuid);
  }
}
