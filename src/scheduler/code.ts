// The code that a command was queued with: when it is looked at, and what a start makes of it.
// Hashing and copying files are the hands'; here is no disk.
import { changedFiles, type CodeSeen, type NotedCode } from "../domain/code.ts";
import { ENDED } from "../domain/command-state.ts";
import type { EventOf } from "../domain/event.ts";
import type { CommandId, ExperimentPath } from "../base/ids.ts";
import type { StartFacts } from "../domain/run.ts";
import type { Command, World } from "../domain/world.ts";
import type { Turn } from "../domain/turn.ts";
import type { Readiness } from "./readiness.ts";

/** Asks once for each experiment what code the commands have that this turn queued or let go. */
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
  if (queued.length > 0) ask(turn, queued);
}

/** After a start of the daemon: what was queued just before the last one ended is looked at now. */
export function noteCodeAgain(turn: Turn): void {
  ask(turn, turn.world.commands.keys());
}

function ask(turn: Turn, ids: Iterable<CommandId>): void {
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
 * It runs a script, has not started, and its code is not known yet. The copy of a later look takes
 * the place of an earlier one.
 */
function isWanted({ spec, state, code, run, parent, repeats }: Command): boolean {
  if (spec.verb === "stop" || spec.verb === "queue") return false;
  if (parent !== undefined || repeats !== undefined) return false;
  if (code !== undefined && spec.snapshot !== true) return false;
  return run === undefined && !ENDED.has(state);
}

/** Records what was seen; of commands that were edited or started meanwhile nothing. */
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

/** The code that a command was queued with; a sweep's members share the sweep's. */
function queuedCode(world: World, { code, parent }: Command): NotedCode | undefined {
  return code ?? (parent === undefined ? undefined : world.commands.get(parent)?.code);
}

/** A command that asked for a copy of the code starts with that or not at all. */
export function snapshotReady(world: World, command: Command): Readiness {
  if (command.spec.snapshot !== true || command.repeats !== undefined) return { kind: "ready" };
  const snapshot = queuedCode(world, command)?.snapshot;
  if (snapshot === undefined) return { kind: "wait", reason: "its code is being copied" };
  if (snapshot.kind === "kept") return { kind: "ready" };
  return { kind: "hold", reason: `its code could not be copied: ${snapshot.why}` };
}

/** Whether the copy that a command is to run is not what was copied: somebody was there. */
export function isOtherCode(
  world: World,
  command: Command,
  { codeHash }: { readonly codeHash: string },
): boolean {
  const queued = queuedCode(world, command);
  return queued?.snapshot?.kind === "kept" && queued.hash !== codeHash;
}

/** Folder of the copied code that a command runs, where it does. */
export function codeDirOf(world: World, command: Command): string | undefined {
  const snapshot = queuedCode(world, command)?.snapshot;
  return snapshot?.kind === "kept" ? snapshot.dir : undefined;
}

/** What a start has to say of the code since the command was queued. */
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

/** The copies of code whose commands have come to an end in this turn. */
export function dropSnapshots(turn: Turn): void {
  const ids = new Set(
    turn.facts.flatMap((fact) =>
      fact.kind === "run-ended" || fact.kind === "command-state" ? [fact.id] : [],
    ),
  );
  for (const id of ids) drop(turn, id);
}

/** After a start of the daemon: copies that were left by the last one. */
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
