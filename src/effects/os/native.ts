// The few system calls that Node lacks: read leases, file locks, named pipes, exchanging two names,
// extended attributes, giving memory back. Callers decide when to use them, and what to do where they are unsupported.
import { statfsSync } from "node:fs";
import { createRequire } from "node:module";
import { getSystemErrorName } from "node:util";
import type koffiModule from "koffi";
import { defined } from "../../base/defined.ts";

type Koffi = typeof koffiModule;
type Numeric = (...args: readonly (number | string | Buffer | null)[]) => number;

/** Linux constants, the same on every architecture that Node runs on. */
const F_SETLEASE = 1024;
const F_GETLEASE = 1025;
const F_RDLCK = 0;
const F_UNLCK = 2;
const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;
/** From macOS's sys/stdio.h. */
const RENAME_SWAP = 2;

/**
 * Local file systems (statfs `f_type`), whose leases notice every writer. NFS and CIFS return
 * EAGAIN for reasons of their own, and a lease there does not notice writers on other machines.
 */
const LOCAL_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0xf2f52010, // f2fs
  0x2fc12fc1, // zfs
  0xca451a4e, // bcachefs
  0x794c7630, // overlay
  0x01021994, // tmpfs
  0x858458f6, // ramfs
]);

interface Calls {
  readonly errno: () => string;
  readonly mkfifo?: Numeric;
  readonly fcntl?: Numeric;
  readonly flock?: Numeric;
  readonly renameat2?: Numeric;
  readonly renamexNp?: Numeric;
  readonly flistxattr?: Numeric;
  readonly fgetxattr?: Numeric;
  readonly fsetxattr?: Numeric;
  readonly mallocTrim?: Numeric;
}

let loaded: Calls | undefined;

function calls(): Calls {
  loaded ??= loadCalls();
  return loaded;
}

/** A function that is missing here, or all of them without koffi, makes callers use a fallback. */
function loadCalls(): Calls {
  try {
    const koffi = createRequire(import.meta.url)("koffi") as Koffi;
    const library = koffi.load(null);
    const find = (declaration: string): Numeric | undefined => {
      try {
        return library.func(declaration);
      } catch {
        // Any failure: the C library lacks it, and the caller goes another way.
        return undefined;
      }
    };
    const errno = (): string => getSystemErrorName(-koffi.errno());
    if (process.platform === "darwin") {
      const swap = find("int renamex_np(const char *from, const char *to, unsigned int flags)");
      const flock = find("int flock(int fd, int operation)");
      return {
        errno,
        ...defined({ renamexNp: swap, flock }),
      };
    }
    if (process.platform !== "linux") return { errno };
    // The kernel sends SIGIO when a lease is broken, which ends a process without a handler for it.
    process.on("SIGIO", () => undefined);
    const found = {
      mkfifo: find("int mkfifo(const char *path, unsigned int mode)"),
      fcntl: find("int fcntl(int fd, int cmd, ...)"),
      flock: find("int flock(int fd, int operation)"),
      renameat2: find(
        "int renameat2(int fromDir, const char *from, int toDir, const char *to, unsigned int flags)",
      ),
      flistxattr: find("long flistxattr(int fd, void *names, size_t size)"),
      fgetxattr: find("long fgetxattr(int fd, const char *name, void *value, size_t size)"),
      fsetxattr: find(
        "int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)",
      ),
      mallocTrim: find("int malloc_trim(size_t pad)"),
    };
    const present = Object.entries(found).filter(([, call]) => call !== undefined);
    return { errno, ...Object.fromEntries(present) };
  } catch {
    // Any failure: no koffi for this machine; each call has a way without it.
    return { errno: () => "ENOSYS" };
  }
}

/**
 * Takes a read lease on a file that is open for reading only.
 * `held`: nobody has it open for writing, and whoever tries blocks until the lease is released
 * (for 45 s at most, then the kernel breaks it). `open-for-writing`: somebody has it open for
 * writing. `refused`: the platform, the file system or the file's ownership allows no lease, so
 * nothing is known.
 */
