// The world around a lab before and after: each file with its content, mode and times. And the
// programs that nightlab starts, traced by strace where that is there.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const LAUNCHER = fileURLToPath(new URL("../../bin/nightlab.js", import.meta.url));

/** Every file below a folder, by its path: kind, mode, size, times and what it holds. */
export function worldOf(root: string, left: ReadonlySet<string>): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const look = (path: Buffer, name: string): void => {
    const facts = lstatSync(path, { bigint: true });
    const { mode, uid, gid, nlink, mtimeNs, ctimeNs } = facts;
    const holds = facts.isFile()
      ? createHash("sha256").update(readFileSync(path)).digest("hex")
      : facts.isSymbolicLink()
        ? readlinkSync(path)
        : "";
    found.set(name, [mode, uid, gid, nlink, mtimeNs, ctimeNs, holds].join(" "));
    if (!facts.isDirectory()) return;
    for (const entry of readdirSync(path, { encoding: "buffer" })) {
      const inner = Buffer.concat([path, Buffer.from("/"), entry]);
      const shown = join(name, entry.toString("latin1"));
      if (!left.has(shown)) look(inner, shown);
    }
  };
  look(Buffer.from(root), ".");
  return found;
}

/** What differs between two worlds, a line each. */
export function differences(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].flatMap((name) => {
    const [old, now] = [before.get(name), after.get(name)];
    return old === now ? [] : [`${name}: ${old ?? "absent"} -> ${now ?? "absent"}`];
  });
}

/** Whether each `execve` can be traced here; without strace only a program's own traces tell. */
export const canTrace =
  spawnSync("strace", ["-f", "--seccomp-bpf", "-o", "/dev/null", "true"]).status === 0;

/** Programs that nightlab starts for itself, wherever they are installed. */
const OWN: ReadonlySet<string> = new Set([
  "amd-smi",
  "git",
  "nvidia-smi",
  "pixi",
  "rocm-smi",
  "systemctl",
  "systemd-run",
  "uv",
]);

export interface TracedRun {
  readonly code: number | null;
  readonly output: string;
  /** Programs that nightlab has no reason to start. */
  readonly strangers: readonly string[];
}

export interface Traced {
  readonly output: () => string;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<TracedRun>;
}

/** Starts `nightlab` with these words; every program that it starts is judged at its end. */
export function startTraced(
  words: readonly string[],
  options: {
    /** The folder of the lab and its surroundings. */ readonly cwd: string;
    readonly env: NodeJS.ProcessEnv;
    readonly trace: string;
  },
): Traced {
  const { cwd, env, trace } = options;
  const line = [process.execPath, LAUNCHER, ...words];
  const how = ["-f", "--seccomp-bpf", "-qq", "-s", "4096", "-e", "trace=execve,execveat"];
  const [program = "", ...args] = canTrace
    ? ["strace", ...how, "-e", "signal=none", "-o", trace, ...line]
    : line;
  const child = spawn(program, args, {
    cwd,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  const ended = new Promise<TracedRun>((resolve) => {
    child.once("close", (code) => {
      const strangers = canTrace ? strangersIn(readFileSync(trace, "latin1"), cwd) : [];
      rmSync(trace, { force: true });
      resolve({ code, output, strangers });
    });
  });
  const kill = (signal: NodeJS.Signals): void => {
    // strace passes on no signal: the group holds what it traces.
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  };
  return { output: () => output, kill, ended };
}

const ESBUILD = fileURLToPath(new URL("../../node_modules/@esbuild/", import.meta.url));

/**
 * The programs of a trace that lie in the lab's surroundings, there or not, and those started from
 * elsewhere that are neither Node itself nor of nightlab's own.
 */
function strangersIn(trace: string, root: string): readonly string[] {
  const found = new Set<string>();
  const calls = /^.*\bexecve(?:at)?\((?:\w+, )?"((?:[^"\\]|\\.)*)".*$/gm;
  for (const [line, path = ""] of trace.matchAll(calls)) {
    const isOwn =
      path === process.execPath ||
      (path.startsWith("/") && OWN.has(basename(path))) ||
      path.startsWith("/usr/lib/git-core/") ||
      // In a checkout the live page's script is bundled when the first page is written.
      path.startsWith(ESBUILD);
    const isTried = / = -1 E/.test(line);
    if (path.startsWith(root) || (!isOwn && !isTried)) found.add(line);
  }
  return [...found];
}
