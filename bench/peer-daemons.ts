// The daemons of gflow and of a one-node Slurm, each in a folder of its own, away from whatever else
// of theirs runs here: started before a row is timed, ended after it.
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import { randomBytes, randomInt } from "node:crypto";

export interface PeerDaemon {
  /** The environment in which its commands reach it. */
  readonly env: NodeJS.ProcessEnv;
  /** Ends it and waits for that. */
  readonly stop: () => void;
}

const START_MS = 20_000;

/** Stops this thread, as the rows here do all the time. */
export function pauseMs(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** A port of those that nothing is registered for. */
const anyPort = (): number => randomInt(49_152, 60_000);

function until(what: string, isSo: () => boolean, log: string): void {
  const deadline = performance.now() + START_MS;
  while (!isSo()) {
    if (performance.now() > deadline) {
      const said = existsSync(log) ? readFileSync(log, "utf8").slice(-2_000) : "";
      throw new Error(`${what}: not within ${START_MS} ms\n${said}`);
    }
    pauseMs(50);
  }
}

const answers = (program: string, args: readonly string[], env: NodeJS.ProcessEnv): boolean =>
  spawnSync(program, args, { env, stdio: "ignore" }).status === 0;

function end(child: ChildProcess): void {
  if (child.pid === undefined) return;
  child.kill("SIGTERM");
  spawnSync("timeout", ["5", "tail", `--pid=${child.pid}`, "-f", "/dev/null"]);
}

/** A gflowd with its own state, and a tmux server of its own in which its jobs run. */
export function gflowDaemon(folder: string): PeerDaemon {
  const home = join(folder, "home");
  mkdirSync(join(home, "gflow"), { recursive: true });
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    HOME: home,
    XDG_CONFIG_HOME: home,
    XDG_DATA_HOME: join(folder, "data"),
    XDG_STATE_HOME: join(folder, "state"),
    TMUX_TMPDIR: folder,
    UV_CACHE_DIR: process.env["UV_CACHE_DIR"] ?? join(homedir(), ".cache", "uv"),
  };
  delete env["TMUX"];
  // Its jobs run in login shells, which have a path of their own and must find its commands.
  const profile = `export PATH=${JSON.stringify(process.env["PATH"])}\n`;
  for (const name of [".bash_profile", ".profile"]) writeFileSync(join(home, name), profile);
  writeFileSync(
    join(home, "gflow", "gflow.toml"),
    `[daemon]\nhost = "localhost"\nport = ${anyPort()}\n`,
  );
  const log = join(folder, "gflowd.log");
  const out = openSync(log, "a");
  const daemon = spawn("gflowd", [], { env, stdio: ["ignore", out, out] });
  until("gflowd answers", () => answers("ginfo", [], env), log);
  return {
    env,
    stop() {
      spawnSync("tmux", ["kill-server"], { env, stdio: "ignore" });
      end(daemon);
    },
  };
}

/** Slurm on this machine alone, with one CPU, so that its jobs go one after another. */
export function slurmDaemons(folder: string): PeerDaemon {
  for (const name of ["munge", "state", "spool"]) {
    mkdirSync(join(folder, name), { recursive: true, mode: name === "munge" ? 0o700 : 0o755 });
  }
  const key = join(folder, "munge", "key");
  writeFileSync(key, randomBytes(128), { mode: 0o400 });
  const socket = join(folder, "munge.socket");
  const conf = join(folder, "slurm.conf");
  writeFileSync(conf, slurmConf(folder, socket));
  // Newer releases look for cgroups unless they are told not to; older ones do not know the word.
  if (slurmRelease() >= 23.11) {
    writeFileSync(join(folder, "cgroup.conf"), "CgroupPlugin=disabled\n");
  }
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;
  const env: NodeJS.ProcessEnv = { ...process.env, PATH: path, SLURM_CONF: conf };
  const log = join(folder, "daemons.log");
  const out = openSync(log, "a");
  const start = (program: string, ...args: readonly string[]): ChildProcess =>
    spawn(program, args, { env, stdio: ["ignore", out, out] });
  const munged = start(
    "munged",
    "--foreground",
    `--socket=${socket}`,
    `--key-file=${key}`,
    `--pid-file=${join(folder, "munged.pid")}`,
    `--log-file=${join(folder, "munge", "log")}`,
    `--seed-file=${join(folder, "munge", "seed")}`,
    // It wants folders that nobody else may write to, and /tmp is one of those above.
    "--force",
  );
  until("munged listens", () => existsSync(socket), log);
  const daemons = [start("slurmctld", "-D", "-c"), start("slurmd", "-D", "-N", "bench"), munged];
  const isIdle = (): boolean =>
    spawnSync("sinfo", ["--noheader", "--format=%T"], { env, encoding: "utf8" }).stdout.trim() ===
    "idle";
  until("Slurm's node is idle", isIdle, log);
  return {
    env,
    stop() {
      for (const daemon of daemons) end(daemon);
    },
  };
}

const slurmRelease = (): number => {
  const said = execFileSync("slurmd", ["-V"], {
    encoding: "utf8",
    env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` },
  });
  return Number(/\d+\.\d+/.exec(said)?.[0] ?? 0);
};

/** Set to answer as fast as it can: by default it lets 3 s pass before it starts a batch job. */
function slurmConf(folder: string, socket: string): string {
  const { username } = userInfo();
  const [control, node] = [anyPort(), anyPort()];
  return `ClusterName=bench
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=${control}
SlurmdPort=${node}
SlurmUser=${username}
SlurmdUser=${username}
AuthType=auth/munge
AuthInfo=socket=${socket}
CredType=cred/munge
StateSaveLocation=${join(folder, "state")}
SlurmdSpoolDir=${join(folder, "spool")}
SlurmctldPidFile=${join(folder, "slurmctld.pid")}
SlurmdPidFile=${join(folder, "slurmd.pid")}
ProctrackType=proctrack/linuxproc
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=0
MinJobAge=3600
MailProg=/bin/true
SlurmdParameters=config_overrides
NodeName=bench NodeHostname=localhost NodeAddr=127.0.0.1 CPUs=1 RealMemory=500 State=UNKNOWN
PartitionName=row Nodes=bench Default=YES State=UP
`;
}
