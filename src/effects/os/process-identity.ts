// The identity of a process (its pid, its start time and the machine's boot), and signals that
// check it first, so that a process that was given the same pid later is never signalled.
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { hostname } from "node:os";
import type { ProcessIdentity } from "../../domain/run.ts";

/** Time between TERM and KILL, so that a script can save its checkpoint. */
export const GRACE_MS = 10_000;

/** A machine and its present boot. Two boots of one host differ in `bootId`. */
export interface HostFacts {
  readonly host: string;
  /** "" where the system has no boot id. */
  readonly bootId: string;
}

/** A process, and the group and session that it is in. */
export interface FoundProcess extends ProcessIdentity {
  readonly group: number;
  /** Undefined where the system does not say. */
  readonly session?: number;
}

interface ProcessStat {
  readonly startTime: string;
  /** One letter; `Z` is a process that has ended but has not been reaped. */
  readonly state: string;
  readonly group: number;
  /** Undefined where the system does not say. */
  readonly session?: number;
}

let facts: HostFacts | undefined;

/** Host name and boot id of this machine, read once. */
export function hostFacts(): HostFacts {
  facts ??= {
    host: readText("/proc/sys/kernel/hostname")?.trim() ?? hostname(),
    bootId:
      readText("/proc/sys/kernel/random/boot_id")?.trim() ??
      outputOf("sysctl", ["-n", "kern.bootsessionuuid"]),
  };
  return facts;
}

/** The identity of a living process; undefined where it has ended, whether or not it was reaped. */
export function identityOf(pid: number): FoundProcess | undefined {
  const stat = statOf(pid);
  if (stat === undefined || stat.state === "Z" || stat.state === "X") return undefined;
  const { state: _, ...rest } = stat;
  return { pid, bootId: hostFacts().bootId, ...rest };
}

/** Whether exactly this process still lives; a later process with its pid does not count. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.bootId !== hostFacts().bootId) return false;
  const now = identityOf(identity.pid);
  return now !== undefined && now.startTime === identity.startTime;
}

/** How long a process has lived, or would have, in ms; undefined where the system does not say. */
export function ageMs({ startTime, bootId }: ProcessIdentity): number | undefined {
  const uptime = Number(readText("/proc/uptime")?.split(" ")[0]);
  // Ticks since boot, of which the kernel tells a hundred a second.
  const age = uptime * 1000 - Number(startTime) * 10;
  return bootId !== hostFacts().bootId || Number.isNaN(age) ? undefined : age;
}

/** Sends a signal to this process and to no other; false where it has ended. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  return isAlive(identity) && send(identity.pid, signal);
}

/**
 * Sends a signal to the group that this process leads; false where nothing is left of it. The
 * leader itself may have ended: while its group has members, the system gives its pid to no new
 * process, so only a process with that pid and another start time proves that the group is gone.
 */
export function signalGroup(leader: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!mayStillExist(leader)) return false;
  if (send(-leader.pid, signal)) return true;
  // Between its start and `setsid`, the leader has no group of its own yet.
  return signalProcess(leader, signal);
}

/** Whether the group of this leader still has a living member. */
export function groupLives(leader: ProcessIdentity): boolean {
  if (!mayStillExist(leader)) return false;
  if (isAlive(leader)) return true;
  const pids = processIds();
  if (pids === undefined) return send(-leader.pid, 0);
  return pids.some((pid) => {
    const stat = statOf(pid);
    return stat?.group === leader.pid && stat.state !== "Z";
  });
}

/** The living processes in the group or session that this process leads or has led. */
export function membersOf(leader: ProcessIdentity): readonly FoundProcess[] {
  if (!mayStillExist(leader)) return [];
  return (processIds() ?? []).flatMap((pid) => {
    const stat = statOf(pid);
    const isMember = stat?.group === leader.pid || stat?.session === leader.pid;
    return isMember ? (identityOf(pid) ?? []) : [];
  });
}

/**
 * Living processes, other than this one, that were started with `name=value` in their environment
 * and whose other variables `also` accepts. Empty where the system has no /proc; processes of other
 * users cannot be seen.
 */
export function processesWith(
  name: string,
  value: string,
  also: (variable: (name: string) => string | undefined) => boolean = () => true,
): readonly FoundProcess[] {
  const wanted = `\0${name}=${value}\0`;
  const found: FoundProcess[] = [];
  for (const pid of processIds() ?? []) {
    if (pid === process.pid) continue;
    const environment = environmentOf(pid);
    if (environment === undefined || !`\0${environment}\0`.includes(wanted)) continue;
    const entries = environment.split("\0");
    const variable = (other: string): string | undefined =>
      entries.find((entry) => entry.startsWith(`${other}=`))?.slice(other.length + 1);
    if (!also(variable)) continue;
    const identity = identityOf(pid);
    if (identity !== undefined) found.push(identity);
  }
  return found;
}

