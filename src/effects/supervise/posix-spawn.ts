// Starts a detached program with posix_spawn. Node's own spawn forks, which blocks this process for
// about 5 ms per 100 MB of memory in use. Where the system lacks posix_spawn, or a part of it that
// is needed here, Node's spawn is the fallback.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { getSystemErrorName } from "node:util";
import type koffiModule from "koffi";

export interface Program {
  /** Absolute path. */
  readonly file: string;
  /** Without argv[0]. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Its descriptors from 0 on: a descriptor of this process, /dev/null, or closed. */
  readonly files: readonly (number | "null" | "closed")[];
}

export interface Started {
  /** Resolves when it has ended and has been reaped. */
  readonly ended: Promise<void>;
}

interface Calls {
  readonly start: (program: Program) => number;
  /** Whether the child has ended; reaps it if so. */
  readonly hasEnded: (pid: number) => boolean;
}

let loaded: Calls | undefined;
let triedToLoad = false;
/** Running children, each with the function that resolves its `ended`. */
const children = new Map<number, () => void>();

/** Starts a program in a session of its own. Rejects with the system's error. */
export async function posixSpawn(program: Program): Promise<Started> {
  for (const text of [program.file, program.cwd, ...program.args, ...environment(program.env)]) {
    if (text.includes("\0")) throw new Error("its arguments hold null bytes");
  }
  const calls = callsOfSystem();
  return calls === undefined ? spawnByNode(program) : spawnByCalls(calls, program);
}

function spawnByCalls(calls: Calls, program: Program): Started {
  listenForChildren(calls);
  const pid = calls.start(program);
  const ended = new Promise<void>((resolve) => children.set(pid, resolve));
  // It may have ended before it was in `children`.
  reapIfEnded(calls, pid);
  return { ended };
}

let listening = false;

function listenForChildren(calls: Calls): void {
  if (listening) return;
  listening = true;
  process.on("SIGCHLD", () => {
    for (const pid of children.keys()) reapIfEnded(calls, pid);
  });
}

function reapIfEnded(calls: Calls, pid: number): void {
  if (!calls.hasEnded(pid)) return;
  children.get(pid)?.();
  children.delete(pid);
}

async function spawnByNode(program: Program): Promise<Started> {
  return new Promise((resolve, reject) => {
    const child = spawn(program.file, [...program.args], {
      cwd: program.cwd,
      detached: true,
      env: program.env,
      stdio: program.files.map((file) => (typeof file === "number" ? file : "ignore")),
    });
    const ended = new Promise<void>((over) => child.once("exit", () => over()));
    child.once("error", reject);
    child.once("spawn", () => {
      child.unref();
      resolve({ ended });
    });
  });
}

const environment = (env: NodeJS.ProcessEnv): readonly string[] =>
  Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : `${name}=${value}`));

const isNumber = (file: number | string): file is number => typeof file === "number";

function callsOfSystem(): Calls | undefined {
  if (!triedToLoad) {
    triedToLoad = true;
    try {
      if (process.platform === "linux") loaded = loadCalls();
    } catch {
      // Any failure: no koffi for this machine, or an older C library: use Node's spawn.
    }
  }
  return loaded;
}

/** From <spawn.h>, <sys/wait.h> and <fcntl.h>: the same numbers in glibc and musl. */
const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;
const SETSID = 0x80;
const WNOHANG = 1;
const O_RDWR = 2;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
/** Larger than the structures of glibc and musl on any machine. */
const STRUCT_BYTES = 1024;

function check(code: number): void {
  if (code !== 0) throw new Error(`${getSystemErrorName(-code)} (posix_spawn)`);
}

type Koffi = typeof koffiModule;
type CFunction = ReturnType<ReturnType<Koffi["load"]>["func"]>;

/** The C functions used here; `spawn` is `posix_spawn`, `addDup2` its `…_adddup2`, and so on. */
interface CLibrary {
  readonly spawn: CFunction;
  readonly actionsInit: CFunction;
  readonly actionsDestroy: CFunction;
  readonly addDup2: CFunction;
  readonly addClose: CFunction;
  readonly addOpen: CFunction;
  readonly addChdir: CFunction;
  readonly attrInit: CFunction;
  readonly attrDestroy: CFunction;
  readonly setFlags: CFunction;
  readonly setSigDefault: CFunction;
  readonly setSigMask: CFunction;
  readonly sigEmptySet: CFunction;
  readonly waitpid: CFunction;
  readonly fcntl: CFunction;
}

