// The one function that updates what is known of a journal on disk (domain/journal-view.ts).
// Views are not durable, so no fact stands behind such a change.
import type { ExperimentPath } from "../base/ids.ts";
import type { JournalView } from "../domain/journal-view.ts";
import type { World } from "../domain/world.ts";

/** Changes fields of the view of an experiment's journal; ignored where none was read yet. */
export function changeView(
  world: World,
  experiment: ExperimentPath,
  change: Partial<JournalView>,
): void {
  const view = world.views.get(experiment);
  if (view !== undefined) world.views.set(experiment, { ...view, ...change });
}
