// The folder of one attempt: made once, never used again, and what it says of the run's state.
// Starting and ending processes is the supervisor's; the folder's writer is shim.sh.
import { constants, statSync } from "node:fs";
import { mkdir, open, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { RECORD_BYTES } from "../../base/limits.ts";
import { attemptId, COMMAND_ID } from "../../base/ids.ts";
import type { AttemptId } from "../../base/ids.ts";
import type { AttemptSpec, Exit, ProcessIdentity } from "../../domain/run.ts";
import { errorCode } from "../os/error-code.ts";
import { isAlive, processesWith } from "../os/process-identity.ts";
import type { FoundProcess, HostFacts } from "../os/process-identity.ts";
import { syncFolder, atomicWrite } from "../os/atomic-write.ts";

/**
 *                         ┌──────────────────────────► ended
 *   never-started ─► running ─► running-unwatched ───► lost (lost)
 *                         └─────────┴───power cut────► lost (machine-restarted)
 * `unknown` is an attempt that cannot be asked about from here.
 */
export type AttemptState =
  | { readonly kind: "never-started" }
  /** `process` leads the run's group; absent in the instant before it has been started. */
  | { readonly kind: "running"; readonly process?: ProcessIdentity }
  /** Its shim died: it runs on, but nobody will know its exit code. */
  | { readonly kind: "running-unwatched"; readonly process: ProcessIdentity }
  | { readonly kind: "ended"; readonly exit: Exit }
  | { readonly kind: "lost"; readonly why: "machine-restarted" | "lost" }
  | { readonly kind: "unknown"; readonly why: string };

/** What the shim wrote of itself and of the run's first process. */
export interface AttemptProcesses {
  readonly host: string;
  readonly shim?: ProcessIdentity;
  readonly child?: ProcessIdentity;
}

/** Environment variable that every process of a run inherits; its value is the attempt. */
export const RUN_ID_VARIABLE = "NIGHTLAB_RUN_ID";
/** Beside it: the attempt's folder. */
const ATTEMPT_VARIABLE = "NIGHTLAB_ATTEMPT";

/** Name of the file, on the disk before the start, that says on which boot it began. */
export const NOTES = "notes.json";

/** Where, and on which of its boots, something of an attempt was begun. */
export interface Begun {
  readonly bootId: string;
  readonly host: string;
}

/** The form of an attempt's id: its command's, then the number of the try. */
const ATTEMPT_ID = new RegExp(`${COMMAND_ID.source.replace(/\$$/, "")}-[0-9]{1,6}$`);

/** Folder of an attempt; throws for an id that could lead anywhere else. */
export function attemptDir(lab: string, attempt: AttemptId): string {
  if (!ATTEMPT_ID.test(attempt)) throw new Error(`${JSON.stringify(attempt)} is no attempt's id`);
  return join(lab, ".nightlab", "attempts", attempt);
}

/**
 * Makes the folder of an attempt with its durable spec.json. Repeating it for the same attempt
 * does nothing, so long as nothing has claimed it; the answer tells whether it was new.
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
  // A spec is renamed into its place whole.
  if (!isNew && ((await exists(join(dir, "spec.json"))) || (await exists(join(dir, "claim"))))) {
    return "there";
  }
  await atomicWrite(join(dir, "spec.json"), `${JSON.stringify(spec, undefined, 2)}\n`);
  await syncFolder(dirname(dir));
  return "made";
}

/** The spec of an attempt, or undefined where it is missing or torn. Its fields are trusted. */
export async function readSpec(dir: string): Promise<AttemptSpec | undefined> {
  const text = await readSmall(join(dir, "spec.json"));
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isSpec(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * What became of an attempt, from its folder and this machine's processes. A run of another host
 * that has not written its exit is unknown, never lost. Throws nothing that a person could cause.
 */
export async function readAttempt(dir: string, here: HostFacts): Promise<AttemptState> {
  const exit = await readExit(dir);
  if (exit !== undefined) return { kind: "ended", exit };
  if (!(await exists(join(dir, "claim")))) return withoutClaim(dir, here);
  const { shim, child, ...written } = await readProcesses(dir);
  // All that is known of a shim which was killed right after its claim.
  const claim = shim === undefined ? await readClaim(dir) : undefined;
  const { bootId, host } = { host: written.host, ...shim, ...claim };
  const sameBoot = bootId === undefined || bootId === here.bootId;
  if (!sameBoot && host !== "" && host !== here.host) {
    return { kind: "unknown", why: `it runs on ${host}` };
  }
  if (sameBoot) {
    if (await fifoIsHeld(join(dir, "alive"))) {
      return child === undefined ? { kind: "running" } : { kind: "running", process: child };
    }
    const orphan = child === undefined ? orphanOf(dir) : child;
    if (orphan !== undefined && isAlive(orphan)) {
      return { kind: "running-unwatched", process: orphan };
    }
  }
  // The shim may have written its last words while they were looked for.
  const late = await readExit(dir);
  if (late !== undefined) return { kind: "ended", exit: late };
  return { kind: "lost", why: sameBoot ? "lost" : "machine-restarted" };
}

/**
 * On the boot that its start began on, a claim that is not there was not made. After a power cut
 * nobody knows: the shim does not wait until its claim is on the disk.
 */
async function withoutClaim(dir: string, here: HostFacts): Promise<AttemptState> {
  const { bootId = here.bootId, host } = await readStart(dir);
  if (bootId === here.bootId) return { kind: "never-started" };
  if (host !== here.host) return { kind: "unknown", why: `it runs on ${host}` };
  return { kind: "lost", why: "machine-restarted" };
}

async function readStart(dir: string): Promise<Partial<Begun>> {
  try {
    return JSON.parse(await readFile(join(dir, NOTES), "utf8")) as Partial<Begun>;
  } catch {
    return {};
  }
}

/** Where and at which boot an attempt was claimed; attempts of before do not tell. */
async function readClaim(dir: string): Promise<Begun | undefined> {
  const text = (await readSmall(join(dir, "claim"))) ?? "";
  const [, bootId, host] = /^boot (\S+)\nhost (.*)\n/.exec(text) ?? [];
  return bootId === undefined || host === undefined ? undefined : { bootId, host };
}

/** The processes that an attempt's shim has written down so far; torn lines are left out. */
export async function readProcesses(dir: string): Promise<AttemptProcesses> {
  const text = (await readSmall(join(dir, "pid"))) ?? "";
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  const field = (name: string): string | undefined =>
    new RegExp(`^${name} (.*)$`, "m").exec(whole)?.[1]?.trim();
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
    ...(shim === undefined ? {} : { shim }),
    ...(child === undefined ? {} : { child }),
  };
}

/** What the shim wrote at the end, or undefined: still running, lost, or torn by a power cut. */
async function readExit(dir: string): Promise<Exit | undefined> {
  const path = join(dir, "exit");
  // Attempts of before have the time of their end beside the code.
  const match = /^(\d{1,3})(?: (\d{1,16})\n|\n *\n)$/.exec((await readSmall(path)) ?? "");
  if (match === null) return undefined;
  const marked = async (name: string): Promise<boolean> => exists(join(dir, name));
  const [facts, overLimit, oomKill] = await Promise.all([
    stat(path),
    marked("over-limit"),
    marked("oom-kill"),
  ]);
  const endedAtMs = match[2] === undefined ? Math.round(facts.mtimeMs) : Number(match[2]);
  return { code: Number(match[1]), endedAtMs, overLimit, ...(oomKill ? { oomKill } : {}) };
}

/** Sees to it that an exit code outlives a power cut; what the disk refuses changes nothing. */
export async function syncExit(dir: string): Promise<void> {
  try {
    const file = await open(join(dir, "exit"));
    try {
      await file.datasync();
    } finally {
      await file.close();
    }
  } catch {
    // It stands there all the same, and the ledger has it in a moment.
  }
}

/** Whether some process holds a FIFO open for reading; never waits. */
async function fifoIsHeld(path: string): Promise<boolean> {
  try {
    // A person's editor may have left an ordinary file there: opening that proves nothing.
    if (!(await stat(path)).isFIFO()) return false;
    const file = await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
    await file.close();
    return true;
  } catch {
    return false;
  }
}

/** The id of the attempt that a folder belongs to. */
function attemptOf(dir: string): AttemptId {
  return attemptId(dir.slice(dir.lastIndexOf("/") + 1));
}

/**
 * Living processes of the attempt in a folder. Two labs may have an attempt of one id, such as a
 * lab and its copy: a process that names another folder, which is there, is not this one's.
 */
export function processesOf(dir: string): readonly FoundProcess[] {
  return processesWith(RUN_ID_VARIABLE, attemptOf(dir), (variable) => {
    const named = variable(ATTEMPT_VARIABLE);
    return named === undefined || named === dir || !differs(named, dir);
  });
}

/** Whether two paths lead to two folders; a lab may have been renamed since. */
function differs(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return a !== undefined && b !== undefined && (a.ino !== b.ino || a.dev !== b.dev);
}

/** A process of a run whose shim died before it could write down whom it had started. */
function orphanOf(dir: string): ProcessIdentity | undefined {
  return processesOf(dir)[0];
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
  try {
    const facts = await stat(path);
    if (!facts.isFile() || facts.size > RECORD_BYTES) return undefined;
    return await readFile(path, "utf8");
  } catch {
    return undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}
