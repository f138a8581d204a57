// The hours that GPUs are held in one occurrence of a window, and whether a command may add its own.
// What counts is every run of the lab; who has to wait is what waits for the window.
import type { Occurrence } from "../domain/window.ts";
import { settingsOf, type Command, type Run, type World } from "../domain/world.ts";
import { nextTime, windowOf } from "./conditions.ts";
import { limitOf } from "./approval.ts";
import { occurrenceAt } from "../domain/windows.ts";
import { READY, type Readiness } from "./readiness.ts";

const HOUR_MS = 3_600_000;

/** Whether the hours of its window suffice for a command that is ready otherwise. */
export function budgetFor(world: World, command: Command): Readiness {
  const window = windowOf(settingsOf(world, command.experiment), command.spec.when);
  const occurrence = window === undefined ? undefined : occurrenceAt(window, world.nowMs);
  if (window?.gpuHours === undefined || occurrence === undefined) return READY;
  const gpus = gpusWanted(world, command);
  if (gpus === 0) return READY;
  const budgetMs = window.gpuHours * HOUR_MS;
  const limitMs = limitOf(world, command);
  // By its limit, though late in the window less of that is left: else the last hours would be
  // given to whatever is long.
  const wantedMs = gpus * Math.min(limitMs, occurrence.endMs - occurrence.startMs);
  const whole = `the ${hours(budgetMs)} of \`${window.name}\``;
  if (wantedMs > budgetMs && command.holdOverruled !== true) {
    const fix = "write a shorter `timeout`, or more `gpu-hours` in nightlab.yaml";
    return {
      kind: "hold",
      reason: `it may take ${hours(wantedMs)} GPU hours, over ${whole}; ${fix}`,
    };
  }
  const { usedMs, promisedMs } = spent(world, command, occurrence);
  const leftMs = budgetMs - usedMs - promisedMs;
  if (wantedMs <= leftMs || command.holdOverruled === true) return READY;
  const next = `next ${nextTime(world, command, window)}`;
  if (usedMs >= budgetMs) {
    const reason = `the ${hours(budgetMs)} GPU hours of \`${window.name}\` are used up; ${next}`;
    return { kind: "wait", reason };
  }
  // While others run they may end before their limits, and leave more than this.
  const then = promisedMs > 0 ? "" : `; ${next}`;
  const left = `${hours(Math.max(0, leftMs))} of ${whole} are left`;
  return { kind: "wait", reason: `it may take ${hours(wantedMs)} GPU hours, and ${left}${then}` };
}

/** `8`, `1.5`, `0.25`. */
function hours(ms: number): string {
  const number = ms / HOUR_MS;
  return String(number < 1 ? Math.round(number * 100) / 100 : Math.round(number * 10) / 10);
}

/** GPUs that the command would hold; none where the machine has none, or nobody knows yet. */
function gpusWanted({ gpus: { snapshot: sight, known } }: World, { spec }: Command): number {
  if (sight === undefined || known.size === 0) return 0;
  return spec.share === undefined ? (spec.gpus ?? 1) : 1 / spec.share;
}

interface Spent {
  readonly usedMs: number;
  /** What running ones may still take, by their limits. */
  readonly promisedMs: number;
}

/** GPU time of the lab's runs in an occurrence, ms. */
function spent(world: World, { experiment }: Command, occurrence: Occurrence): Spent {
  const lab = world.experiments.get(experiment)?.lab;
  let usedMs = 0;
  let promisedMs = 0;
  for (const command of world.commands.values()) {
    if (world.experiments.get(command.experiment)?.lab !== lab) continue;
    const { run, earlierRuns = [] } = command;
    for (const one of run === undefined ? earlierRuns : [...earlierRuns, run]) {
      const held = heldGpus(one);
      if (held === 0) continue;
      const endMs = one.exited ? leftAt(one) : world.nowMs;
      usedMs += held * overlapMs(one.claimedAtMs, endMs, occurrence);
      const untilMs = (one.startedAtMs ?? world.nowMs) + one.limitMs;
      if (!one.exited) promisedMs += held * overlapMs(world.nowMs, untilMs, occurrence);
    }
  }
  return { usedMs, promisedMs };
}

const heldGpus = ({ spec: { place } }: Run): number =>
  place?.kind === "gpus" ? place.gpus.length / place.share : 0;

/** By its shim's word: a daemon that was away learns of it later, and held nothing meanwhile. */
function leftAt({ claimedAtMs, exitedAtMs, exit, endedAtMs }: Run): number {
  const toldAtMs = exitedAtMs ?? endedAtMs ?? claimedAtMs;
  // A clock that was set back tells nothing.
  if (exit === undefined || exit.endedAtMs < claimedAtMs) return toldAtMs;
  return Math.min(exit.endedAtMs, toldAtMs);
}

const overlapMs = (fromMs: number, toMs: number, { startMs, endMs }: Occurrence): number =>
  Math.max(0, Math.min(toMs, endMs) - Math.max(fromMs, startMs));
