// What a night came to, from the world as it was at one moment: what ran, what waits, the hours.
// How that is said is nightly-summary-page.ts; what is read from the disk for it is handed in there.
import { ENDED } from "../domain/command-state.ts";
import { isFlag, type Finding } from "../domain/finding.ts";
import type { LabPath } from "../base/ids.ts";
import type { Occurrence } from "../domain/window.ts";
import type { Command, Run, World } from "../domain/world.ts";
import { flagKey } from "../domain/receipt-flags.ts";
import { budgetOf, nightBefore, type NightSettings, NIGHTS_TOLD } from "./nights.ts";

/** One try that had a place at some time of the night. */
export interface NightRun {
  readonly command: Command;
  readonly run: Run;
  /** It was tried again after that. */
  readonly again: boolean;
}

export interface NightCount {
  readonly night: Occurrence;
  readonly runs: number;
  /** How many ended in each way; those that go on are in none. */
  readonly endings: ReadonlyMap<string, number>;
  /** Time on GPUs within the night, ms: two GPUs for an hour are two hours, half a one is half. */
  readonly gpuMs: number;
}

export interface NightFacts extends NightCount {
  /** The moment that it is told of, ms since 1970. */
  readonly asOfMs: number;
  /** In the order of their start. */
  readonly ran: readonly NightRun[];
  /** What waits for its turn, and what is held for a person's go; sweeps as one. */
  readonly waits: readonly Command[];
  readonly held: readonly Command[];
  readonly paused: boolean;
  /** What nightlab.yaml allows of it, ms on GPUs. */
  readonly budgetMs?: number;
  /** Nights before it in which something ran, the latest first. */
  readonly before: readonly NightCount[];
}

/** The facts of one lab's night. */
export function nightFacts(
  world: World,
  lab: LabPath,
  night: Occurrence,
  options: { readonly asOfMs: number; readonly settings: NightSettings },
): NightFacts {
  const commands = commandsOfLab(world, lab);
  const runs = commands.flatMap(runsOf);
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
  const standing = commands.filter((one) => one.parent === undefined && hasPlace(one));
  return {
    ...countOf(ran, night, options.asOfMs),
    asOfMs: options.asOfMs,
    ran,
    waits: standing.filter(({ state }) => state === "queued" || state === "waiting"),
    held: standing.filter(({ state }) => state === "held"),
    // A pause by itself stands above, as long as it lasts.
    paused: world.paused && world.pause?.why === undefined,
    ...(budgetMs === undefined ? {} : { budgetMs }),
    before,
  };
}

/** Ids of commands that were still at work at the night's end, for whoever waits for the last. */
export function stillAtWork(
  world: World,
  lab: LabPath,
  night: Occurrence,
): readonly Command["id"][] {
  return commandsOfLab(world, lab)
    .filter(({ run }) => run !== undefined && run.outcome === undefined && overlaps(run, night))
    .map(({ id }) => id);
}

/** Whether anything worth a morning's page happened: something ran, or came to wait or be held. */
export function hasNews(world: World, lab: LabPath, night: Occurrence, sinceMs: number): boolean {
  return commandsOfLab(world, lab).some(
    (command) =>
      runsOf(command).some(({ run }) => overlaps(run, night)) ||
      (!ENDED.has(command.state) &&
        command.run === undefined &&
        hasPlace(command) &&
        command.stateSinceMs >= sinceMs),
  );
}

/** Flags of a run that nobody has called settled. */
export function openFlags({ outcome, flags, resolved }: Run): readonly Finding[] {
  return (outcome?.findings ?? flags ?? []).filter(
    (finding) => isFlag(finding) && !resolved.includes(flagKey(finding)),
  );
}

/** When a run gave its place back, ms since 1970; undefined while it has it. */
export function leftAtMs(run: Run): number | undefined {
  return run.endedAtMs ?? run.exit?.endedAtMs ?? run.exitedAtMs;
}

const hasPlace = ({ absentSinceMs }: Command): boolean => absentSinceMs === undefined;

function commandsOfLab(world: World, lab: LabPath): readonly Command[] {
  return [...world.commands.values()].filter(
    ({ experiment }) => world.experiments.get(experiment)?.lab === lab,
  );
}

function runsOf(command: Command): readonly NightRun[] {
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

/** From its claim to its end, as far as that lies in the night: so long it holds its GPUs. */
function gpuTime(run: Run, night: Occurrence, asOfMs: number): number {
  const { place } = run.spec;
  if (place?.kind !== "gpus") return 0;
  const from = Math.max(run.claimedAtMs, night.startMs);
  const to = Math.min(leftAtMs(run) ?? asOfMs, night.endMs);
  return (Math.max(0, to - from) * place.gpus.length) / place.share;
}
