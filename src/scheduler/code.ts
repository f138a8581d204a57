// The code that a command was queued with: when it is noted or copied, and how a start uses it.
// Hashing and copying files is left to effects/code/.
import { changedFiles, type CodeSeen, type NotedCode } from "../domain/code.ts";
import { ENDED } from "../domain/command-state.ts";
import type { EventOf } from "../domain/event.ts";
import type { CommandId, ExperimentPath } from "../base/ids.ts";
import type { StartFacts } from "../domain/run.ts";
import type { Command, World } from "../domain/world.ts";
import type { Turn } from "../domain/turn.ts";
import { READY, type Readiness } from "./readiness.ts";

/** Requests the code of the commands that this turn queued or approved, once an experiment. */
export function noteCode(turn: Turn): void {
  const queued = turn.facts.flatMap((fact) => {
    switch (fact.kind) {
      case "command-accepted":
      case "command-edited":
      case "command-released":
        return [fact.id];
      default:
        return [];
    }
  });
  if (queued.length > 0) requestCode(turn, queued);
}

/** After a start of the daemon: requests code that the last one had no time to note. */
export function noteCodeAgain(turn: Turn): void {
  requestCode(turn, turn.world.open);
}

function requestCode(turn: Turn, ids: Iterable<CommandId>): void {
  const { world } = turn;
  const of = new Map<ExperimentPath, { id: CommandId; snapshot: boolean }[]>();
  for (const id of new Set(ids)) {
    const command = world.commands.get(id);
    if (command === undefined || !isWanted(command) || command.code !== undefined) continue;
    const others = of.get(command.experiment) ?? [];
    of.set(command.experiment, [...others, { id, snapshot: command.spec.snapshot === true }]);
  }
  for (const [experiment, commands] of of) {
    const lab = world.experiments.get(experiment)?.lab;
    if (lab !== undefined) turn.effect({ kind: "note-code", experiment, lab, commands });
  }
}

/**
 * Whether a command's code is still to be noted: it runs a script, has not started, and its code is
 * not known yet. With `snapshot` a later copy replaces an earlier one.
 */
function isWanted({ spec, state, code, run, parent, repeats }: Command): boolean {
  if (spec.verb === "stop" || spec.verb === "queue") return false;
  if (parent !== undefined || repeats !== undefined) return false;
  if (code !== undefined && spec.snapshot !== true) return false;
  return run === undefined && !ENDED.has(state);
}

/** Records the code of those commands that have not started or ended in the meantime. */
export function onCodeNoted(turn: Turn, event: EventOf<"code-noted">): void {
  const { experiment, code, snapshot } = event;
  const ids = event.commands.filter((id) => {
    const command = turn.world.commands.get(id);
    return command !== undefined && isWanted(command);
  });
  if (ids.length === 0) return;
  const copied = snapshot === undefined ? {} : { snapshot };
  turn.record({ kind: "code-noted", experiment, ids, code, ...copied });
}

/** The code that a command was queued with; members of a sweep share the sweep's. */
export function queuedCode(world: World, { code, parent }: Command): NotedCode | undefined {
  return code ?? (parent === undefined ? undefined : world.commands.get(parent)?.code);
}

/** A command with `snapshot` starts with its copy of the code or not at all. */
export function snapshotReady(world: World, command: Command): Readiness {
  if (command.spec.snapshot !== true || command.repeats !== undefined) return READY;
  const snapshot = queuedCode(world, command)?.snapshot;
  if (snapshot === undefined) return { kind: "wait", reason: "its code is being copied" };
  if (snapshot.kind === "kept") return READY;
  return { kind: "hold", reason: `its code could not be copied: ${snapshot.why}` };
}

/** Whether the copied code that a command is to run was changed after it was copied. */
export function isOtherCode(
  world: World,
  command: Command,
  { codeHash }: { readonly codeHash: string },
): boolean {
  const queued = queuedCode(world, command);
  return queued?.snapshot?.kind === "kept" && queued.hash !== codeHash;
}

/** Absolute path of the copied code that a command runs; undefined where it runs none. */
export function codeDirOf(world: World, command: Command): string | undefined {
  const snapshot = queuedCode(world, command)?.snapshot;
  return snapshot?.kind === "kept" ? snapshot.dir : undefined;
}

/** Which scripts changed between the queueing of a command and its start, for its record. */
export function changedSince(
  world: World,
  command: Command,
  now: CodeSeen | undefined,
): Pick<StartFacts, "changed" | "queuedCodeHash"> {
  const queued = queuedCode(world, command);
  if (queued === undefined || now === undefined || command.repeats !== undefined) return {};
  const changed = changedFiles(queued, now);
  return changed.length === 0 ? {} : { changed, queuedCodeHash: queued.hash };
}

/** Deletes the copied code of commands that ended in this turn. */
export function dropSnapshots(turn: Turn): void {
  const ids = new Set(
    turn.facts.flatMap((fact) =>
      fact.kind === "run-ended" || fact.kind === "command-state" ? [fact.id] : [],
    ),
  );
  for (const id of ids) drop(turn, id);
}

/** After a start of the daemon: deletes copies that the last one left. */
export function dropLeftSnapshots(turn: Turn): void {
  for (const id of turn.world.commands.keys()) drop(turn, id);
}

function drop(turn: Turn, id: CommandId): void {
  const { world } = turn;
  const command = world.commands.get(id);
  if (command?.code?.snapshot?.kind !== "kept" || !ENDED.has(command.state)) return;
  const { experiment } = command;
  const lab = world.experiments.get(experiment)?.lab;
  if (lab !== undefined) turn.effect({ kind: "drop-snapshot", experiment, lab, command: id });
}
