// The spec of one attempt at a command, made from the command, its plan and its lab. No disk is
// read here: whether script and runner exist is examined when the command's turn comes (start.ts).
import { attemptId, type AttemptId } from "../base/ids.ts";
import type { Slot } from "../domain/slot.ts";
import type { AttemptSpec } from "../domain/run.ts";
import { settingsOf, type Command, type World } from "../domain/world.ts";
import { codeDirOf } from "./code.ts";
import { limitOf } from "./approval.ts";
import { resolveTarget } from "../domain/resolve-reference.ts";
import { defined } from "../base/defined.ts";

/** Everything that starting the command's next attempt on `slot` needs. */
export function attemptSpec(world: World, command: Command, slot: Slot): AttemptSpec {
  const { spec, experiment } = command;
  const plan = world.views.get(experiment)?.reading.plan;
  const lab = world.experiments.get(experiment)?.lab ?? "";
  const evaluated =
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
    ...defined({ runner }),
    env: spec.env ?? {},
    ...defined({ privateEnv: spec.privateEnv }),
    limitMs: limitOf(world, command),
    ...defined({ memory }),
    place: slot,
    ...defined({ codeDir }),
    ...repeated(command),
    ...sweepOf(world, command),
    ...(evaluated?.run?.folder === undefined ? {} : { onRun: evaluated.run.folder }),
  };
}

/** The id of a command's current or next attempt: no two attempts share one. */
export function attemptOf({ id, earlierRuns = [], attemptsFound = 0 }: Command): AttemptId {
  const last = Number(/\d+$/.exec(earlierRuns.at(-1)?.attempt ?? "0")?.[0]);
  return attemptId(`${id}-${Math.max(last, attemptsFound) + 1}`);
}

function repeated({ repeats }: Command): Pick<AttemptSpec, "repeats" | "pinned"> {
  if (repeats === undefined) return {};
  const { id, folder, pinned } = repeats;
  return { repeats: { id, folder }, ...defined({ pinned }) };
}

function sweepOf(world: World, { parent }: Command): Pick<AttemptSpec, "sweep"> {
  const head = parent === undefined ? undefined : world.commands.get(parent);
  return head === undefined ? {} : { sweep: { id: head.id, name: head.spec.target } };
}

/** `run:` begins with the run's name; the path that `eval:` begins with is added at the start. */
function scriptArguments(world: World, command: Command): readonly string[] {
  const { spec, changedArgs: args = spec.args } = command;
  if (spec.verb === "run") return [spec.target, ...args];
  if (spec.verb === "eval") return args;
  const [first, ...rest] = args;
  if (first === undefined || first.startsWith("-")) return args;
  const run = resolveTarget(world, command.experiment, first, command)?.run?.folder;
  return run === undefined ? args : [`runs/${run}`, ...rest];
}
