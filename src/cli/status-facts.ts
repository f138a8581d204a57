// What `status` and `top` show of a lab: from the status view of its ledger, the heartbeats of its
// runs, and the GPUs. Reads no logs, so it is quick.
import { join, relative } from "node:path";
import { problemText, settingsProblem } from "../base/problem.ts";
import { ENDED } from "../domain/command-state.ts";
import {
  prefetchLog,
  environmentLog,
  readEnvironmentProgress,
} from "../effects/environment/environment-log.ts";
import { readGpuCache, type GpuCache } from "../effects/gpu/gpu-cache.ts";
import { noticesFor } from "../effects/state/lab-notices.ts";
import { recognizeLab } from "../effects/state/lab-identity.ts";
import { livesAt } from "../effects/state/lab-records.ts";
import { isLocked } from "../effects/state/lab-lock.ts";
import { lastGoodSettings } from "../effects/run-store/good-settings.ts";
import { readSettled } from "../effects/os/stable-read.ts";
import { readLive, type HeartbeatMetric } from "../effects/run-store/run-heartbeat.ts";
import { stateDir } from "../effects/os/state-dir.ts";
import { readTroubles } from "../effects/state/troubles.ts";
import { readStatusView } from "../effects/state/status-view.ts";
import { causeWords } from "../journal/receipt/receipt-cause.ts";
import { commandTitle, saidReason } from "../domain/command.ts";
import { isFlag } from "../domain/finding.ts";
import type { LabPath } from "../base/ids.ts";
import { shellWord } from "../base/shell-word.ts";
import { VERSION_DIGITS } from "../journal/merge/merge-conflicts.ts";
import { slotName } from "../domain/slot.ts";
import type { Trouble } from "../domain/trouble.ts";
import type { Command, World } from "../domain/world.ts";
import type { Progress } from "../logs/progress.ts";
import { experimentName, readWorld } from "./lab-world.ts";
import { atWork, pauseWords } from "../domain/pause-text.ts";

/** One command, as in the output of `--json`; times in ms since 1970, durations in ms. */
export interface StatusEntry {
  readonly id: string;
  readonly experiment: string;
  readonly command: string;
  readonly state: string;
  readonly reason?: string;
  readonly folder?: string;
  readonly startedAtMs?: number;
  readonly endedAtMs?: number;
  readonly tookMs?: number;
  readonly limitMs?: number;
  readonly exitCode?: number;
  readonly cause?: string;
  /** The cause in the words of its receipt; absent if it was done. */
  readonly why?: string;
  /** The resources it asks for, if written: `2 GPUs`. */
  readonly asks?: string;
  readonly priority?: number;
  /** Its slot while it runs: `GPU 0`, `CPU`. */
  readonly place?: string;
  /** Progress while its environment is built: `downloading 6.8 of 22.9 MiB (numpy)`. */
  readonly environment?: string;
  /** Progress of a running one, from its logs. */
  readonly progress?: Progress;
  /** Estimated end, at its pace so far. */
  readonly endsAtMs?: number;
  /** When the daemon last read its logs. */
  readonly seenAtMs?: number;
  readonly flags: number;
  /** The last logged values, as literal tokens of the log. */
  readonly metrics: Readonly<Record<string, string>>;
  /** A sparkline for each of them, while it runs. */
  readonly curves?: Readonly<Record<string, string>>;
  /** For a sweep: how many of its runs have ended, and how many it has. */
  readonly runs?: { readonly ended: number; readonly all: number };
  /** The sweep that it belongs to. */
  readonly parent?: string;
}

/** A save that may have been made from an old copy of a journal. */
export interface OldCopyEntry {
  readonly experiment: string;
  readonly atMs: number;
  /** How many lines it lacks. */
  readonly lines: number;
  /** The command that shows what would bring them back. */
  readonly restore: string;
}

