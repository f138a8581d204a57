// When the driver is asked how the GPUs are: while a command could use one and none is known free.
// An idle machine is never asked; what an answer means for a command is in gpu-placement.ts.
import type { EventOf } from "../domain/event.ts";
import type { Turn } from "../domain/turn.ts";
import { heldSlots, seeGpus, GPU_RELEASE_MS } from "./gpu-placement.ts";

/** In its first seconds the release is looked for often: most take well under one. */
const GPU_RELEASE_SOON_MS = 5_000;
const GPU_LOOK_SOON_MS = 25;
const GPU_LOOK_MS = 250;
/** Others' use, or a silent driver, is looked at so often: no GPU that a run could have idles. */
const GPU_LOOK_OTHERS_MS = 750;
/** Looking takes at most one part in this many of the time. */
const GPU_LOOK_SHARE = 4;

/** Asks, at once or as soon as the pace allows; a question under way is enough. */
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

/** Takes an answer. Where there was none, no run's state changes: what was known stays known. */
export function onGpusSeen(turn: Turn, event: EventOf<"gpus-seen">): void {
  const { gpus } = turn.world;
  const { seen, epoch, tookMs } = event;
  gpus.asked = false;
  // A slow driver is asked seldom, so that asking costs a small part of one core.
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
    // A GPU whose driver is silent is not given away on an old answer.
    gpus.snapshot = { ...gpus.snapshot, epoch: -1 };
  }
}

/** Quick while memory is being given back, then slower; others keep theirs for long. */
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