/** Throws where koffi or one of the functions is missing. */
function loadLibrary(): CLibrary {
  const koffi = createRequire(import.meta.url)("koffi") as Koffi;
  const c = koffi.load(null);
  return {
    spawn: c.func(
      "int posix_spawn(_Out_ int *pid, const char *path, void *actions, void *attr, const char **argv, const char **envp)",
    ),
    actionsInit: c.func("int posix_spawn_file_actions_init(void *actions)"),
    actionsDestroy: c.func("int posix_spawn_file_actions_destroy(void *actions)"),
    addDup2: c.func("int posix_spawn_file_actions_adddup2(void *actions, int from, int to)"),
    addClose: c.func("int posix_spawn_file_actions_addclose(void *actions, int fd)"),
    addOpen: c.func(
      "int posix_spawn_file_actions_addopen(void *actions, int fd, const char *path, int flags, unsigned int mode)",
    ),
    addChdir: c.func("int posix_spawn_file_actions_addchdir_np(void *actions, const char *path)"),
    attrInit: c.func("int posix_spawnattr_init(void *attr)"),
    attrDestroy: c.func("int posix_spawnattr_destroy(void *attr)"),
    setFlags: c.func("int posix_spawnattr_setflags(void *attr, short flags)"),
    setSigDefault: c.func("int posix_spawnattr_setsigdefault(void *attr, void *set)"),
    setSigMask: c.func("int posix_spawnattr_setsigmask(void *attr, void *set)"),
    sigEmptySet: c.func("int sigemptyset(void *set)"),
    waitpid: c.func("int waitpid(int pid, void *status, int options)"),
    fcntl: c.func("int fcntl(int fd, int cmd, ...)"),
  };
}

function loadCalls(): Calls {
  const c = loadLibrary();
  // Descriptors that this process inherited would be inherited by its children too.
  for (const fd of readdirSync("/proc/self/fd").map(Number)) {
    if (fd > 2) c.fcntl(fd, F_SETFD, "int", FD_CLOEXEC);
  }
  return {
    start: (program) => start(c, program),
    hasEnded: (pid) => c.waitpid(pid, null, WNOHANG) !== 0,
  };
}

/** Spawns the program and returns its pid; throws the system's error. */
function start(c: CLibrary, { file, args, cwd, env, files }: Program): number {
  const [actions, attr] = [Buffer.alloc(STRUCT_BYTES), Buffer.alloc(STRUCT_BYTES)];
  check(c.actionsInit(actions));
  check(c.attrInit(attr));
  try {
    setSignals(c, attr);
    check(c.addChdir(actions, cwd));
    addFiles(c, actions, files);
    const pid = [0];
    check(c.spawn(pid, file, actions, attr, [file, ...args, null], [...environment(env), null]));
    return pid[0] ?? 0;
  } finally {
    c.actionsDestroy(actions);
    c.attrDestroy(attr);
  }
}

/** Every signal gets its default action and none is blocked; the child leads its own session. */
function setSignals(c: CLibrary, attr: Buffer): void {
  // sigfillset leaves out the C library's own two, which posix_spawn would then have ignored.
  const [all, none] = [Buffer.alloc(STRUCT_BYTES, 0xff), Buffer.alloc(STRUCT_BYTES)];
  c.sigEmptySet(none);
  // Node ignores SIGPIPE, and a child inherits what its parent ignores.
  check(c.setSigDefault(attr, all));
  check(c.setSigMask(attr, none));
  check(c.setFlags(attr, SETSIGDEF | SETSIGMASK | SETSID));
}

/**
 * Descriptors not named in `files` are closed in the child. The named ones are first copied beyond
 * all target numbers: the number of one may be the target of another.
 */
function addFiles(c: CLibrary, actions: Buffer, files: Program["files"]): void {
  const beyond = Math.max(files.length, ...files.filter(isNumber)) + 1;
  files.forEach((from, to) => {
    if (isNumber(from)) check(c.addDup2(actions, from, beyond + to));
  });
  files.forEach((from, to) => {
    if (isNumber(from)) {
      check(c.addDup2(actions, beyond + to, to));
      check(c.addClose(actions, beyond + to));
    } else if (from === "null") check(c.addOpen(actions, to, "/dev/null", O_RDWR, 0));
  });
}
