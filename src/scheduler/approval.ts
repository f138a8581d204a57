// What a command still needs before its turn: the runs it comes after, and for a long one approval.
// Pure questions about the world; start.ts records the answers.
import { SHORT_RUN_MS } from "../base/limits.ts";
import type { ExperimentPath } from "../base/ids.ts";
import { changedFiles, type CodeSeen } from "../domain/code.ts";
import { ENDED } from "../domain/command-state.ts";
import { openCommands, type Command, type World } from "../domain/world.ts";
import { spanText } from "../base/time.ts";
import { membersIn } from "../domain/grid.ts";
import { isSweep, unstarted } from "../domain/members.ts";
import { resolveTarget, runnersOf } from "../domain/resolve-reference.ts";
import { queuedCode } from "./code.ts";
import { READY, type Readiness } from "./readiness.ts";

/** Changed scripts named in a reason. */
const SHOWN_FILES = 4;
/** A sweep of short runs that may take longer than this in total is treated like a long run. */
const SWEEP_UNASKED_MS = 2 * 3_600_000;

/** Time limit of a command in ms: its own, the plan's, else that of a short run. */
export function limitOf(world: World, command: Command): number {
  const plan = world.views.get(command.experiment)?.reading.plan;
  return command.spec.timeoutMs ?? plan?.timeoutMs ?? SHORT_RUN_MS;
}

/**
 * Whether a command is long: its runs may take longer than a de-risking run, or it is a sweep whose
 * short runs may take long in total. It needs a `because` and a passed de-risk, or approval.
 */
export function isLong(world: World, command: Command): boolean {
  return limitOf(world, command) > SHORT_RUN_MS || isLarge(world, command);
}

/** Whether a sweep is long only because of how many runs it has. */
function isLarge(world: World, command: Command): boolean {
  const count = membersIn(command.spec.sweep ?? []);
  return count > 1 && count * limitOf(world, command) > SWEEP_UNASKED_MS;
}

/** Why a long command without a `because` is held. */
export function approvalReason(world: World, command: Command): string {
  const long = limitOf(world, command) > SHORT_RUN_MS;
  const what = long ? "a run over 2 min" : `a sweep over ${spanText(SWEEP_UNASKED_MS)}`;
  return `${what} needs a \`because\`, or your go`;
}

/** Whether the runs in `after`, and the run that `eval:` works on, have ended as required. */
export function dependencies(world: World, command: Command): Readiness {
  for (const after of command.spec.after ?? []) {
    const answer = dependency(world, command, after.target, after.any);
    const overruled = answer.kind === "hold" && command.holdOverruled === true;
    if (answer.kind !== "ready" && !overruled) return answer;
  }
  if (command.spec.verb !== "eval") return READY;
  const of = resolveTarget(world, command.experiment, command.spec.target, command);
  if (of !== undefined && isSweep(of)) {
    const [first = `${of.id}.1`] = of.members ?? [];
    const reason = `\`${of.id}\` is a sweep: name one of its runs, such as \`${first}\``;
    return { kind: "hold", reason };
  }
  return dependency(world, command, command.spec.target, true);
}

function dependency(world: World, command: Command, target: string, any: boolean): Readiness {
  const other = resolveTarget(world, command.experiment, target, command);
  if (other === undefined) {
    if (isSettling(world, command.experiment, target)) {
      return { kind: "wait", reason: `until \`${target}\` has been taken up` };
    }
    // `eval:` may name a run that was started by hand: the start's examination looks on the disk.
    return command.spec.verb === "eval" && command.spec.target === target
      ? READY
      : { kind: "hold", reason: `no run is called \`${target}\`` };
  }
  if (other.id === command.id) return { kind: "hold", reason: "it waits for itself" };
  if (!ENDED.has(other.state)) return { kind: "wait", reason: `after \`${other.id}\`` };
  if (any || other.state === "done") return READY;
  return { kind: "hold", reason: `\`${other.id}\` (${target}) ended as ${other.state}` };
}

/** Why a new command would wait for ever: a run it waits for waits for it, directly or not. */
export function circularWait(world: World, command: Command): string | undefined {
  const seen = new Set<Command>();
  const waitsFor = (one: Command): readonly Command[] =>
    (one.spec.after ?? []).flatMap(
      ({ target }) => resolveTarget(world, one.experiment, target, one) ?? [],
    );
  for (const first of waitsFor(command)) {
    const open = [first];
    for (let one = open.pop(); one !== undefined; one = open.pop()) {
      if (one.id === command.id) return `it waits for \`${first.id}\`, which waits for it`;
      if (seen.has(one) || ENDED.has(one.state)) continue;
      seen.add(one);
      open.push(...waitsFor(one));
    }
  }
  return undefined;
}

