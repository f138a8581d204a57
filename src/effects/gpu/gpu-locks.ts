// One lock file per GPU, shared by all daemons of the machine: no two allocate the same GPU. The
// run's shim inherits the open file, so the lock lasts as long as the run, even without a daemon.
//
// Other users can write to the folder. So nothing in it is waited for, followed or believed to be a
// lock file before it is looked at, and a GPU that cannot be locked is not given to anybody.
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  futimesSync,
  lstatSync,
  mkdirSync,
  openSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import type { AttemptId } from "../../base/ids.ts";
import { errorCode } from "../os/error-code.ts";
import { lockOpenFile } from "../os/native.ts";

/** All users of a machine share the folder; this variable names another if /tmp is private. */
const GPU_LOCKS_VARIABLE = "NIGHTLAB_GPU_LOCKS";
const FOLDER = "/tmp/nightlab-gpus";
/** Anybody may make files there, and nobody may remove those of others. */
const SHARED_MODE = 0o1777;

/** A GPU that could not be locked. */
export interface NotLocked {
  readonly uuid: string;
  /** What is in the way, and the way out; absent: another daemon holds the lock. */
  readonly why?: string;
}

export interface GpuLocks {
  /**
   * Locks GPUs for an attempt, all or none. Returns those that could not be: empty on success.
   * `joined` GPUs are shared with other attempts of this daemon, whose shims may hold their locks;
   * those do not count.
   */
  take(
    attempt: AttemptId,
    uuids: readonly string[],
    joined?: readonly string[],
  ): readonly NotLocked[];
  /** Whether `take` succeeded for the attempt, since this daemon started, and it is unreleased. */
  granted(attempt: AttemptId): boolean;
  /** The open files that hold the attempt's locks, for its shim to inherit. */
  descriptors(attempt: AttemptId): readonly number[];
  /** Drops the attempt's locks in this process; a running shim keeps its inherited ones. */
  release(attempt: AttemptId): void;
}

interface Lock {
  readonly descriptor: number;
  readonly users: Set<AttemptId>;
}

/** Keeps locks in the folder that `env` names, else in the machine's. Never blocks or throws. */
export function createGpuLocks(env: NodeJS.ProcessEnv): GpuLocks {
  const locks = new Map<string, Lock>();
  const granted = new Set<AttemptId>();

  const release = (attempt: AttemptId): void => {
    granted.delete(attempt);
    for (const [uuid, { descriptor, users }] of locks) {
      if (!users.delete(attempt) || users.size > 0) continue;
      closeSync(descriptor);
      locks.delete(uuid);
    }
  };
  /** Locks one GPU, or returns why it could not. */
  const takeOne = (attempt: AttemptId, uuid: string): readonly NotLocked[] => {
    const own = locks.get(uuid);
    if (own !== undefined) {
      own.users.add(attempt);
      return [];
    }
    const opened = openLock(lockFolder(env), uuid);
    if (opened.kind === "refused") return [{ uuid, why: opened.why }];
    const { descriptor } = opened;
    const answer = lockOpenFile(descriptor);
    if (answer === "held") {
      locks.set(uuid, { descriptor, users: new Set([attempt]) });
      touch(descriptor);
      return [];
    }
    closeSync(descriptor);
    if (answer === "taken") return [{ uuid }];
    return [{ uuid, why: withWayOut(`${lockFolder(env)} is on a file system without locks`) }];
  };
  return {
    take(attempt, uuids, joined = []) {
      const missing = uuids
        .flatMap((uuid) => takeOne(attempt, uuid))
        .filter(({ uuid }) => !joined.includes(uuid));
      if (missing.length > 0) release(attempt);
      else granted.add(attempt);
      return missing;
    },
    granted: (attempt) => granted.has(attempt),
    descriptors: (attempt) =>
      [...locks.values()]
        .filter(({ users }) => users.has(attempt))
        .map(({ descriptor }) => descriptor),
    release,
  };
}

/**
 * Why a GPU cannot be locked by this user, with the way out; undefined where it can, also while
 * somebody holds the lock. Makes nothing.
 */
