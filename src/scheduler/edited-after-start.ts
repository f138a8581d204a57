// A block that is edited after its start: nothing runs again, but a longer `timeout` takes effect.
// Edits before the start are in settle-timers.ts, which block is which command in align-journal.ts.
import type { CommandSpec } from "../domain/command.ts";
import type { CommandId, ExperimentPath } from "../base/ids.ts";
import type { FoundCommand } from "../domain/journal.ts";
import { hasBegun, type Command } from "../domain/world.ts";
import { limitOf } from "./approval.ts";
import { membersOf, unstarted } from "../domain/members.ts";
import type { Turn } from "../domain/turn.ts";
import { blockIndexes } from "../journal/identity/block-index.ts";

/** Records of started commands that their block was edited since, or no longer differs. */
export function noteEdits(
  turn: Turn,
  experiment: ExperimentPath,
  placed: ReadonlyMap<string, CommandId>,
): void {
  const { world } = turn;
  const view = world.views.get(experiment);
  if (view === undefined) return;
  const positions = blockIndexes(view.reading);
  for (const [at, id] of placed) {
    const found = positions.get(at)?.command;
    const command = world.commands.get(id);
    if (found === undefined || command === undefined || !hasBegun(command)) continue;
    extendLimit(turn, command, found);
    const changed = found.canonical !== command.canonical && !onlyLonger(command, found);
    if (changed && command.ranAs === undefined) {
      turn.record({ kind: "command-ran-as", id, text: command.source });
    } else if (!changed && command.ranAs !== undefined) {
      turn.record({ kind: "command-ran-as", id });
    }
  }
}

/** A `timeout` that is added or raised while a run is running extends its limit. */
function extendLimit(turn: Turn, command: Command, found: FoundCommand): void {
  const limitMs = found.spec?.timeoutMs;
  const lab = turn.world.experiments.get(command.experiment)?.lab;
  if (limitMs === undefined || lab === undefined || !onlyLonger(command, found)) return;
  for (const { id, run } of [command, ...membersOf(turn.world, command)]) {
    if (run === undefined || run.exited || limitMs <= run.limitMs) continue;
    turn.record({ kind: "limit-extended", id, limitMs });
    turn.effect({ kind: "extend-limit", attempt: run.attempt, lab, limitMs });
  }
  // Runs of a sweep that have not started get the new limit from the start.
  for (const { id, spec, canonical, form, source } of unstarted(turn.world, command)) {
    if (limitMs <= limitOf(turn.world, { ...command, spec })) continue;
    const longer = { ...spec, timeoutMs: limitMs };
    turn.record({ kind: "command-edited", id, spec: longer, canonical, form, source });
  }
}

/** Whether the edit changed nothing but `timeout`, `because` and the approval. */
function onlyLonger(command: Command, found: FoundCommand): boolean {
  return found.spec !== undefined && withoutLimit(command.spec) === withoutLimit(found.spec);
}

function withoutLimit(spec: CommandSpec): string {
  const { timeoutMs: _t, because: _b, go: _g, ...rest } = spec;
  return JSON.stringify(rest);
}
