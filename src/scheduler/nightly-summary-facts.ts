// The facts of a night, from the world at one moment: what ran, what waits, GPU hours. How they are
// worded is in report/night/nightly-summary-page.ts, which also gets what is read from disk.
import { ENDED } from "../domain/command-state.ts";
import { isFlag, type Finding } from "../domain/finding.ts";
import type { LabPath } from "../base/ids.ts";
import type { Occurrence } from "../domain/window.ts";
import type { Command, Run, World } from "../domain/world.ts";
import { flagKey } from "../domain/receipt-flags.ts";
import { budgetOf, nightBefore, type NightSettings, NIGHTS_TOLD } from "./nights.ts";
import { defined } from "../base/defined.ts";

/** An attempt that held a slot at some time of the night. */
export interface NightRun {
  readonly command: Command;
  readonly run: Run;
  /** A later attempt followed. */
  readonly again: boolean;
}

export interface NightCount {
  readonly night: Occurrence;
  readonly runs: number;
  /** How many runs had each ending; running ones are in none. */
  readonly endings: ReadonlyMap<string, number>;
  /** GPU time within the night, ms: an hour on two GPUs is two, on half a GPU half an hour. */
  readonly gpuMs: number;
}

export interface NightFacts extends NightCount {
  /** The moment that the facts are of, ms since 1970. */
  readonly asOfMs: number;
  /** In the order of their start. */
  readonly ran: readonly NightRun[];
  /** Commands that wait for their turn; a sweep counts as one. */
  readonly waits: readonly Command[];
  /** Commands that are held for the user's approval. */
  readonly held: readonly Command[];
  readonly paused: boolean;
  /** GPU time that nightlab.yaml allows for a night, ms. */
  readonly budgetMs?: number;
  /** Earlier nights in which something ran, the latest first. */
  readonly before: readonly NightCount[];
}

/** The facts of one night of a lab, as of `asOfMs` (ms since 1970). */
export function nightFacts(
  world: World,
  lab: LabPath,
  night: Occurrence,
  options: { readonly asOfMs: number; readonly settings: NightSettings },
): NightFacts {
  const commands = commandsOfLab(world, lab);
  const runs = commands.flatMap(attemptsOf);
  const ran = runs
    .filter(({ run }) => overlaps(run, night))
    .toSorted((a, b) => a.run.claimedAtMs - b.run.claimedAtMs);
  const before: NightCount[] = [];
  let earlier = nightBefore(options.settings, night);
  for (let i = 0; i < NIGHTS_TOLD && earlier !== undefined; i += 1) {
    const count = countOf(runs, earlier, options.asOfMs);
    if (count.runs > 0) before.push(count);
    earlier = nightBefore(options.settings, earlier);
  }
  const budgetMs = budgetOf(options.settings);
  const standing = commands.filter((one) => one.parent === undefined && isPresent(one));
  return {
    ...countOf(ran, night, options.asOfMs),
    asOfMs: options.asOfMs,
    ran,
    waits: standing.filter(({ state }) => state === "queued" || state === "waiting"),
    held: standing.filter(({ state }) => state === "held"),
    // A queue that paused itself has a line of its own above the night.
    paused: world.paused && world.pause?.why === undefined,
    ...defined({ budgetMs }),
    before,
  };
}

/** Ids of commands whose run of that night has not ended: the last one renews the summary. */
export function stillAtWork(
  world: World,
  lab: LabPath,
  night: Occurrence,
): readonly Command["id"][] {
  return commandsOfLab(world, lab)
    .filter(({ run }) => run !== undefined && run.outcome === undefined && overlaps(run, night))
    .map(({ id }) => id);
}

/** Whether a night is worth a summary: something ran, or waits or is held since `sinceMs`. */
export function hasNews(world: World, lab: LabPath, night: Occurrence, sinceMs: number): boolean {
  return commandsOfLab(world, lab).some(
    (command) =>
      attemptsOf(command).some(({ run }) => overlaps(run, night)) ||
      (!ENDED.has(command.state) &&
        command.run === undefined &&
        isPresent(command) &&
        command.stateSinceMs >= sinceMs),
  );
}

/** Flags of a run that are not resolved. */
export function openFlags({ outcome, flags, resolved }: Run): readonly Finding[] {
  return (outcome?.findings ?? flags ?? []).filter(
    (finding) => isFlag(finding) && !resolved.includes(flagKey(finding)),
  );
}

/** When a run freed its slot, ms since 1970; undefined while it holds it. */
export function leftAtMs(run: Run): number | undefined {
  return run.endedAtMs ?? run.exit?.endedAtMs ?? run.exitedAtMs;
}

/** Whether its block is in the journal. */
const isPresent = ({ absentSinceMs }: Command): boolean => absentSinceMs === undefined;

function commandsOfLab(world: World, lab: LabPath): readonly Command[] {
  return [...world.commands.values()].filter(
    ({ experiment }) => world.experiments.get(experiment)?.lab === lab,
  );
}

function attemptsOf(command: Command): readonly NightRun[] {
  const earlier = (command.earlierRuns ?? []).map((run) => ({ command, run, again: true }));
  return command.run === undefined
    ? earlier
    : [...earlier, { command, run: command.run, again: false }];
}

function overlaps(run: Run, { startMs, endMs }: Occurrence): boolean {
  return run.claimedAtMs < endMs && (leftAtMs(run) ?? Number.POSITIVE_INFINITY) > startMs;
}

function countOf(all: readonly NightRun[], night: Occurrence, asOfMs: number): NightCount {
  const ran = all.filter(({ run }) => overlaps(run, night));
  const endings = new Map<string, number>();
  let gpuMs = 0;
  for (const { run } of ran) {
    const ending = run.outcome?.ending;
    if (ending !== undefined) endings.set(ending, (endings.get(ending) ?? 0) + 1);
    gpuMs += gpuTime(run, night, asOfMs);
  }
  return { night, runs: ran.length, endings, gpuMs };
}

/** GPU time of a run within the night, ms: it holds its GPUs from its claim to its end. */
function gpuTime(run: Run, night: Occurrence, asOfMs: number): number {
  const { place: slot } = run.spec;
  if (slot?.kind !== "gpus") return 0;
  const from = Math.max(run.claimedAtMs, night.startMs);
  const to = Math.min(leftAtMs(run) ?? asOfMs, night.endMs);
  return (Math.max(0, to - from) * slot.gpus.length) / slot.share;
}