/** The facts of the whole page, as in the output of `--json`. */
export interface StatusFacts {
  readonly lab: LabPath;
  readonly atMs: number;
  readonly daemon: { readonly pid: number | undefined } | undefined;
  /** What its person has to know of the lab itself: a line each. */
  readonly notices: readonly string[];
  readonly paused: boolean;
  /** What is wrong with nightlab.yaml, and what holds meanwhile, a line each. */
  readonly settings?: readonly string[];
  /** The pause in words, if there is one: `queue paused`. */
  readonly pause?: string;
  readonly gpus: GpuCache | undefined;
  readonly commands: readonly StatusEntry[];
  /** Number of ended commands that are left out; 0 with `all`. */
  readonly earlier: number;
  /** What the daemon cannot read, lost or finds broken. */
  readonly troubles: readonly Trouble[];
  /** Of the last day, oldest first. */
  readonly oldCopies?: readonly OldCopyEntry[];
}

/**
 * Gathers the facts.
 *
 * @param options `all`: every command ever, from the whole ledger, which takes longer
 */
export async function statusFacts(
  lab: LabPath,
  options: { readonly nowMs: number; readonly all: boolean },
): Promise<StatusFacts> {
  const { nowMs } = options;
  const gpus = readGpuCache(nowMs);
  const { world, earlier } = options.all
    ? { world: readWorld(lab), earlier: 0 }
    : readStatusView(stateDir(), lab);
  const daemon = isLocked(lab);
  const commands = [...world.commands.values()].map((one) =>
    entryOf(lab, one, world.commands, nowMs),
  );
  const settings = await settingsTrouble(lab);
  const pause = world.paused ? { pause: pauseWords(world.pause, atWork(world)) } : {};
  return {
    lab,
    atMs: nowMs,
    daemon,
    ...(settings.length === 0 ? {} : { settings }),
    notices: noticesOf(lab, daemon !== undefined),
    paused: world.paused,
    ...pause,
    gpus: await gpus,
    commands,
    earlier,
    troubles: readTroubles(stateDir(), lab)?.troubles ?? [],
    oldCopies: oldCopiesIn(world, lab, nowMs),
  };
}

/** Loads the reader of YAML only where the file is not the last good one. */
async function settingsTrouble(lab: LabPath): Promise<readonly string[]> {
  const [good, now] = await Promise.all([
    lastGoodSettings(stateDir(), lab),
    readSettled(join(lab, "nightlab.yaml"), { equalReadsMs: 0 }),
  ]);
  if (now.kind === "text" && now.text === good) return [];
  const { readSettingsInForce } = await import("../effects/run-store/lab-settings.ts");
  const { problems } = await readSettingsInForce(lab, "UTC");
  return problems.map((problem) => problemText({ ...problem, message: settingsProblem(problem) }));
}

function noticesOf(lab: LabPath, isWatched: boolean): readonly string[] {
  const found = recognizeLab(stateDir(), lab);
  if (!("record" in found)) return [];
  const { record, kind } = found;
  if (kind === "lab" && livesAt(record) !== lab) {
    const { path } = record;
    const how = isWatched
      ? "end the daemon, which still watches that place, and start `nightlab watch` here"
      : "`nightlab watch` takes its commands and runs up here";
    return [`this lab was ${path}: ${how}`, ...noticesFor(lab, record)];
  }
  const here = { path: lab, folder: record.folder };
  return noticesFor(lab, kind === "asked" ? { asked: here, ...record } : record);
}

/** A save that may have been made from an old copy is told in `status` for this long. */
const OLD_COPY_MS = 86_400_000;

function oldCopiesIn(world: World, lab: LabPath, nowMs: number): readonly OldCopyEntry[] {
  const found = [...world.experiments.values()].filter((one) => one.lab === lab);
  return found.flatMap(({ path, oldCopies = [] }) => {
    const experiment = relative(lab, path);
    return oldCopies
      .filter(({ atMs }) => nowMs - atMs < OLD_COPY_MS)
      .map(({ atMs, lines, version }) => {
        const name = version.slice(0, VERSION_DIGITS);
        return { experiment, atMs, lines, restore: `nightlab restore ${shellWord(path)} ${name}` };
      });
  });
}

