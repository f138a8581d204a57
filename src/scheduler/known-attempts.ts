// Which attempts on a lab's disk need no word: those of the ledger, and those that the user knows.
import { commandId, experimentPath, type AttemptId } from "../base/ids.ts";
import { ENDED, type CommandState } from "../domain/command-state.ts";
import type { AttemptSpec } from "../domain/run.ts";
import { runsOf, type World } from "../domain/world.ts";

/**
 * Whether an attempt is in the ledger, or its claim was told for what `spec` is about to start, or a
 * receipt in the experiment's journal tells the end of its command, which is another one.
 */
export function knownAttempts(world: World, spec: AttemptSpec): (attempt: AttemptId) => boolean {
  const told = [spec.command, headOf(spec.command)].flatMap(
    (id) => world.commands.get(commandId(id))?.claimsTold ?? [],
  );
  const { blocks = [] } = world.views.get(experimentPath(spec.experiment))?.reading ?? {};
  const ended = new Set(
    blocks.flatMap(({ receipt }) =>
      (receipt?.heads ?? []).flatMap(({ id, state }) =>
        ENDED.has(state as CommandState) ? (id ?? []) : [],
      ),
    ),
  );
  return (attempt) => {
    const id = attempt.replace(/-\d+$/, "");
    const command = world.commands.get(commandId(id));
    const inLedger =
      command !== undefined && runsOf(command).some((run) => run.attempt === attempt);
    // What has a receipt of its own end is not to run again, whatever the ledger says of it.
    const isAnother = headOf(id) !== headOf(spec.command);
    return inLedger || told.includes(attempt) || (isAnother && ended.has(headOf(id)));
  };
}

/** The command that has a receipt: of a sweep's member the sweep. */
const headOf = (id: string): string => id.replace(/\.\d+$/, "");