/** Whether a block with that target is in the journal and has not settled: it may still change. */
export function isSettling(world: World, experiment: ExperimentPath, target: string): boolean {
  const view = world.views.get(experiment);
  return (
    view?.reading.blocks.some((block, i) =>
      block.commands.some(
        ({ spec }, j) => spec?.target === target && view.settling.has(`${i}.${j}`),
      ),
    ) ?? false
  );
}

/** A long command without approval waits while a run that could be its de-risk has not ended. */
export function awaitsDeRisk(world: World, command: Command): Readiness {
  if (command.approved || !isLong(world, command)) return READY;
  const pending = openCommands(world).find(
    (other) =>
      other.experiment === command.experiment &&
      other.id !== command.id &&
      other.members === undefined &&
      other.repeats === undefined &&
      couldBeDeRisk(world, other) &&
      (other.state === "queued" || other.state === "preparing" || other.state === "running"),
  );
  return pending === undefined
    ? READY
    : { kind: "wait", reason: `until the short run \`${pending.id}\` has ended` };
}

/**
 * Whether a long command may start on this code: approved by the user, or with a `because` and a
 * passed de-risk, which is a short run of the same experiment and code that is done and has no
 * blocking flag.
 */
export function judgeApproval(
  world: World,
  command: Command,
  { codeHash, code }: { readonly codeHash: string; readonly code?: CodeSeen },
): Readiness {
  if (command.approved || !isLong(world, command)) return READY;
  if (command.spec.because === undefined) {
    return { kind: "hold", reason: approvalReason(world, command) };
  }
  const codes = passedCode(world, command);
  if (codes.has(codeHash)) return READY;
  if (codes.size > 0) {
    const done = runnersOf(world, command.experiment).filter(
      (other) =>
        other.state === "done" &&
        couldBeDeRisk(world, other) &&
        codes.has(other.run?.start.codeHash ?? ""),
    );
    return { kind: "hold", reason: otherCode(world, done, code) };
  }
  const isTried = runnersOf(world, command.experiment).some(
    (other) => other.id !== command.id && couldBeDeRisk(world, other),
  );
  return {
    kind: "hold",
    reason: isTried
      ? "no de-risking run has passed"
      : "no de-risking run (up to 2 min) has been done yet",
  };
}

/** That no de-risk passed on this code, and which scripts the last one had otherwise. */
function otherCode(world: World, done: readonly Command[], now: CodeSeen | undefined): string {
  const [last] = done.toSorted((a, b) => (b.run?.claimedAtMs ?? 0) - (a.run?.claimedAtMs ?? 0));
  const ran = last && queuedCode(world, last);
  const changed =
    now === undefined || ran === undefined || ran.hash !== last?.run?.start.codeHash
      ? []
      : changedFiles(ran, now);
  if (changed.length === 0) return "the scripts changed since the last passed de-risk";
  const more = changed.length - SHOWN_FILES;
  const names = `${changed.slice(0, SHOWN_FILES).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  return `the scripts changed since \`${last?.id ?? ""}\` passed as a de-risk: ${names}`;
}

/** Whether a long command without approval lacks a passed de-risk, on whatever code. */
export function lacksDeRisk(world: World, command: Command): boolean {
  return !command.approved && isLong(world, command) && passedCode(world, command).size === 0;
}

/** The last short run of an experiment that is done. */
export function lastDeRisk(world: World, experiment: ExperimentPath): Command | undefined {
  return runnersOf(world, experiment).findLast(
    (other) => other.state === "done" && couldBeDeRisk(world, other),
  );
}

/** The note at a held command's start box: `up to 2 h; de-risk took 41 s`. */
export function startNote(world: World, command: Command, last: Command | undefined): string {
  const limit = atMost(world, command);
  const { startedAtMs, endedAtMs } = last?.run ?? {};
  if (last === undefined || startedAtMs === undefined || endedAtMs === undefined) return limit;
  return `${limit}; ${last.spec.target} took ${spanText(endedAtMs - startedAtMs)}`;
}

/** `up to 2 h`; for a sweep `9 runs, up to 90 min each and 13 h 30 min together`. */
export function atMost(world: World, command: Command): string {
  const limitMs = limitOf(world, command);
  const { sweep } = command.spec;
  if (sweep === undefined) return `up to ${spanText(limitMs)}`;
  const all = membersIn(sweep);
  const left = command.members === undefined ? all : unstarted(world, command).length;
  const runs = `${left} run${left === 1 ? "" : "s"}`;
  const each = `${runs}, up to ${spanText(limitMs)} each`;
  return left > 1 ? `${each} and ${spanText(limitMs * left)} together` : each;
}

/** Hashes of the code of passed short runs of the same experiment. */
const passedCode = (world: World, { experiment }: Command): ReadonlySet<string> =>
  world.experiments.get(experiment)?.index.passed ?? new Set();

function couldBeDeRisk(world: World, command: Command): boolean {
  const limitMs = command.run?.limitMs ?? limitOf(world, command);
  return command.spec.verb === "run" && limitMs <= SHORT_RUN_MS;
}