export function whyNoLock(env: NodeJS.ProcessEnv, uuid: string): string | undefined {
  const folder = lockFolder(env);
  if (isMissing(folder)) return undefined;
  if (isMissing(lockPath(folder, uuid))) {
    const foreign = whyForeign(folder);
    return foreign === undefined ? undefined : withWayOut(foreign);
  }
  const opened = openLock(folder, uuid);
  if (opened.kind === "refused") return opened.why;
  closeSync(opened.descriptor);
  return undefined;
}

function isMissing(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    // Any failure: something is there, or in the way to it.
    return false;
  }
}

const lockPath = (folder: string, uuid: string): string =>
  join(folder, `${uuid.replaceAll(/[^\w-]/g, "_")}.lock`);

const lockFolder = (env: NodeJS.ProcessEnv): string => env[GPU_LOCKS_VARIABLE] ?? FOLDER;

type Opened =
  | { readonly kind: "open"; readonly descriptor: number }
  | { readonly kind: "refused"; readonly why: string };

const refused = (what: string): Opened => ({ kind: "refused", why: withWayOut(what) });

const withWayOut = (what: string): string =>
  `${what}; have it removed, or set ${GPU_LOCKS_VARIABLE} to one folder for all users of these GPUs`;

/** Opens the lock file; the first user creates it, for all. */
function openLock(folder: string, uuid: string): Opened {
  const path = lockPath(folder, uuid);
  try {
    makeShared(folder);
    const foreign = whyForeign(folder);
    if (foreign !== undefined) return refused(foreign);
    const descriptor = openShared(path);
    if (fstatSync(descriptor).isFile()) return { kind: "open", descriptor };
    closeSync(descriptor);
    return refused(`${ownedBy(path)} is no file`);
  } catch (error) {
    return refused(`${ownedBy(path)} cannot be opened (${errorCode(error) || String(error)})`);
  }
}

/** Never follows a link, and never waits, as for the other end of a pipe. */
const LOOK = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

function openShared(path: string): number {
  try {
    // Without O_CREAT: in a sticky folder the kernel refuses it on another user's file
    // (fs.protected_regular).
    return openSync(path, LOOK);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
  try {
    const descriptor = openSync(path, "wx+", 0o666);
    chmodSync(path, 0o666);
    return descriptor;
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    return openSync(path, LOOK);
  }
}

function makeShared(folder: string): void {
  try {
    mkdirSync(folder);
    chmodSync(folder, SHARED_MODE);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
}

/**
 * Why locks in a folder may not be those of all users: somebody else's link leads there, or
 * somebody else keeps it for themselves. Throws the system's error where it cannot be looked at.
 */
function whyForeign(folder: string): string | undefined {
  const link = lstatSync(folder);
  if (link.isSymbolicLink() && !isTrusted(link.uid)) return `${ownedBy(folder)} is a link`;
  const found = statSync(folder);
  if (!found.isDirectory()) return `${ownedBy(folder)} is no folder`;
  const isShared = (found.mode & SHARED_MODE) === SHARED_MODE;
  return isTrusted(found.uid) || isShared ? undefined : `${ownedBy(folder)} is not shared`;
}

const isTrusted = (uid: number): boolean => uid === 0 || uid === process.getuid?.();

/** A path with its owner, where that is somebody else. */
function ownedBy(path: string): string {
  const uid = ownerOf(path);
  return uid === undefined || isTrusted(uid) ? path : `${path} of the user with the id ${uid}`;
}

function ownerOf(path: string): number | undefined {
  try {
    return lstatSync(path).uid;
  } catch {
    // Any failure: the message does without its owner.
    return undefined;
  }
}

/** Cleaners of /tmp remove files that have not changed for days. */
function touch(descriptor: number): void {
  try {
    // With a second name it may be any file of ours.
    if (fstatSync(descriptor).nlink > 1) return;
    const now = new Date();
    futimesSync(descriptor, now, now);
  } catch {
    // Any failure, such as another user's file: only its owner may set its times.
  }
}
