// The folder of one attempt, which is made once and never reused, and the run's state as read from
// it. shim.sh writes the folder; supervisor.ts starts and ends processes.
import { constants, statSync } from "node:fs";
import { open as openPipe } from "node:fs/promises";
import { dirname, join } from "node:path";
import { RECORD_BYTES } from "../../base/limits.ts";
import { maybe, object, string } from "../../base/stored-shape.ts";
import { attemptId, COMMAND_ID } from "../../base/ids.ts";
import type { AttemptId } from "../../base/ids.ts";
import type { AttemptSpec, Exit, ProcessIdentity } from "../../domain/run.ts";
import { isAbsent, orAbsent } from "../os/absent.ts";
import { errorCode } from "../os/error-code.ts";
import { isAlive, membersOf, processesWith } from "../os/process-identity.ts";
import type { FoundProcess, HostFacts } from "../os/process-identity.ts";
import { syncFolder, atomicWrite } from "../os/atomic-write.ts";
import { mkdir, open, readFile, stat } from "../os/lab-files.ts";
import { readStored } from "../os/stored-file.ts";
import { leftBehindNote, parseLeftBehind } from "./left-behind.ts";
import { defined } from "../../base/defined.ts";

/**
 *                         ┌──────────────────────────► ended
 *   never-started ─► running ─► running-unwatched ───► lost (lost)
 *                         └─────────┴───power cut────► lost (machine-restarted)
 * `unknown`: its state cannot be determined from this machine. `unreadable`: nothing may follow from
 * it, until its folder can be read again.
 */
export type AttemptState =
  | { readonly kind: "never-started" }
  /** `process` leads the run's process group; absent for the instant before it is started. */
  | { readonly kind: "running"; readonly process?: ProcessIdentity; readonly main?: MainEnd }
  /** Its shim died: it runs on, but an exit code that is not written yet will never be known. */
  | {
      readonly kind: "running-unwatched";
      readonly process: ProcessIdentity;
      readonly main?: MainEnd;
    }
  | { readonly kind: "ended"; readonly exit: Exit }
  | { readonly kind: "lost"; readonly why: "machine-restarted" | "lost" }
  | { readonly kind: "unknown"; readonly why: string }
  | { readonly kind: "unreadable"; readonly why: string };

/** The run's first process has ended, and processes that it started live on. */
export interface MainEnd {
  /** Absent where its shim died before it. */
  readonly code?: number;
}

/** What tells an attempt on the disk from what else may lie there. */
export type AttemptPlace = Pick<AttemptSpec, "lab" | "attempt" | "token">;

/** What the shim recorded about itself and the run's first process. */
export interface AttemptProcesses {
  readonly host: string;
  readonly shim?: ProcessIdentity;
  readonly child?: ProcessIdentity;
}

/** Environment variable that every process of a run inherits; its value is the attempt's id. */
export const RUN_ID_VARIABLE = "NIGHTLAB_RUN_ID";
/** Set beside it; its value is the attempt's folder. */
export const ATTEMPT_VARIABLE = "NIGHTLAB_ATTEMPT";

/**
 * Name of the file with the attempt's notes (attempt-notes.ts), among them the boot of its start.
 */
export const NOTES = "notes.json";

/** On which machine, and on which boot of it, a step of an attempt began. */
export interface Begun {
  readonly bootId: string;
  readonly host: string;
}
const BEGUN = object<Partial<Begun>>({ bootId: maybe(string()), host: maybe(string()) });

/** An attempt's id: its command's id, then the attempt's number. */
const ATTEMPT_ID = new RegExp(`${COMMAND_ID.source.replace(/\$$/, "")}-[0-9]{1,6}$`);

/** Folder of an attempt. Throws for a malformed id, which could lead outside the lab. */
export function attemptDir(lab: string, attempt: AttemptId): string {
  if (!ATTEMPT_ID.test(attempt)) throw new Error(`${JSON.stringify(attempt)} is no attempt's id`);
  return join(lab, ".nightlab", "attempts", attempt);
}

/**
 * Creates the folder of an attempt with its spec.json, durably. `there`: it existed already, with a
 * spec or a claim, and was left alone. Rejects with file system errors, and where the folder that is
 * there has another token: then it is not this attempt's.
 */
export async function createAttempt(spec: AttemptSpec): Promise<"made" | "there"> {
  const dir = attemptDir(spec.lab, spec.attempt);
  const make = async (): Promise<boolean> =>
    mkdir(dir).then(
      () => true,
      (error: unknown) => {
        if (errorCode(error) === "EEXIST") return false;
        throw error;
      },
    );
  const isNew = await make().catch(async (error: unknown) => {
    if (errorCode(error) !== "ENOENT") throw error;
    await mkdir(dirname(dir), { recursive: true });
    return make();
  });
  // The spec is renamed into place, so one that exists is complete.
  if (!isNew && ((await exists(join(dir, "spec.json"))) || (await exists(join(dir, "claim"))))) {
    if (spec.token === undefined || (await readSpec(dir))?.token === spec.token) return "there";
    throw new Error(`${dir} is there already, and this run did not make it; move it away`);
  }
  // Together, they are one commit of the file system's journal; one after another they are two.
  await Promise.all([
    atomicWrite(join(dir, "spec.json"), `${JSON.stringify(spec, undefined, 2)}\n`),
    syncFolder(dirname(dir)),
  ]);
  return "made";
}

