// Environments built while others run, so that a GPU that becomes free waits for no download.
// It only asks and keeps the answers: a run's environment is judged when its turn comes.
import type { EventOf } from "../domain/event.ts";
import type { Command, World } from "../domain/world.ts";
import type { Turn } from "../domain/turn.ts";
import { attemptSpec } from "./attempt-spec.ts";
import { inOrder, startable } from "./order.ts";
import { readableIn } from "./start.ts";
import { firstOf } from "./sweep.ts";

/** Environments of commands that wait are looked at again after this long: a script may change... */
const AHEAD_LOOK_MS = 10_000;
/** Commands whose environments are built ahead, one after the other: some may wait for the night. */
const AHEAD_COMMANDS = 16;

/** Asks for the environment of a command that will start soon, one after the other. */
export function prefetchEnvironments(turn: Turn): void {
  const { world } = turn;
  const { prefetch: ahead } = world;
  for (const id of ahead.looked.keys()) {
    const command = world.commands.get(id);
    if (command === undefined || !startable(command)) ahead.looked.delete(id);
  }
  if (world.paused || ahead.asked !== undefined || !isBusy(world)) return;
  const next = inOrder(world).filter(readableIn(world));
  for (const command of next.slice(0, AHEAD_COMMANDS)) {
    if (world.examining?.command === command.id) continue;
    const looked = ahead.looked.get(command.id);
    const dueAtMs = looked === undefined ? turn.atMs : looked.atMs + AHEAD_LOOK_MS;
    if (dueAtMs > turn.atMs) {
      turn.wake(dueAtMs);
      continue;
    }
    ahead.asked = command.id;
    const spec = attemptSpec(world, firstOf(command), { kind: "cpu", why: "asked" });
    turn.effect({ kind: "prepare-ahead", command: command.id, spec });
    return;
  }
}

/** Without any run a command does not wait for a place: it starts, and builds its own. */
function isBusy({ commands }: World): boolean {
  for (const { run } of commands.values()) if (run !== undefined && !run.exited) return true;
  return false;
}

/** Keeps the answer; a trouble that is new or gone is for the receipt. */
export function onEnvironmentPrefetched(
  { world, atMs }: Turn,
  { command: id, failure }: EventOf<"environment-ahead">,
): void {
  const { prefetch: ahead } = world;
  if (ahead.asked === id) ahead.asked = undefined;
  const before = ahead.looked.get(id)?.failure;
  ahead.looked.set(id, { atMs, ...(failure === undefined ? {} : { failure }) });
  const experiment = world.commands.get(id)?.experiment;
  const view = experiment === undefined ? undefined : world.views.get(experiment);
  if (experiment === undefined || view === undefined || before === failure) return;
  world.views.set(experiment, { ...view, dirty: true });
}

/** Why the environment of a command that waits cannot be built, as far as is known. */
export function prefetchFailure(world: World, command: Command): string | undefined {
  return startable(command) ? world.prefetch.looked.get(command.id)?.failure : undefined;
}
