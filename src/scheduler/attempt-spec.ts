// What one attempt at a command is, put together from the command, its plan and its lab.
// Nothing is looked up on a disk here: whether script and runner exist is found at the start.
import { attemptId, type AttemptId } from "../base/ids.ts";
import type { Slot } from "../domain/slot.ts";
import type { AttemptSpec } from "../domain/run.ts";
import { settingsOf, type Command, type World } from "../domain/world.ts";
import { codeDirOf } from "./code.ts";
import { limitOf } from "./approval.ts";
import { resolveTarget } from "../domain/resolve-reference.ts";

/** Everything that starting the command's attempt at a place needs. */
export function attemptSpec(world: World, command: Command, place: Slot): AttemptSpec {
  const { spec, experiment } = command;
  const plan = world.views.get(experiment)?.reading.plan;
  const lab = world.experiments.get(experiment)?.lab ?? "";
  const on =
    spec.verb === "eval" ? resolveTarget(world, experiment, spec.target, command) : undefined;
  const runner = spec.runner ?? plan?.runner;
  const codeDir = codeDirOf(world, command);
  const memory = spec.memory ?? settingsOf(world, experiment).memory;
  const scripts: Readonly<Record<string, string | undefined>> = {
    run: plan?.script,
    eval: plan?.evalScript,
    script: spec.target,
  };
  return {
    attempt: attemptOf(command),
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
    ...(memory === undefined ? {} : { memory }),
    place,
    ...(codeDir === undefined ? {} : { codeDir }),
    ...repeated(command),
    ...sweepOf(world, command),
    ...(on?.run?.folder === undefined ? {} : { onRun: on.run.folder }),
  };
}

/** The next try at a command: no two of them ever have one id. */
export const attemptOf = ({ id, earlierRuns = [] }: Command): AttemptId =>
  attemptId(`${id}-${earlierRuns.length + 1}`);

function repeated({ repeats }: Command): Pick<AttemptSpec, "repeats" | "pinned"> {
  if (repeats === undefined) return {};
  const { id, folder, pinned } = repeats;
  return { repeats: { id, folder }, ...(pinned === undefined ? {} : { pinned }) };
}

function sweepOf(world: World, { parent }: Command): Pick<AttemptSpec, "sweep"> {
  const head = parent === undefined ? undefined : world.commands.get(parent);
  return head === undefined ? {} : { sweep: { id: head.id, name: head.spec.target } };
}

/** `run:` begins with the name; `eval:` with the run's path, put in by who starts it. */
function scriptArguments(world: World, command: Command): readonly string[] {
  const { spec, changedArgs: args = spec.args } = command;
  if (spec.verb === "run") return [spec.target, ...args];
  if (spec.verb === "eval") return args;
  const [first, ...rest] = args;
  if (first === undefined || first.startsWith("-")) return args;
  const run = resolveTarget(world, command.experiment, first, command)?.run?.folder;
  return run === undefined ? args : [`runs/${run}`, ...rest];
}
