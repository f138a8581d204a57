// When a receipt is due: each write may make an editor ask its user what to do with the file.
// What receipts say is in journal/receipt/receipt.ts, whether the file is quiet in publish.ts.
import type { CommandId } from "../base/ids.ts";
import { ENDED } from "../domain/command-state.ts";
import type { JournalView } from "../domain/journal-view.ts";
import type { Command, World } from "../domain/world.ts";
import { membersOf } from "../domain/members.ts";
import type { Turn } from "../domain/turn.ts";
import { changeView } from "./change-view.ts";

/** A state that lasts less than this is not worth a write into an open editor. */
const WORTH_WRITING_MS = 5_000;
/** The pause between two changes of a sweep's receipt is the sweep's age divided by this. */
const SWEEP_PACE_SHARE = 20;
/** The least pause between two changes of a sweep's receipt. */
const SWEEP_PACE_LEAST_MS = 30_000;
/** The longest pause between two changes of a sweep's receipt. */
const SWEEP_PACE_MOST_MS = 300_000;

/**
 * When the common receipt of these commands is due, ms since 1970. A state has to last for
 * WORTH_WRITING_MS, and an ending waits for its plots: until then Infinity. Changes within a sweep
 * wait for its pace, unless the sweep has no receipt yet (`shown`).
 */
export function receiptDueAtMs(
  world: World,
  view: JournalView,
  commands: readonly Command[],
  shown: boolean,
): number {
  const dueAtMs = Math.max(0, ...commands.map((command) => stateDueAtMs(world, command)));
  if (!shown || commands.length === 0) return dueAtMs;
  return Math.max(dueAtMs, Math.min(...commands.map((command) => pacedUntilMs(view, command))));
}

/** When a command's present state is due, ms since 1970; 0: at once. */
function stateDueAtMs(world: World, command: Command): number {
  const { run, state, stateSinceMs } = command;
  if (command.members !== undefined && ENDED.has(state)) {
    const ended = membersOf(world, command).map((member) => member.run);
    return ended.some((one) => one?.plotted === false && one.outcome !== undefined) ? Infinity : 0;
  }
  if (run?.plotted === true) return 0;
  if (run?.outcome !== undefined) return Infinity;
  if (ENDED.has(state) || state === "held") return 0;
  return Math.max(stateSinceMs, run?.flaggedAtMs ?? 0) + WORTH_WRITING_MS;
}

/** Until when a sweep's receipt may stay as it is, if the sweep's state has not changed. */
const pacedUntilMs = ({ paced }: JournalView, { id, state }: Command): number => {
  const last = paced?.get(id);
  return last?.state === state ? last.untilMs : 0;
};

/** The view's `paced` after a write: until when each sweep's receipt may stay as it is. */
export function pacedFrom(
  world: World,
  view: JournalView,
  written: readonly CommandId[],
): NonNullable<JournalView["paced"]> {
  const paced = new Map(view.paced);
  for (const id of written) {
    const head = world.commands.get(id);
    if (head?.members === undefined) continue;
    if (ENDED.has(head.state)) paced.delete(id);
    else paced.set(id, { state: head.state, untilMs: world.nowMs + paceMs(world, head) });
  }
  return paced;
}

/** The longer a sweep has run, the less one of its runs changes the picture. */
function paceMs(world: World, head: Command): number {
  const started = membersOf(world, head).flatMap(({ run }) => run?.claimedAtMs ?? []);
  const sinceMs = world.nowMs - Math.min(world.nowMs, ...started);
  return Math.min(SWEEP_PACE_MOST_MS, Math.max(SWEEP_PACE_LEAST_MS, sinceMs / SWEEP_PACE_SHARE));
}

/** Marks the journals dirty whose receipts may differ by a fact of this turn, now or later. */
export function markDirty(turn: Turn): void {
  const { world } = turn;
  for (const fact of turn.facts) {
    const command = "id" in fact ? world.commands.get(fact.id) : undefined;
    if (command === undefined) continue;
    const { experiment } = command;
    const shownFromMs = memberShownFromMs(world, command);
    if (shownFromMs <= turn.atMs) {
      changeView(world, experiment, { dirty: true });
    } else {
      const lookAtMs = Math.min(world.views.get(experiment)?.lookAtMs ?? Infinity, shownFromMs);
      changeView(world, experiment, { lookAtMs });
    }
  }
}

/** When a change of a sweep's member may be shown, ms since 1970; 0 for any other command. */
function memberShownFromMs(world: World, { parent }: Command): number {
  const head = parent === undefined ? undefined : world.commands.get(parent);
  const view = head === undefined ? undefined : world.views.get(head.experiment);
  if (head === undefined || view === undefined) return 0;
  const dueAtMs = stateDueAtMs(world, head);
  return Number.isFinite(dueAtMs) ? Math.max(dueAtMs, pacedUntilMs(view, head)) : 0;
}
