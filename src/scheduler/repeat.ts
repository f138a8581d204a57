// Runs that repeat an earlier one: commands from the command line, which are in no journal.
// effects/repeat/restore-run.ts has restored the earlier run's code before one is queued here.
import type { EventOf } from "../domain/event.ts";
import type { ExperimentPath } from "../base/ids.ts";
import type { Command, World } from "../domain/world.ts";
import type { Turn } from "../domain/turn.ts";

/** Queues the repeat; a second request with the same id changes nothing. */
export function onRepeatAsked(turn: Turn, event: EventOf<"repeat-asked">): void {
  const { id, experiment, spec, source, repeats, code } = event;
  if (turn.world.commands.has(id) || !turn.world.experiments.has(experiment)) return;
  turn.record({
    kind: "repeat-queued",
    id,
    experiment,
    spec,
    source,
    repeats,
    code: { ...code, atMs: turn.atMs },
  });
}

/** The repeats of an experiment's runs, oldest first. */
export function repeatsIn(world: World, experiment: ExperimentPath): readonly Command[] {
  const ids = world.experiments.get(experiment)?.repeats ?? [];
  return ids.flatMap((id) => world.commands.get(id) ?? []);
}