/** Loading a program is over within this time, on a machine in deep trouble too. */
const EXEC_MS = 200;
/** A process with a place for an environment and nothing in it is believed after this long. */
const EMPTY_MS = 20;
/** Processes that were started without an environment, each with its program. */
const withoutEnvironment = new Map<number, string>();
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * The environment with which a process was started; undefined where it cannot be read. A process
 * in the middle of `exec` has none for a moment, and is looked at again: whoever sweeps up a run's
 * processes must not miss one that was just becoming another program. It blocks for as long.
 */
function environmentOf(pid: number): string | undefined {
  const sinceMs = performance.now();
  let seen: { readonly name: string; readonly sinceMs: number } | undefined;
  for (;;) {
    const environment = readText(`/proc/${pid}/environ`);
    if (environment !== "") return environment;
    const program = emptyProgram(pid);
    if (program === undefined || withoutEnvironment.get(pid) === program.name) return "";
    const nowMs = performance.now();
    if (nowMs - sinceMs > EXEC_MS) return "";
    if (seen?.name !== program.name) seen = { name: program.name, sinceMs: nowMs };
    else if (!program.loading && nowMs - seen.sinceMs > EMPTY_MS) {
      if (withoutEnvironment.size > 1_000) withoutEnvironment.clear();
      withoutEnvironment.set(pid, program.name);
      return "";
    }
    // Asleep, so that the process gets on with it.
    if (nowMs - sinceMs > 1) Atomics.wait(sleeper, 0, 0, 1);
  }
}

interface EmptyProgram {
  /** Tells it from a later program of the same process. */
  readonly name: string;
  /** Its memory has no place for an environment yet. */
  readonly loading: boolean;
}

/**
 * The program of a process without an environment, by its start time and the place of its
 * environment (fields 22 and 50 of proc(5)). Undefined for threads of the kernel and for what is on
 * its way out (field 9, the flags): these get none.
 */
function emptyProgram(pid: number): EmptyProgram | undefined {
  const [PF_EXITING, PF_KTHREAD] = [0x4, 0x200000];
  const fields = statFields(pid);
  if (fields === undefined || /[ZX]/.test(fields[0] ?? "")) return undefined;
  if ((Number(fields[6]) & (PF_EXITING | PF_KTHREAD)) !== 0) return undefined;
  const [startTime, place] = [fields[19], fields[47]];
  return { name: `${startTime} ${place}`, loading: place === "0" };
}

function mayStillExist(leader: ProcessIdentity): boolean {
  if (leader.pid <= 1 || leader.bootId !== hostFacts().bootId) return false;
  const stat = statOf(leader.pid);
  return stat === undefined || stat.startTime === leader.startTime;
}

/** Whether the system lists all processes: without, groups are all that can be looked for. */
export const listsProcesses = (): boolean => processIds() !== undefined;

function processIds(): readonly number[] | undefined {
  try {
    const names = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    return names.length === 0 ? undefined : names.map(Number);
  } catch {
    // Any failure: a system without /proc, where `ps` is asked.
    return undefined;
  }
}

/** Fields of /proc/<pid>/stat from field 3 (the state) on, as in proc(5); undefined without one. */
export function statFields(pid: number): readonly string[] | undefined {
  const text = readText(`/proc/${pid}/stat`);
  // Field 2, the command's name, is in parentheses and may contain spaces and parentheses itself.
  return text?.slice(text.lastIndexOf(")") + 2).split(" ");
}

/**
 * State, group, session and start time (fields 3, 5, 6 and 22, in ticks since boot); from `ps`
 * without /proc.
 */
function statOf(pid: number): ProcessStat | undefined {
  const fields = statFields(pid);
  if (fields !== undefined) {
    return {
      state: fields[0] ?? "",
      group: Number(fields[2]),
      session: Number(fields[3]),
      startTime: fields[19] ?? "",
    };
  }
  if (readText("/proc/self/stat") !== undefined) return undefined;
  const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
  const line = outputOf("ps", ["-o", "state=,pgid=,lstart=", "-p", String(pid)], env);
  const match = /^(\S)\S*\s+(\d+)\s+(.+)$/.exec(line);
  if (match === null) return undefined;
  return { state: match[1] ?? "", group: Number(match[2]), startTime: match[3]?.trim() ?? "" };
}

function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    // Any failure. ESRCH: it has ended. EPERM: the pid belongs to another user's process by now.
    return false;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Any failure: the process has ended meanwhile, or hides it.
    return undefined;
  }
}

function outputOf(command: string, args: readonly string[], env = process.env): string {
  try {
    const stdio = ["ignore", "pipe", "ignore"] as const;
    return execFileSync(command, args, { encoding: "utf8", env, stdio: [...stdio] }).trim();
  } catch {
    // Any failure: a program that is not here or has nothing to say.
    return "";
  }
}
