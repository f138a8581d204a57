// The queues that nightlab is measured against, where they are here: nq and task-spooler, gflow and
// a Slurm of one node. Each gets the same commands in the same row; what nightlab does with them is
// in the *.bench.ts. Their daemons are in peer-daemons.ts.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gflowDaemon, pauseMs, slurmDaemons } from "./peer-daemons.ts";

export interface Peer {
  readonly name: string;
  /** Runs commands one after another, in ms until the last has ended; throws unless all did well. */
  readonly row: (folder: string, commands: readonly (readonly string[])[]) => number;
  /** It has a daemon that decides, as nightlab has: nightlab is to be ten times as fast. */
  readonly isDaemon: boolean;
  /** So many commands tell what each takes: what needs a second for one is not asked for 200. */
  readonly most: number;
}

/** A peer that may be missing, and how to get it. */
interface Known extends Peer {
  readonly programs: readonly string[];
  readonly install: string;
}

const nq: Known = {
  name: "nq",
  programs: ["nq"],
  install: "apt-get install nq",
  isDaemon: false,
  most: Number.POSITIVE_INFINITY,
  row(folder, commands) {
    const dir = join(folder, `nq-${performance.now()}`);
    mkdirSync(dir);
    const env = { ...process.env, NQDIR: dir };
    const from = performance.now();
    for (const argv of commands) execFileSync("nq", argv, { cwd: folder, env, stdio: "ignore" });
    execFileSync("nq", ["-w", "-q"], { cwd: folder, env, stdio: "ignore" });
    const tookMs = performance.now() - from;
    const log = (name: string): string => readFileSync(join(dir, name), "utf8");
    const ended = (): readonly string[] =>
      readdirSync(dir).filter((name) => log(name).includes("exited with status 0."));
    // Its wait may be over a moment before the last command is; that is its gain.
    const deadline = from + tookMs + 5_000;
    while (ended().length < commands.length && performance.now() < deadline);
    allEnded(this.name, commands, ended().length);
    return tookMs;
  },
};

const tsp: Known = {
  name: "task-spooler",
  programs: ["tsp"],
  install: "apt-get install task-spooler",
  isDaemon: false,
  most: Number.POSITIVE_INFINITY,
  row(folder, commands) {
    const env = { ...process.env, TS_SOCKET: join(folder, `tsp-${performance.now()}`) };
    const ask = (...args: readonly string[]): string =>
      execFileSync("tsp", args, { cwd: folder, env, encoding: "utf8" });
    const from = performance.now();
    for (const argv of commands) ask("-n", ...argv);
    // Without a number it waits for the last; `-n` tells no numbers.
    ask("-w");
    const tookMs = performance.now() - from;
    const ended = ask()
      .split("\n")
      .filter((line) => /^\d+ +finished +\S+ +0 /.test(line));
    ask("-K");
    allEnded(this.name, commands, ended.length);
    return tookMs;
  },
};

/** Between two looks at a queue that cannot be waited for. */
const LOOK_MS = 50;
/** A row of a slow peer takes this long at most, or its daemon hangs. */
const SLOW_ROW_MS = 300_000;

/** Waits until a queue has ended all of a row, in ms since `from`. */
function waitFor(
  name: string,
  commands: readonly unknown[],
  from: number,
  ended: () => number,
): number {
  while (ended() < commands.length && performance.now() - from < SLOW_ROW_MS) pauseMs(LOOK_MS);
  const tookMs = performance.now() - from;
  allEnded(name, commands, ended());
  return tookMs;
}

const gflow: Known = {
  name: "gflow",
  programs: ["gflowd", "gbatch", "gqueue", "gcancel", "tmux"],
  install: "pipx install runqd (or uv tool install runqd), and apt-get install tmux",
  isDaemon: true,
  most: 10,
  row(folder, commands) {
    const { env, stop } = gflowDaemon(join(folder, `gflow-${performance.now()}`));
    try {
      const ask = (program: string, ...args: readonly string[]): string =>
        execFileSync(program, args, { cwd: folder, env, encoding: "utf8" });
      const from = performance.now();
      commands.forEach((argv, i) => {
        // Without GPUs it has no slots: each waits for the one before.
        const after = i === 0 ? [] : ["--depends-on", "@"];
        ask("gbatch", "--auto-close", ...after, ...argv);
      });
      return waitFor(this.name, commands, from, () => {
        const listed = ask("gqueue", "-a", "-f", "JOBID,ST");
        // The state may stand between codes of colours.
        return listed.split("\n").filter((line) => /(?<![A-Z])CD(?![A-Z])/.test(line)).length;
      });
    } finally {
      stop();
    }
  },
};

const slurm: Known = {
  name: "Slurm",
  programs: ["slurmctld", "slurmd", "munged", "sbatch", "squeue"],
  install: "apt-get install --no-install-recommends slurmctld slurmd slurm-client munge",
  isDaemon: true,
  most: 10,
  row(folder, commands) {
    const { env, stop } = slurmDaemons(join(folder, `slurm-${performance.now()}`));
    try {
      const ask = (program: string, ...args: readonly string[]): string =>
        execFileSync(program, args, { cwd: folder, env, encoding: "utf8" });
      const from = performance.now();
      for (const argv of commands) {
        ask("sbatch", "--quiet", "--output=/dev/null", `--wrap=${argv.map(quoted).join(" ")}`);
      }
      return waitFor(this.name, commands, from, () => {
        const listed = ask("squeue", "--noheader", "--states=all", "--format=%T");
        return listed.split("\n").filter((state) => state === "COMPLETED").length;
      });
    } finally {
      stop();
    }
  },
};

/** A word as a shell takes it. */
const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

function allEnded(name: string, asked: readonly unknown[], ended: number): void {
  if (ended === asked.length) return;
  throw new Error(`${name}: ${ended} of ${asked.length} commands ended well`);
}

const isHere = (program: string): boolean =>
  spawnSync("sh", ["-c", 'command -v "$1"', "sh", program], { stdio: "ignore" }).status === 0;

/** Those of this machine; a missing one is told, with the way to get it. */
export function peers(): readonly Peer[] {
  return [nq, tsp, gflow, slurm].filter(({ name, programs, install }) => {
    const missing = programs.filter((program) => !isHere(program));
    if (missing.length > 0) console.log(`${name} is not here (${missing.join(", ")}): ${install}`);
    return missing.length === 0;
  });
}

/** nightlab may take this many times what nq takes, and a tenth of what a daemon takes. */
const OF_NQ = 1.5;

/** The bound that what one peer takes sets for nightlab, ms; infinite where it sets none. */
export function boundBy(peer: Peer, eachMs: number): number {
  if (peer.name === nq.name) return OF_NQ * eachMs;
  return peer.isDaemon ? eachMs / 10 : Number.POSITIVE_INFINITY;
}
