// What `status` and `top` tell of a lab: gathered from the view of its ledger, from what its runs
// say of themselves, and from the GPUs. No log is read, so that it takes a moment only.
import { ENDED } from "../domain/command-state.ts";
import {
  prefetchLog,
  environmentLog,
  readEnvironmentProgress,
} from "../effects/environment/environment-log.ts";
import { readGpuCache, type GpuCache } from "../effects/gpu/gpu-cache.ts";
import { isLocked } from "../effects/state/lab-lock.ts";
import { readLive, type HeartbeatMetric } from "../effects/run-store/run-heartbeat.ts";
import { stateDir } from "../effects/os/state-dir.ts";
import { readStatusView } from "../effects/state/status-view.ts";
import { causeWords } from "../journal/receipt/receipt-cause.ts";
import { commandTitle, saidReason } from "../domain/command.ts";
import { isFlag } from "../domain/finding.ts";
import type { LabPath } from "../base/ids.ts";
import { slotName } from "../domain/slot.ts";
import type { Command } from "../domain/world.ts";
import type { Progress } from "../logs/progress.ts";
import { experimentName, readWorld } from "./lab-world.ts";
import { atWork, pauseWords } from "../domain/pause-text.ts";

/** One command as `--json` gives it; times in ms since 1970, spans in ms. */
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
  /** The cause as its receipt says it; absent where it was done. */
  readonly why?: string;
  /** What it asks for, where that is written: `2 GPUs`. */
  readonly asks?: string;
  readonly priority?: number;
  /** `GPU 0`, `CPU`: what it has while it runs. */
  readonly place?: string;
  /** How far its environment is, while that is built: `downloading 6.8 of 22.9 MiB (numpy)`. */
  readonly environment?: string;
  /** How far a running one is, as its logs tell. */
  readonly progress?: Progress;
  /** When it will be through at its pace. */
  readonly endsAtMs?: number;
  /** When its logs were last read: a daemon does that. */
  readonly seenAtMs?: number;
  readonly flags: number;
  /** Literal tokens of the last logged values. */
  readonly metrics: Readonly<Record<string, string>>;
  /** A row of blocks for each of them while it runs. */
  readonly curves?: Readonly<Record<string, string>>;
  /** Of a sweep: how many of its runs have ended, and how many there are. */
  readonly runs?: { readonly ended: number; readonly all: number };
  /** The sweep that it belongs to. */
  readonly parent?: string;
}

export interface StatusFacts {
  readonly lab: LabPath;
  readonly atMs: number;
  readonly daemon: { readonly pid: number | undefined } | undefined;
  readonly paused: boolean;
  /** How the queue rests, where it does: `queue paused`. */
  readonly pause?: string;
  readonly gpus: GpuCache | undefined;
  readonly commands: readonly StatusEntry[];
  /** Commands that ended before those; none where all were asked for. */
  readonly earlier: number;
}

/** `all`: every command that ever was, which takes longer. */
export async function statusFacts(
  lab: LabPath,
  options: { readonly nowMs: number; readonly all: boolean },
): Promise<StatusFacts> {
  const { nowMs } = options;
  const asked = readGpuCache(nowMs);
  const { world, earlier } = options.all
    ? { world: readWorld(lab), earlier: 0 }
    : readStatusView(stateDir(), lab);
  const daemon = isLocked(lab);
  const commands = [...world.commands.values()].map((one) =>
    entryOf(lab, one, world.commands, nowMs),
  );
  const pause = world.paused ? { pause: pauseWords(world.pause, atWork(world)) } : {};
  return {
    lab,
    atMs: nowMs,
    daemon,
    paused: world.paused,
    ...pause,
    gpus: await asked,
    commands,
    earlier,
  };
}

/** While a run is claimed, or waits and its environment is built ahead. */
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
  const given = {
    reason: saidReason(command.reason),
    folder: run?.folder,
    startedAtMs: from,
    endedAtMs: run?.endedAtMs,
    // A run that was over before its start was known ended at the time that its exit file has.
    tookMs: from === undefined ? undefined : Math.max(0, (run?.endedAtMs ?? nowMs) - from),
    limitMs: run?.limitMs,
    exitCode: run?.outcome?.exitCode,
    cause: run?.outcome?.cause.kind,
    why: whyText(command),
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
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
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

/** The cause without its marks of Markdown, and without what to write instead. */
function whyText(command: Command): string | undefined {
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

/** One that the view knows no more has ended long ago. */
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
