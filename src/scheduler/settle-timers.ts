// Time as the timers of a journal have it: an editor that closes shortens it, a jump adds none.
// How long a block must stand is in settle.ts; only what is seen, nothing durable, changes here.
import type { ExperimentPath } from "../base/ids.ts";
import type { JournalView, Settling } from "../domain/journal-view.ts";
import type { World } from "../domain/world.ts";
import type { Turn } from "../domain/turn.ts";

/** Nobody is in the middle of a word any more: what stands there now was meant to. */
export function onEditorClosed(turn: Turn, experiment: ExperimentPath): void {
  const view = turn.world.views.get(experiment);
  if (view === undefined) return;
  changeSettling(turn.world, experiment, view, (settling) => ({
    ...settling,
    closedAtMs: settling.closedAtMs ?? turn.atMs,
  }));
}

/** The clock was set forward, or the machine slept: whoever was typing had none of that time. */
export function passOver(world: World, byMs: number): void {
  for (const [experiment, view] of world.views) {
    const { changedAtMs, busySinceMs, ticked } = view;
    const later = {
      ...view,
      changedAtMs: changedAtMs + byMs,
      busySinceMs: busySinceMs + byMs,
      ticked: new Map([...ticked].map(([id, sinceMs]) => [id, sinceMs + byMs])),
    };
    changeSettling(world, experiment, later, (settling) => ({
      ...settling,
      sinceMs: settling.sinceMs + byMs,
      ...(settling.closedAtMs === undefined ? {} : { closedAtMs: settling.closedAtMs + byMs }),
    }));
  }
}

function changeSettling(
  world: World,
  experiment: ExperimentPath,
  view: JournalView,
  change: (settling: Settling) => Settling,
): void {
  const settling = new Map([...view.settling].map(([at, one]) => [at, change(one)]));
  world.views.set(experiment, { ...view, settling });
}
