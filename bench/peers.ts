// The queues of Debian that nightlab is measured against: nq and task-spooler, where they are here.
// Each gets the same commands in the same row; what nightlab does with them is in the *.bench.ts.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

export interface Peer {
  readonly name: string;
  /** Runs commands one after another and returns when the last has ended. */
  readonly row: (folder: string, commands: readonly (readonly string[])[]) => void;
}

const nq: Peer = {
  name: "nq",
  row(folder, commands) {
    const dir = join(folder, `nq-${performance.now()}`);
    mkdirSync(dir);
    const env = { ...process.env, NQDIR: dir };
    for (const argv of commands) execFileSync("nq", argv, { cwd: folder, env, stdio: "ignore" });
    execFileSync("nq", ["-w", "-q"], { cwd: folder, env, stdio: "ignore" });
  },
};

const tsp: Peer = {
  name: "task-spooler",
  row(folder, commands) {
    const env = { ...process.env, TS_SOCKET: join(folder, `tsp-${performance.now()}`) };
    const ask = (...args: readonly string[]): string =>
      execFileSync("tsp", args, { cwd: folder, env, encoding: "utf8" });
    let last = "";
    for (const argv of commands) last = ask("-n", ...argv).trim();
    spawnSync("tsp", ["-w", last], { cwd: folder, env, stdio: "ignore" });
    ask("-K");
  },
};

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
