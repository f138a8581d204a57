// A lock for each GPU, shared by all daemons of the machine, so that two never promise the same.
// The run's shim inherits it: it lasts as long as the run, whatever becomes of the daemon.
import { chmodSync, closeSync, constants, futimesSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import type { AttemptId } from "../../base/ids.ts";
import { errorCode } from "../os/error-code.ts";
import { lockOpenFile } from "../os/native.ts";

/** Users of one machine share this folder; another is set where /tmp is not shared. */
const GPU_LOCKS_VARIABLE = "NIGHTLAB_GPU_LOCKS";
const FOLDER = "/tmp/nightlab-gpus";

export interface GpuLocks {
  /**
   * Locks GPUs for an attempt, all or none; answers those that somebody else holds. `joined` ones
   * are held by other attempts of this daemon or by their shims.
   */
  take(attempt: AttemptId, uuids: readonly string[], joined?: readonly string[]): readonly string[];
  /** Whether they were given to it in this life of the daemon. */
  granted(attempt: AttemptId): boolean;
  /** Open files that carry the attempt's locks, for its shim. */
  descriptors(attempt: AttemptId): readonly number[];
  /** The attempt needs them no more; a running shim keeps its own hold. */
  release(attempt: AttemptId): void;
}

interface Lock {
  readonly descriptor: number;
  readonly users: Set<AttemptId>;
}

/** Locks in the folder that `env` names, else in the machine's; `warn` hears where none can be. */
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
  /** Whether somebody else holds it. */
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
      renew(descriptor);
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

/** Made by whoever comes first, for everybody; nobody follows a link that somebody put there. */
function openLock(folder: string, uuid: string, warn: (why: string) => void): number | undefined {
  const path = join(folder, `${uuid.replaceAll(/[^\w-]/g, "_")}.lock`);
  try {
    makeShared(folder);
    try {
      // Without O_CREAT: the kernel refuses that on others' files in a folder such as /tmp.
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

/** Cleaners of /tmp remove what has not changed for days. */
function renew(descriptor: number): void {
  try {
    const now = new Date();
    futimesSync(descriptor, now, now);
  } catch {
    // Another user's file: its age is theirs to change.
  }
}