/**
 * The spec of an attempt; undefined where it is missing or incomplete. Optional fields are trusted.
 * Rejects where it cannot be read.
 */
export async function readSpec(dir: string): Promise<AttemptSpec | undefined> {
  const text = await readSmall(join(dir, "spec.json"));
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isSpec(value) ? value : undefined;
  } catch {
    // Any failure is bad JSON: whoever asks counts that as the spec of another run.
    return undefined;
  }
}

/**
 * The state of an attempt, from its folder and this machine's processes. A run of another host that
 * has not written its exit code is unknown, never lost. A claim counts whoever made it; exit codes
 * and processes only with the attempt's `token`, where it has one. Never throws, whatever is in the
 * folder and whether or not that can be read.
 */
export async function readAttempt(
  dir: string,
  here: HostFacts,
  token?: string,
): Promise<AttemptState> {
  try {
    return await stateIn(dir, here, token);
  } catch (error) {
    return { kind: "unreadable", why: error instanceof Error ? error.message : String(error) };
  }
}

async function stateIn(dir: string, here: HostFacts, token?: string): Promise<AttemptState> {
  const exit = await readExit(dir, "exit", token);
  if (exit !== undefined) return { kind: "ended", exit };
  if (!(await exists(join(dir, "claim")))) return withoutClaim(dir, here);
  const { shim, child, ...written } = await readProcesses(dir, token);
  // If the shim was killed right after its claim, the claim is all there is.
  const claim = shim === undefined ? await readClaim(dir) : undefined;
  const { bootId, host } = { host: written.host, ...shim, ...claim };
  const sameBoot = bootId === undefined || bootId === here.bootId;
  if (!sameBoot && host !== "" && host !== here.host) {
    return { kind: "unknown", why: `it runs on ${host}` };
  }
  const main = sameBoot ? await readExit(dir, "main", token) : undefined;
  if (sameBoot) {
    if (await fifoIsHeld(join(dir, "alive"))) {
      return {
        kind: "running",
        ...defined({ process: child }),
        ...(main === undefined ? {} : { main: { code: main.code } }),
      };
    }
    if (child !== undefined && isAlive(child)) return { kind: "running-unwatched", process: child };
    const [left] = processesLeft(dir, child);
    if (left !== undefined) {
      // Without a child, the shim died before it could record it: this may be the main process.
      const ended =
        child === undefined ? {} : { main: main === undefined ? {} : { code: main.code } };
      return { kind: "running-unwatched", process: left, ...ended };
    }
  }
  // The shim may have written the exit code since it was first looked for.
  const late = (await readExit(dir, "exit", token)) ?? main;
  if (late !== undefined) return { kind: "ended", exit: late };
  return { kind: "lost", why: sameBoot ? "lost" : "machine-restarted" };
}

/**
 * On the boot of its start, a missing claim means that the attempt was never claimed. On a later
 * boot it proves nothing: the shim does not sync its claim, so a power cut may have lost it.
 */
async function withoutClaim(dir: string, here: HostFacts): Promise<AttemptState> {
  const { bootId = here.bootId, host } = await readStart(dir);
  if (bootId === here.bootId) return { kind: "never-started" };
  if (host !== here.host) return { kind: "unknown", why: `it runs on ${host}` };
  return { kind: "lost", why: "machine-restarted" };
}

const readStart = async (dir: string): Promise<Partial<Begun>> =>
  (await readStored(join(dir, NOTES), BEGUN)) ?? {};

/** The machine and boot of an attempt's claim; undefined for attempts of earlier releases. */
export async function readClaim(dir: string): Promise<Begun | undefined> {
  const text = (await readSmall(join(dir, "claim"))) ?? "";
  const [, bootId, host] = /^boot (\S+)\nhost (.*)\n/.exec(text) ?? [];
  return bootId === undefined || host === undefined ? undefined : { bootId, host };
}

/**
 * The processes that an attempt's shim has recorded so far, without an incomplete last line. None
 * where the attempt has a `token` and the record lacks it.
 */
export async function readProcesses(dir: string, token?: string): Promise<AttemptProcesses> {
  const text = (await readSmall(join(dir, "pid"))) ?? "";
  const complete = text.slice(0, text.lastIndexOf("\n") + 1);
  const field = (name: string): string | undefined =>
    new RegExp(`^${name} (.*)$`, "m").exec(complete)?.[1]?.trim();
  if (token !== undefined && field("token") !== token) return { host: "" };
  const bootId = field("boot");
  const identity = (name: string): ProcessIdentity | undefined => {
    const match = /^(\d{1,10})(?: (.*))?$/.exec(field(name) ?? "");
    if (match === null || bootId === undefined) return undefined;
    return { pid: Number(match[1]), startTime: match[2]?.trim() ?? "", bootId };
  };
  const shim = identity("shim");
  const child = identity("child");
  return {
    host: field("host") ?? "",
    ...defined({ shim, child }),
  };
}

