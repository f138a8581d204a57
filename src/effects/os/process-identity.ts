// Who a process is: its number, start time and the machine's boot, and signals that check them.
// What a process is for, and when it should end, is not known here.
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { hostname } from "node:os";
import type { ProcessIdentity } from "../../domain/run.ts";

/** The machine as attempts know it. Two boots of one host differ in `bootId`. */
export interface HostFacts {
  readonly host: string;
  /** "" where the system has no such id. */
  readonly bootId: string;
}

/** A process that was found by looking, with the process group it is in. */
export interface FoundProcess extends ProcessIdentity {
  readonly group: number;
}

interface ProcessStat {
  readonly startTime: string;
  /** One letter; `Z` is a process that has ended and was not waited for. */
  readonly state: string;
  readonly group: number;
}

let facts: HostFacts | undefined;

/** Host name and boot id of this machine, read once. */
export function hostFacts(): HostFacts {
  facts ??= {
    host: readText("/proc/sys/kernel/hostname")?.trim() ?? hostname(),
    bootId:
      readText("/proc/sys/kernel/random/boot_id")?.trim() ??
      ask("sysctl", ["-n", "kern.bootsessionuuid"]),
  };
  return facts;
}

/** The identity of a living process, or undefined: gone, or ended and not yet waited for. */
export function identityOf(pid: number): FoundProcess | undefined {
  const stat = statOf(pid);
  if (stat === undefined || stat.state === "Z" || stat.state === "X") return undefined;
  return { pid, startTime: stat.startTime, bootId: hostFacts().bootId, group: stat.group };
}

/** Whether exactly this process still lives; a later owner of its number does not count. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.bootId !== hostFacts().bootId) return false;
  const now = identityOf(identity.pid);
  return now !== undefined && now.startTime === identity.startTime;
}

/** Sends a signal to this process and to no other; false when it is gone. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  return isAlive(identity) && send(identity.pid, signal);
}

/**
 * Sends a signal to the group that this process leads; false when nothing is left of it. The
 * leader may have ended since its caller saw it alive: while a group has members, the system
 * gives its number to no new process, so only a process of that number with another start time
 * is a stranger.
 */
export function signalGroup(leader: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!mayBeOurs(leader)) return false;
  if (send(-leader.pid, signal)) return true;
  // Between its start and `setsid` the leader has no group of its own yet.
  return signalProcess(leader, signal);
}

/** Whether the group that this process led still has a member that runs. */
export function groupLives(leader: ProcessIdentity): boolean {
  if (!mayBeOurs(leader)) return false;
  if (isAlive(leader)) return true;
  const pids = processIds();
  if (pids === undefined) return send(-leader.pid, 0);
  return pids.some((pid) => {
    const stat = statOf(pid);
    return stat?.group === leader.pid && stat.state !== "Z";
  });
}

/**
 * Living processes that were started with `name=value` in their environment, this one left out,
 * and of them those whose other variables please `also`. Empty where the system has no /proc;
 * processes of other users cannot be seen.
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
    const environment = readText(`/proc/${pid}/environ`);
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

function mayBeOurs(leader: ProcessIdentity): boolean {
  if (leader.pid <= 1 || leader.bootId !== hostFacts().bootId) return false;
  const stat = statOf(leader.pid);
  return stat === undefined || stat.startTime === leader.startTime;
}

function processIds(): readonly number[] | undefined {
  try {
    const names = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    return names.length === 0 ? undefined : names.map(Number);
  } catch {
    return undefined;
  }
}

/** Fields of /proc/<pid>/stat (proc(5)): 3 state, 5 group, 22 start time in ticks since boot. */
function statOf(pid: number): ProcessStat | undefined {
  const text = readText(`/proc/${pid}/stat`);
  if (text !== undefined) {
    // The command's name stands in parentheses and may itself hold some.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0] ?? "", group: Number(fields[2]), startTime: fields[19] ?? "" };
  }
  if (readText("/proc/self/stat") !== undefined) return undefined;
  const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
  const line = ask("ps", ["-o", "state=,pgid=,lstart=", "-p", String(pid)], env);
  const match = /^(\S)\S*\s+(\d+)\s+(.+)$/.exec(line);
  if (match === null) return undefined;
  return { state: match[1] ?? "", group: Number(match[2]), startTime: match[3]?.trim() ?? "" };
}

function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    // ESRCH: gone. EPERM: by now a stranger's, so not ours to signal.
    return false;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function ask(command: string, args: readonly string[], env = process.env): string {
  try {
    const stdio = ["ignore", "pipe", "ignore"] as const;
    return execFileSync(command, args, { encoding: "utf8", env, stdio: [...stdio] }).trim();
  } catch {
    return "";
  }
}
