// What one attempt at a command is, put together from the command, its plan and its lab.
// Nothing is looked up on a disk here: whether script and runner exist is found at the start.
import { attemptId, type AttemptId, type CommandId } from "../model/ids.ts";
import type { Place } from "../model/place.ts";
import type { AttemptSpec } from "../model/run.ts";
import type { Command, World } from "../model/world.ts";
import { limitOf } from "./go.ts";
import { resolveTarget } from "./targets.ts";

/** Everything that starting the command's attempt at a place needs. */
export function attemptSpec(world: World, command: Command, place: Place): AttemptSpec {
  const { spec, experiment } = command;
  const plan = world.views.get(experiment)?.reading.plan;
  const lab = world.experiments.get(experiment)?.lab ?? "";
  const on =
    spec.verb === "eval" ? resolveTarget(world, experiment, spec.target, command) : undefined;
  const runner = spec.runner ?? plan?.runner;
  const scripts: Readonly<Record<string, string | undefined>> = {
    run: plan?.script,
    eval: plan?.evalScript,
    script: spec.target,
  };
  return {
    attempt: attemptOf(command.id),
    command: command.id,
    verb: spec.verb,
    name: spec.target,
    lab,
    experiment,
    script: spec.script ?? scripts[spec.verb] ?? "train.py",
    args: scriptArguments(world, command),
    ...(runner === undefined ? {} : { runner }),
    env: spec.env ?? {},
    limitMs: limitOf(world, command),
    place,
    ...(on?.run?.folder === undefined ? {} : { onRun: on.run.folder }),
  };
}

/** The one try at a command. */
export const attemptOf = (id: CommandId): AttemptId => attemptId(`${id}-1`);

/** `run:` begins with the name; `eval:` with the run's path, put in by who starts it. */
function scriptArguments(world: World, command: Command): readonly string[] {
  const { spec } = command;
  if (spec.verb === "run") return [spec.target, ...spec.args];
  if (spec.verb === "eval") return spec.args;
  const [first, ...rest] = spec.args;
  if (first === undefined || first.startsWith("-")) return spec.args;
  const run = resolveTarget(world, command.experiment, first, command)?.run?.folder;
  return run === undefined ? spec.args : [`runs/${run}`, ...rest];
}