/** Progress of its environment: built by its own attempt, or prefetched while it waits. */
function environmentOf(lab: LabPath, { id, state, run }: Command): string | undefined {
  const path =
    state === "preparing" && run !== undefined
      ? environmentLog(lab, run.attempt)
      : state === "queued" || state === "waiting"
        ? prefetchLog(lab, id)
        : undefined;
  return path === undefined ? undefined : readEnvironmentProgress(path);
}

function entryOf(
  lab: LabPath,
  command: Command,
  all: ReadonlyMap<string, Command>,
  nowMs: number,
): StatusEntry {
  const { run, members } = command;
  const from = run?.startedAtMs;
  const going = run !== undefined && !run.exited;
  const live = going ? readLive(lab, run.attempt) : undefined;
  const metrics: readonly HeartbeatMetric[] =
    live?.metrics ??
    (run?.outcome?.metrics ?? []).map(({ key, last }) => ({ key, token: last.token, curve: "" }));
  const optional = {
    reason: saidReason(command.reason),
    folder: run?.folder,
    startedAtMs: from,
    endedAtMs: run?.endedAtMs,
    // Not below 0: a run that ended before its start was noticed has an earlier time in its exit
    // file.
    tookMs: from === undefined ? undefined : Math.max(0, (run?.endedAtMs ?? nowMs) - from),
    limitMs: run?.limitMs,
    exitCode: run?.outcome?.exitCode,
    cause: run?.outcome?.cause.kind,
    why: causeText(command),
    asks: ENDED.has(command.state) ? undefined : asksText(command.spec),
    priority: command.spec.priority,
    place: going ? slotName(run.spec.place) : undefined,
    environment: environmentOf(lab, command),
    progress: live?.progress,
    endsAtMs: live?.endsAtMs,
    seenAtMs: live?.atMs,
    parent: command.parent,
    runs: members === undefined ? undefined : countOf(members, all),
  };
  const known = Object.entries(optional).filter(([, value]) => value !== undefined);
  return {
    id: command.id,
    experiment: experimentName(lab, command),
    command: commandTitle(command.spec),
    state: command.state,
    ...Object.fromEntries(known),
    flags: (run?.outcome?.findings ?? run?.flags ?? []).filter(isFlag).length,
    metrics: Object.fromEntries(metrics.map(({ key, token }) => [key, token])),
    ...(live === undefined
      ? {}
      : { curves: Object.fromEntries(metrics.map(({ key, curve }) => [key, curve])) }),
  };
}

/** The cause as plain text: without Markdown and without the advice that follows it. */
export function causeText(command: Command): string | undefined {
  const { outcome } = command.run ?? {};
  const short = outcome === undefined ? undefined : causeWords(command, outcome).short;
  return short
    ?.replace(/; write .*/, "")
    .replaceAll("`", "")
    .replaceAll(/\\([!-/:-@[-_{-~])/g, "$1");
}

function asksText({ gpus, share = 1 }: Command["spec"]): string | undefined {
  if (share > 1) return `1/${share} of a GPU`;
  if (gpus === undefined) return undefined;
  return gpus === 0 ? "a CPU slot" : gpus === 1 ? "a GPU" : `${gpus} GPUs`;
}

/** Members that the status view no longer has ended long ago. */
function countOf(
  members: readonly string[],
  all: ReadonlyMap<string, Command>,
): NonNullable<StatusEntry["runs"]> {
  const open = members.filter((id) => {
    const member = all.get(id);
    return member !== undefined && !ENDED.has(member.state);
  });
  return { ended: members.length - open.length, all: members.length };
}
