// Builds the environments of waiting commands while others run, so that a free GPU waits for no
// download. A failure here only shows in the receipt: what counts is the build before the start.
import type { EventOf } from "../domain/event.ts";
import type { Command, World } from "../domain/world.ts";
import { atWork } from "../domain/pause-text.ts";
import type { Turn } from "../domain/turn.ts";
import { attemptSpec } from "./attempt-spec.ts";
import { changeView } from "./change-view.ts";
import { inOrder, startable } from "./order.ts";
import { readableIn } from "./start.ts";
import { firstOf } from "./sweep.ts";
import { defined } from "../base/defined.ts";

/** A waiting command's environment is built again after this long: its script may have changed. */
const PREFETCH_AGAIN_MS = 10_000;
/** Only the next commands in the queue get an environment: later ones may wait for the night. */
const PREFETCH_COMMANDS = 16;

/** Requests the environment of the next waiting command that needs one, one at a time. */
export function prefetchEnvironments(turn: Turn): void {
  const { world } = turn;
  const { prefetch } = world;
  for (const id of prefetch.looked.keys()) {
    const command = world.commands.get(id);
    if (command === undefined || !startable(command)) prefetch.looked.delete(id);
  }
  // With nothing running, the next command starts at once and builds its own.
  if (world.paused || prefetch.asked !== undefined || atWork(world) === 0) return;
  const next = inOrder(world).filter(readableIn(world));
  for (const command of next.slice(0, PREFETCH_COMMANDS)) {
    if (world.examining?.command === command.id) continue;
    const looked = prefetch.looked.get(command.id);
    const dueAtMs = looked === undefined ? turn.atMs : looked.atMs + PREFETCH_AGAIN_MS;
    if (dueAtMs > turn.atMs) {
      turn.wake(dueAtMs);
      continue;
    }
    prefetch.asked = command.id;
    const spec = attemptSpec(world, firstOf(command), { kind: "cpu", why: "asked" });
    turn.effect({ kind: "prepare-ahead", command: command.id, spec });
    return;
  }
}

/** Keeps the result; the receipt changes only where a failure is new or gone. */
export function onEnvironmentPrefetched(
  { world, atMs }: Turn,
  { command: id, failure }: EventOf<"environment-ahead">,
): void {
  const { prefetch } = world;
  if (prefetch.asked === id) prefetch.asked = undefined;
  const before = prefetch.looked.get(id)?.failure;
  prefetch.looked.set(id, { atMs, ...defined({ failure }) });
  const experiment = world.commands.get(id)?.experiment;
  if (experiment !== undefined && before !== failure)
    changeView(world, experiment, { dirty: true });
}

/** Why the environment of a waiting command could not be built; undefined where it could. */
export function prefetchFailure(world: World, command: Command): string | undefined {
  return startable(command) ? world.prefetch.looked.get(command.id)?.failure : undefined;
}
