// Runs that repeat an earlier one: commands of the command line, which stand in no journal.
// Whether an earlier run can be had again was found out before they are asked for.
import type { EventOf } from "../domain/event.ts";
import type { ExperimentPath } from "../base/ids.ts";
import type { Command, World } from "../domain/world.ts";
import type { Turn } from "../domain/turn.ts";

/** Queues the run; asked for twice it is one. */
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

/** The repeats of an experiment's runs, the oldest first. */
export function repeatsIn(world: World, experiment: ExperimentPath): readonly Command[] {
  const ids = world.experiments.get(experiment)?.repeats ?? [];
  return ids.flatMap((id) => world.commands.get(id) ?? []);
}
