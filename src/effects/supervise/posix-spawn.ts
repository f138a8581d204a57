// Starts a detached program without copying this process: Node's own spawn forks, and for each
// 100 MB of memory in use here that stops everything else for some 5 ms. Where the system has no
// posix_spawn, or not all that is needed of it, Node's spawn does the work.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { getSystemErrorName } from "node:util";
import type koffiModule from "koffi";

type Koffi = typeof koffiModule;

export interface Program {
  /** Absolute path. */
  readonly file: string;
  /** Without the program's own name. */
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** What its descriptors from 0 on are: one of this process, /dev/null, or closed. */
  readonly files: readonly (number | "null" | "closed")[];
}

export interface Started {
  /** Resolves when it has ended, and has been waited for. */
  readonly ended: Promise<void>;
}

interface Calls {
  readonly start: (program: Program) => number;
  /** Whether the child has ended; it is gone then. */
  readonly hasEnded: (pid: number) => boolean;
}

let loaded: Calls | undefined;
let looked = false;
const children = new Map<number, () => void>();

/** Starts a program in a session of its own. Rejects with the system's words where it cannot. */
export async function posixSpawn(program: Program): Promise<Started> {
  for (const text of [program.file, program.cwd, ...program.args, ...environment(program.env)]) {
    if (text.includes("\0")) throw new Error("its arguments hold null bytes");
  }
  const calls = callsOfSystem();
  return calls === undefined ? spawnByNode(program) : spawnByCalls(calls, program);
}

function spawnByCalls(calls: Calls, program: Program): Started {
  listen(calls);
  const pid = calls.start(program);
  const ended = new Promise<void>((resolve) => children.set(pid, resolve));
  // It may have ended before anybody listened for it.
  lookAt(calls, pid);
  return { ended };
}

let listening = false;
function listen(calls: Calls): void {
  if (listening) return;
  listening = true;
  process.on("SIGCHLD", () => {
    for (const pid of children.keys()) lookAt(calls, pid);
  });
}

function lookAt(calls: Calls, pid: number): void {
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
  if (!looked) {
    looked = true;
    try {
      if (process.platform === "linux") loaded = loadCalls();
    } catch {
      // No koffi for this machine, or an old C library.
    }
  }
  return loaded;
}

/** <spawn.h>: the same numbers in glibc and musl. */
const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;
const SETSID = 0x80;
const WNOHANG = 1;
const O_RDWR = 2;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
/** More than glibc's and musl's structures take on any machine. */
const STRUCT_BYTES = 1024;

function check(code: number): void {
  if (code !== 0) throw new Error(`${getSystemErrorName(-code)} (posix_spawn)`);
}

function loadCalls(): Calls {
  const koffi = createRequire(import.meta.url)("koffi") as Koffi;
  const c = koffi.load(null);
  const spawnCall = c.func(
    "int posix_spawn(_Out_ int *pid, const char *path, void *actions, void *attr, const char **argv, const char **envp)",
  );
  const actionsInit = c.func("int posix_spawn_file_actions_init(void *actions)");
  const actionsEnd = c.func("int posix_spawn_file_actions_destroy(void *actions)");
  const dup2 = c.func("int posix_spawn_file_actions_adddup2(void *actions, int from, int to)");
  const close = c.func("int posix_spawn_file_actions_addclose(void *actions, int fd)");
  const open = c.func(
    "int posix_spawn_file_actions_addopen(void *actions, int fd, const char *path, int flags, unsigned int mode)",
  );
  const chdir = c.func("int posix_spawn_file_actions_addchdir_np(void *actions, const char *path)");
  const attrInit = c.func("int posix_spawnattr_init(void *attr)");
  const attrEnd = c.func("int posix_spawnattr_destroy(void *attr)");
  const setFlags = c.func("int posix_spawnattr_setflags(void *attr, short flags)");
  const setDefault = c.func("int posix_spawnattr_setsigdefault(void *attr, void *set)");
  const setMask = c.func("int posix_spawnattr_setsigmask(void *attr, void *set)");
  const fill = c.func("int sigfillset(void *set)");
  const empty = c.func("int sigemptyset(void *set)");
  const waitpid = c.func("int waitpid(int pid, void *status, int options)");
  const fcntl = c.func("int fcntl(int fd, int cmd, ...)");
  // What this process was given by the one that started it would be the child's too.
  for (const fd of readdirSync("/proc/self/fd").map(Number)) {
    if (fd > 2) fcntl(fd, F_SETFD, "int", FD_CLOEXEC);
  }
  return {
    start({ file, args, cwd, env, files }) {
      const [actions, attr] = [Buffer.alloc(STRUCT_BYTES), Buffer.alloc(STRUCT_BYTES)];
      const [all, none] = [Buffer.alloc(STRUCT_BYTES), Buffer.alloc(STRUCT_BYTES)];
      check(actionsInit(actions));
      check(attrInit(attr));
      try {
        fill(all);
        empty(none);
        // Node ignores SIGPIPE, and what is ignored stays so in a child.
        check(setDefault(attr, all));
        check(setMask(attr, none));
        check(setFlags(attr, SETSIGDEF | SETSIGMASK | SETSID));
        check(chdir(actions, cwd));
        // All of this process's own are closed in the child, unless they are named here. They
        // go out of the way first: one's number may be another's place.
        const beyond = Math.max(files.length, ...files.filter(isNumber)) + 1;
        files.forEach((from, to) => {
          if (isNumber(from)) check(dup2(actions, from, beyond + to));
        });
        files.forEach((from, to) => {
          if (isNumber(from)) {
            check(dup2(actions, beyond + to, to));
            check(close(actions, beyond + to));
          } else if (from === "null") check(open(actions, to, "/dev/null", O_RDWR, 0));
        });
        const pid = [0];
        check(
          spawnCall(pid, file, actions, attr, [file, ...args, null], [...environment(env), null]),
        );
        return pid[0] ?? 0;
      } finally {
        actionsEnd(actions);
        attrEnd(attr);
      }
    },
    hasEnded: (pid) => waitpid(pid, null, WNOHANG) !== 0,
  };
}
