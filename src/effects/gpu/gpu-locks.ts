// One lock file per GPU, shared by all daemons of the machine: no two allocate the same GPU. The
// run's shim inherits the open file, so the lock lasts as long as the run, even without a daemon.
import { chmodSync, closeSync, constants, futimesSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import type { AttemptId } from "../../base/ids.ts";
import { errorCode } from "../os/error-code.ts";
import { lockOpenFile } from "../os/native.ts";

/** All users of a machine share the folder; this variable names another if /tmp is private. */
const GPU_LOCKS_VARIABLE = "NIGHTLAB_GPU_LOCKS";
const FOLDER = "/tmp/nightlab-gpus";

export interface GpuLocks {
  /**
   * Locks GPUs for an attempt, all or none. Returns those that another daemon holds: empty on
   * success. `joined` GPUs are shared with other attempts of this daemon, whose shims may hold
   * their locks; those do not count as taken.
   */
  take(attempt: AttemptId, uuids: readonly string[], joined?: readonly string[]): readonly string[];
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

/**
 * Keeps locks in the folder that `env` names, else in the machine's. Where a GPU cannot be locked,
 * `warn` gets the reason, and the GPU counts as free.
 */
export function createGpuLocks(env: NodeJS.ProcessEnv, warn: (why: string) => void): GpuLocks {
  const folder = env[GPU_LOCKS_VARIABLE] ?? FOLDER;
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
  /** Whether another process holds the GPU's lock; if not, it is ours now. */
  const takeOne = (attempt: AttemptId, uuid: string): boolean => {
    const own = locks.get(uuid);
    if (own !== undefined) {
      own.users.add(attempt);
      return false;
    }
    const descriptor = openLock(folder, uuid, warn);
    if (descriptor === undefined) return false;
    const answer = lockOpenFile(descriptor);
    if (answer === "held") {
      locks.set(uuid, { descriptor, users: new Set([attempt]) });
      touch(descriptor);
      return false;
    }
    closeSync(descriptor);
    if (answer === "refused") warn(`${folder} is on a file system without locks`);
    return answer === "taken";
  };
  return {
    take(attempt, uuids, joined = []) {
      const taken = uuids.filter((uuid) => takeOne(attempt, uuid) && !joined.includes(uuid));
      if (taken.length > 0) release(attempt);
      else granted.add(attempt);
      return taken;
    },
    granted: (attempt) => granted.has(attempt),
    descriptors: (attempt) =>
      [...locks.values()]
        .filter(({ users }) => users.has(attempt))
        .map(({ descriptor }) => descriptor),
    release,
  };
}

/** Opens the lock file; the first user creates it, for all. O_NOFOLLOW: others can write here. */
function openLock(folder: string, uuid: string, warn: (why: string) => void): number | undefined {
  const path = join(folder, `${uuid.replaceAll(/[^\w-]/g, "_")}.lock`);
  try {
    makeShared(folder);
    try {
      // Without O_CREAT: in a sticky folder the kernel refuses it on another user's file
      // (fs.protected_regular).
      return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
    }
    try {
      const descriptor = openSync(path, "wx+", 0o666);
      chmodSync(path, 0o666);
      return descriptor;
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
      return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    }
  } catch (error) {
    warn(`Cannot lock GPU ${uuid}: ${String(error)}`);
    return undefined;
  }
}

function makeShared(folder: string): void {
  try {
    mkdirSync(folder);
    chmodSync(folder, 0o1777);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
}

/** Cleaners of /tmp remove files that have not changed for days. */
function touch(descriptor: number): void {
  try {
    const now = new Date();
    futimesSync(descriptor, now, now);
  } catch {
    // Another user's file: only its owner may set its times.
  }
}
