// When the driver is asked about the GPUs: while a command waits for one and none is known free.
// On an idle machine it is never asked; what an answer means for a command is in gpu-placement.ts.
import type { EventOf } from "../domain/event.ts";
import type { Turn } from "../domain/turn.ts";
import { heldSlots, seeGpus, GPU_RELEASE_MS } from "./gpu-placement.ts";

/** For this long after an exit the driver is asked often: most GPUs are free well within 1 s. */
const GPU_RELEASE_SOON_MS = 5_000;
/** The time between questions in that span. */
const GPU_LOOK_SOON_MS = 25;
/** The time between questions after it, until GPU_RELEASE_MS have passed. */
const GPU_LOOK_MS = 250;
/** The same while others use the GPUs, or the driver is silent: no free GPU idles for long. */
const GPU_LOOK_OTHERS_MS = 750;
/** The pause after an answer is this many times what the answer took, so asking stays cheap. */
const GPU_LOOK_SHARE = 4;

/** Asks the driver, at once or as soon as the pace allows; one question at a time. */
export function askForGpus(turn: Turn): void {
  const { gpus } = turn.world;
  if (gpus.asked) return;
  if (turn.atMs < gpus.nextAtMs) {
    turn.wake(gpus.nextAtMs);
    return;
  }
  gpus.asked = true;
  turn.effect({ kind: "probe-gpus", epoch: gpus.epoch });
}

/** Handles a driver's answer. Where it did not answer, no run changes and known GPUs stay known. */
export function onGpusSeen(turn: Turn, event: EventOf<"gpus-seen">): void {
  const { gpus } = turn.world;
  const { seen, epoch, tookMs } = event;
  gpus.asked = false;
  const costMs = tookMs * GPU_LOOK_SHARE;
  if (seen.kind === "seen" || (seen.noDriver && gpus.known.size === 0)) {
    seeGpus(gpus, seen.kind === "seen" ? seen.gpus : [], epoch, turn.atMs);
    delete gpus.trouble;
    gpus.nextAtMs = turn.atMs + paceMs(turn, tookMs, costMs);
    return;
  }
  gpus.trouble = seen.why;
  gpus.nextAtMs = turn.atMs + Math.max(GPU_LOOK_OTHERS_MS, costMs);
  if (gpus.snapshot !== undefined) {
    // No GPU is given on an old answer while its driver is silent.
    gpus.snapshot = { ...gpus.snapshot, epoch: -1 };
  }
}

/** The pause before the next question, ms: short while a run's memory is being freed. */
function paceMs(turn: Turn, tookMs: number, costMs: number): number {
  const { left, epoch } = turn.world.gpus;
  const held = heldSlots(turn.world).gpus;
  const last = [...left].reduce(
    (newest, [uuid, { atMs }]) => (held.has(uuid) ? newest : Math.max(newest, atMs)),
    -Infinity,
  );
  const sinceMs = epoch === 0 ? Infinity : turn.atMs - last;
  if (sinceMs < GPU_RELEASE_SOON_MS) return Math.max(GPU_LOOK_SOON_MS, tookMs);
  if (sinceMs < GPU_RELEASE_MS) return Math.max(GPU_LOOK_MS, costMs);
  return Math.max(GPU_LOOK_OTHERS_MS, costMs);
}
