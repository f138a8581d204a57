// `gpu-hours` of a window: whether a command still fits into the GPU hours of one occurrence.
// Every run of the lab counts against it, but only commands with that window have to wait.
import type { Occurrence } from "../domain/window.ts";
import { runsOf, settingsOf, type Command, type Run, type World } from "../domain/world.ts";
import { nextTime, windowOf } from "./conditions.ts";
import { limitOf } from "./approval.ts";
import { occurrenceAt } from "../domain/windows.ts";
import { READY, type Readiness } from "./readiness.ts";

const HOUR_MS = 3_600_000;

/** Whether the GPU hours left in its window are enough for a command, by its time limit. */
export function budgetFor(world: World, command: Command): Readiness {
  const window = windowOf(settingsOf(world, command.experiment), command.spec.when);
  const occurrence = window === undefined ? undefined : occurrenceAt(window, world.nowMs);
  if (window?.gpuHours === undefined || occurrence === undefined) return READY;
  const gpus = gpusWanted(world, command);
  if (gpus === 0) return READY;
  const budgetMs = window.gpuHours * HOUR_MS;
  const limitMs = limitOf(world, command);
  // The full limit, even where less of the window is left: else long runs would get its last hours.
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
  // Runs that are running may end early and free hours: then it need not wait for the next one.
  const then = promisedMs > 0 ? "" : `; ${next}`;
  const left = `${hours(Math.max(0, leftMs))} of ${whole} are left`;
  return { kind: "wait", reason: `it may take ${hours(wantedMs)} GPU hours, and ${left}${then}` };
}

/** `8`, `1.5`, `0.25`. */
function hours(ms: number): string {
  const number = ms / HOUR_MS;
  return String(number < 1 ? Math.round(number * 100) / 100 : Math.round(number * 10) / 10);
}

/** GPUs that the command would hold; 0 where the machine has none, or none was seen yet. */
function gpusWanted({ gpus: { snapshot, known } }: World, { spec }: Command): number {
  if (snapshot === undefined || known.size === 0) return 0;
  return spec.share === undefined ? (spec.gpus ?? 1) : 1 / spec.share;
}

interface Spent {
  readonly usedMs: number;
  /** What running runs may still use, by their limits. */
  readonly promisedMs: number;
}

/** GPU time of the lab's runs in an occurrence, ms. */
function spent(world: World, { experiment }: Command, occurrence: Occurrence): Spent {
  const lab = world.experiments.get(experiment)?.lab;
  let usedMs = 0;
  let promisedMs = 0;
  for (const command of world.commands.values()) {
    if (world.experiments.get(command.experiment)?.lab !== lab) continue;
    for (const one of runsOf(command)) {
      const held = heldGpus(one);
      if (held === 0) continue;
      const endMs = one.exited ? leftAtMs(one) : world.nowMs;
      usedMs += held * overlapMs(one.claimedAtMs, endMs, occurrence);
      const untilMs = (one.startedAtMs ?? world.nowMs) + one.limitMs;
      if (!one.exited) promisedMs += held * overlapMs(world.nowMs, untilMs, occurrence);
    }
  }
  return { usedMs, promisedMs };
}

const heldGpus = ({ spec: { place } }: Run): number =>
  place?.kind === "gpus" ? place.gpus.length / place.share : 0;

/** When a run left its GPUs by its shim's clock: a daemon that was down learns of it later. */
function leftAtMs({ claimedAtMs, exitedAtMs, exit, endedAtMs }: Run): number {
  const notedAtMs = exitedAtMs ?? endedAtMs ?? claimedAtMs;
  // An end before the claim means that the clock was set back.
  if (exit === undefined || exit.endedAtMs < claimedAtMs) return notedAtMs;
  return Math.min(exit.endedAtMs, notedAtMs);
}

const overlapMs = (fromMs: number, toMs: number, { startMs, endMs }: Occurrence): number =>
  Math.max(0, Math.min(toMs, endMs) - Math.max(fromMs, startMs));
