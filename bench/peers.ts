// The queues of Debian that nightlab is measured against: nq and task-spooler, where they are here.
// Each gets the same commands in the same row; what nightlab does with them is in the *.bench.ts.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Peer {
  readonly name: string;
  /** Runs commands one after another, in ms until the last has ended; throws unless all did well. */
  readonly row: (folder: string, commands: readonly (readonly string[])[]) => number;
}

const nq: Peer = {
  name: "nq",
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
    allEnded(this.name, commands, ended());
    return tookMs;
  },
};

const tsp: Peer = {
  name: "task-spooler",
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
    allEnded(this.name, commands, ended);
    return tookMs;
  },
};

function allEnded(name: string, asked: readonly unknown[], ended: readonly unknown[]): void {
  if (ended.length === asked.length) return;
  throw new Error(`${name}: ${ended.length} of ${asked.length} commands ended well`);
}

const isHere = (program: string): boolean =>
  spawnSync(program, ["-h"], { stdio: "ignore" }).error === undefined;

/** Those of this machine; a missing one is told. */
export function peers(): readonly Peer[] {
  const there = [
    { peer: nq, program: "nq" },
    { peer: tsp, program: "tsp" },
  ];
  for (const { peer, program } of there) {
    if (!isHere(program)) console.log(`${peer.name} is not here: apt-get install ${peer.name}`);
  }
  return there.filter(({ program }) => isHere(program)).map(({ peer }) => peer);
}