/**
 * The exit code that the shim wrote, of the run or of its main process; undefined while it runs,
 * where a power cut lost it, and where it lacks the attempt's `token`.
 */
async function readExit(
  dir: string,
  name: "exit" | "main",
  token: string | undefined,
): Promise<Exit | undefined> {
  const path = join(dir, name);
  // Earlier releases wrote the time of the end beside the code.
  const match = /^(\d{1,3})(?: (\d{1,16})\n|(?: ([0-9a-f]{32}))?\n *\n)$/.exec(
    (await readSmall(path)) ?? "",
  );
  if (match === null || (token !== undefined && match[3] !== token)) return undefined;
  const marked = async (marker: string): Promise<boolean> => exists(join(dir, marker));
  const [facts, overLimit, oomKill, said, note] = await Promise.all([
    stat(path),
    marked("over-limit"),
    marked("oom-kill"),
    readSmall(join(dir, "signal")),
    // Any failure: it names idle processes that were ended, and nothing follows from it.
    readSmall(leftBehindNote(dir)).catch(() => undefined),
  ]);
  const leftBehind = parseLeftBehind(note);
  const code = Number(match[1]);
  const signalled = code > 128 && said !== undefined && said !== "";
  const endedAtMs = match[2] === undefined ? Math.round(facts.mtimeMs) : Number(match[2]);
  return {
    code,
    ...(signalled ? { signalled } : {}),
    endedAtMs,
    overLimit,
    ...(oomKill ? { oomKill } : {}),
    ...(leftBehind.length === 0 ? {} : { leftBehind }),
  };
}

/** Syncs an exit code, so that it survives a power cut. Errors are ignored. */
export async function syncExit(dir: string): Promise<void> {
  try {
    const file = await open(join(dir, "exit"));
    try {
      await file.datasync();
    } finally {
      await file.close();
    }
  } catch {
    // Any failure: the code is readable all the same, and is in the ledger in a moment.
  }
}

/** Whether a process holds a FIFO open for reading. Never blocks; rejects where it cannot tell. */
async function fifoIsHeld(path: string): Promise<boolean> {
  try {
    // If it has become an ordinary file, opening it proves nothing.
    if (!(await stat(path)).isFIFO()) return false;
    const file = await openPipe(path, constants.O_WRONLY | constants.O_NONBLOCK);
    await file.close();
    return true;
  } catch (error) {
    // ENXIO: nobody reads it.
    if (isAbsent(error) || errorCode(error) === "ENXIO") return false;
    throw error;
  }
}

/** The id of the attempt that a folder belongs to. */
function attemptOf(dir: string): AttemptId {
  return attemptId(dir.slice(dir.lastIndexOf("/") + 1));
}

/**
 * Living processes of the attempt in a folder. Two labs may share an attempt's id, such as a lab
 * and its copy: a process whose environment names another existing folder does not count.
 */
export function processesOf(dir: string): readonly FoundProcess[] {
  return processesWith(RUN_ID_VARIABLE, attemptOf(dir), (variable) => {
    const folder = variable(ATTEMPT_VARIABLE);
    return folder === undefined || folder === dir || !areTwoFolders(folder, dir);
  });
}

/** Whether two paths lead to two existing folders: a renamed lab must not count as another one. */
function areTwoFolders(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && (a.ino !== b.ino || a.dev !== b.dev);
}

/**
 * Living processes of an attempt: also those that hide their environment, in the group or session of
 * its first process. That these are still its own is proved by one that shows it; alone, its number
 * may have been given to others.
 */
export function processesLeft(
  dir: string,
  child: ProcessIdentity | undefined,
): readonly FoundProcess[] {
  const marked = processesOf(dir);
  const pids = new Set(marked.map(({ pid }) => pid));
  if (!marked.some(({ group, session }) => [group, session].includes(child?.pid))) return marked;
  const members = child === undefined ? [] : membersOf(child);
  return [...marked, ...members.filter(({ pid }) => !pids.has(pid))];
}

function isSpec(value: unknown): value is AttemptSpec {
  if (typeof value !== "object" || value === null) return false;
  const has = (key: string, type: string): boolean =>
    key in value && typeof (value as Record<string, unknown>)[key] === type;
  return (
    ["attempt", "command", "verb", "name", "lab", "experiment", "script"].every((key) =>
      has(key, "string"),
    ) &&
    has("limitMs", "number") &&
    "args" in value &&
    Array.isArray(value.args)
  );
}

async function readSmall(path: string): Promise<string | undefined> {
  const facts = await orAbsent(stat(path));
  if (facts?.isFile() !== true || facts.size > RECORD_BYTES) return undefined;
  return await orAbsent(readFile(path, "utf8"));
}

const exists = async (path: string): Promise<boolean> => (await orAbsent(stat(path))) !== undefined;
