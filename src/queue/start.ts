// Whose turn it is: from the queue to the claim of an attempt. One run at a time, oldest first.
// What happens to a claimed run afterwards is in run-events.ts.
import type { StartExamination } from "../model/event.ts";
import type { CommandId } from "../model/ids.ts";
import type { Command, CommandState, World } from "../model/world.ts";
import type { Turn } from "../turn.ts";
import { attemptSpec } from "./attempt-spec.ts";
import { awaitsDeRisk, dependencies, isLong, judgeGo } from "./go.ts";
import { concludeWithoutLogs } from "./run-events.ts";

/** Asks for the examination of the next command that may start, if a place is free. */
export function startNext(turn: Turn): void {
  const { world } = turn;
  if (world.paused || world.examining !== undefined || placeTaken(world)) return;
  for (const command of inOrder(world)) {
    if (!readable(world, command)) continue;
    const needs = dependencies(world, command);
    const answer = needs.kind === "ready" ? awaitsDeRisk(world, command) : needs;
    if (answer.kind === "ready") {
      world.examining = command.id;
      turn.effect({
        kind: "examine-start",
        command: command.id,
        experiment: command.experiment,
        spec: attemptSpec(world, command),
      });
      return;
    }
    setState(turn, command, answer.kind === "hold" ? "held" : "waiting", answer.reason);
  }
}

/** The examination's outcome: a claim, a hold, or an ending with its cause. */
export function onStartExamined(turn: Turn, id: CommandId, found: StartExamination): void {
  const { world } = turn;
  world.examining = undefined;
  const command = world.commands.get(id);
  if (command === undefined || !startable(command) || !readable(world, command)) return;
  if (world.paused || placeTaken(world)) return;
  switch (found.kind) {
    case "script-missing":
    case "target-missing":
      setState(turn, command, "held", found.message);
      return;
    case "no-runner":
      claim(turn, command, "", "none");
      concludeWithoutLogs(turn, id, { kind: "no-runner", message: found.message });
      return;
    case "ready": {
      const go = judgeGo(world, command, found.codeHash);
      if (go.kind !== "ready") {
        setState(turn, command, "held", go.reason);
        return;
      }
      claim(turn, command, found.codeHash, found.runner);
      turn.effect({
        kind: "prepare-environment",
        spec: attemptSpec(world, command),
        runner: found.runner,
      });
    }
  }
}

function claim(turn: Turn, command: Command, codeHash: string, runner: string): void {
  const { world } = turn;
  const { success, failure } = world.views.get(command.experiment)?.reading.plan ?? {};
  const { because } = command.spec;
  turn.record({
    kind: "run-claimed",
    id: command.id,
    spec: attemptSpec(world, command),
    start: {
      codeHash,
      runner,
      said: command.source,
      ...(because === undefined ? {} : { because }),
      queuedAtMs: command.acceptedAtMs,
      long: isLong(world, command),
      criteria: {
        ...(success === undefined ? {} : { success }),
        ...(failure === undefined ? {} : { failure }),
      },
    },
  });
}

function setState(turn: Turn, command: Command, state: CommandState, reason: string): void {
  if (command.state === state && command.reason === reason) return;
  turn.record({ kind: "command-state", id: command.id, state, reason });
}

const startable = (command: Command): boolean =>
  (command.state === "queued" || command.state === "waiting") &&
  command.absentSinceMs === undefined;

function inOrder(world: World): readonly Command[] {
  return [...world.commands.values()]
    .filter(startable)
    .toSorted((a, b) => a.acceptedAtMs - b.acceptedAtMs || place(world, a) - place(world, b));
}

const place = (world: World, command: Command): number =>
  world.experiments.get(command.experiment)?.commands.indexOf(command.id) ?? 0;

/** Its journal was read, is not in the middle of a merge, and its block is not being edited. */
function readable(world: World, command: Command): boolean {
  const view = world.views.get(command.experiment);
  if (view === undefined || view.reading.conflicted) return false;
  for (const [at, id] of view.placed) if (id === command.id) return !view.settling.has(at);
  return false;
}

function placeTaken(world: World): boolean {
  for (const { run } of world.commands.values()) {
    if (run !== undefined && !run.exited) return true;
  }
  return false;
}