export function takeReadLease(
  path: string,
  descriptor: number,
): "held" | "open-for-writing" | "refused" {
  const { fcntl, errno } = calls();
  if (fcntl === undefined) return "refused";
  try {
    if (!LOCAL_FILE_SYSTEMS.has(statfsSync(path).type)) return "refused";
  } catch {
    // Any failure: a lease is only quicker than what is done without one.
    return "refused";
  }
  if (fcntl(descriptor, F_SETLEASE, "int", F_RDLCK) === 0) return "held";
  return errno() === "EAGAIN" ? "open-for-writing" : "refused";
}

/** Whether a lease is still held; false means that somebody is waiting to write. */
export function readLeaseStands(descriptor: number): boolean {
  return calls().fcntl?.(descriptor, F_GETLEASE) === F_RDLCK;
}

/** Releases a lease, so that waiting writers go on. Closing the descriptor does the same. */
export function releaseLease(descriptor: number): void {
  calls().fcntl?.(descriptor, F_SETLEASE, "int", F_UNLCK);
}

/** Makes a named pipe; false where the path exists or named pipes are unsupported. */
export function makeFifo(path: string): boolean {
  return !path.includes("\0") && calls().mkfifo?.(path, 0o644) === 0;
}

/** `flock(2)`: exclusive and non-blocking; the same on Linux and macOS. */
const LOCK_EX_NB = 2 | 4;

/**
 * Takes an exclusive lock on an open file, which lasts until every process that has the descriptor
 * has closed it or ended. `taken`: somebody else holds it. `refused`: the platform or the file
 * system has no such locks.
 */
export function lockOpenFile(descriptor: number): "held" | "taken" | "refused" {
  const { flock, errno } = calls();
  if (flock === undefined) return "refused";
  if (flock(descriptor, LOCK_EX_NB) === 0) return "held";
  const code = errno();
  return code === "EAGAIN" || code === "EWOULDBLOCK" ? "taken" : "refused";
}

/**
 * Exchanges two files of one file system atomically.
 * Returns `exchanged`, `unsupported`, or the code of another error (`ENOENT`, `EBUSY`…).
 */
export function exchangeNames(first: string, second: string): string {
  const { renameat2, renamexNp, errno } = calls();
  // The call would see only the part of a path before a NUL byte.
  if (`${first}${second}`.includes("\0")) return "EINVAL";
  let answer: number;
  if (renameat2 !== undefined) {
    answer = renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE);
  } else if (renamexNp !== undefined) {
    answer = renamexNp(first, second, RENAME_SWAP);
  } else {
    return "unsupported";
  }
  if (answer === 0) return "exchanged";
  const code = errno();
  return ["EINVAL", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"].includes(code) ? "unsupported" : code;
}

/**
 * Copies extended attributes, including access lists, from one open file to another. Linux only;
 * does nothing elsewhere. Returns the names that could not be copied, without labels of security
 * modules: the folder gives the new file its own.
 */
export function copyAttributes(from: number, to: number): readonly string[] {
  const { flistxattr, fgetxattr, fsetxattr } = calls();
  if (flistxattr === undefined || fgetxattr === undefined || fsetxattr === undefined) return [];
  const length = flistxattr(from, null, 0);
  if (length <= 0) return [];
  const names = Buffer.alloc(length);
  const used = flistxattr(from, names, length);
  if (used < 0) return ["(the list of its attributes)"];
  const failed: string[] = [];
  for (const name of names.toString("utf8", 0, used).split("\0")) {
    if (name === "") continue;
    const size = fgetxattr(from, name, null, 0);
    const value = Buffer.alloc(Math.max(size, 1));
    const got = size < 0 ? size : fgetxattr(from, name, value, size);
    const done = got >= 0 && fsetxattr(to, name, value, got, 0) === 0;
    if (!done && !name.startsWith("security.") && !name.startsWith("trusted.")) failed.push(name);
  }
  return failed;
}

/** Gives memory back that was freed outside of V8's heap, where glibc keeps it for later. */
export function trimMalloc(): void {
  calls().mallocTrim?.(0);
}
