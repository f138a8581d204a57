// Checks of what runs depend on on this machine, each with a way to fix it. Nothing is changed and
// no daemon is needed. health-lab.ts checks a lab's folder, cli/doctor.ts prints the results.
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { LabPath } from "../../base/ids.ts";
import { shellWord } from "../../base/shell-word.ts";
import type { GpusSeen } from "../../domain/slot.ts";
import { gpuFacts } from "../gpu/gpu-facts.ts";
import { whyNoLock } from "../gpu/gpu-locks.ts";
import { askDriver } from "../gpu/gpu-memory.ts";
import { GPU_QUERY_MS } from "../gpu/gpu-mig.ts";
import { askProgram, type Answer } from "../os/ask-program.ts";
import { errorCode } from "../os/error-code.ts";
import { EXPERIMENTS_PER_LAB } from "../run-store/lab-experiments.ts";
import { journals, labFolder, noLabCheck, room, type Check, VERSION_MS } from "./health-lab.ts";
import { isLocked } from "../state/lab-lock.ts";
import { isOnNetwork, ledgerTrouble } from "../state/ledger.ts";
import { lockOpenFile } from "../os/native.ts";
import { findRunner } from "../environment/runner.ts";
import { findSupervision } from "../supervise/services.ts";
import { defined } from "../../base/defined.ts";

export interface HealthOptions {
  readonly lab: LabPath | undefined;
  readonly stateDir: string;
  readonly env: NodeJS.ProcessEnv;
}

/** All checks, in the order in which a person should read them; never rejects. */
export async function checkHealth(options: HealthOptions): Promise<readonly Check[]> {
  const { lab, stateDir, env } = options;
  const all: readonly (readonly [string, () => Promise<readonly Check[]> | readonly Check[]])[] = [
    ["supervision", async () => [await supervision(env)]],
    ["programs", () => programs(env)],
    ["GPUs", () => gpus(env)],
    ["state", () => stateFolder(stateDir)],
    ["lab", async () => (lab === undefined ? [noLabCheck] : await labFolder(lab))],
    ["journals", async () => (lab === undefined ? [] : await journals(stateDir, lab))],
    ["watching", () => watching()],
    ["daemons", () => [daemons(lab)]],
  ];
  const found: Check[] = [];
  for (const [what, look] of all) {
    try {
      found.push(...(await look()));
    } catch (error) {
      found.push({ what, state: "bad", says: `cannot be looked at: ${String(error)}` });
    }
  }
  return found;
}

async function supervision(env: NodeJS.ProcessEnv): Promise<Check> {
  const found = await findSupervision(env);
  const what = "supervision";
  if (found.kind === "group") {
    return {
      what,
      state: "warn",
      says: `plain groups of processes, since ${found.why}; runs outlive the daemon, but \`memory\` is not held`,
      ...defined({ fix: found.fix }),
    };
  }
  const says = `services of systemd ${found.version}: a run is ended with all that it started`;
  if (found.memory) return { what, state: "ok", says: `${says}, and \`memory\` is held` };
  return {
    what,
    state: "warn",
    says: `${says}; \`memory\` is not held, since the kernel gives your manager no such control`,
    fix: "boot with cgroup v2, which systemd delegates memory in",
  };
}

async function programs(env: NodeJS.ProcessEnv): Promise<readonly Check[]> {
  const [uv, pixi] = [await findRunner("uv"), await findRunner("pixi")];
  const checks: Check[] = [{ what: "node", state: "ok", says: process.version }];
  for (const found of [uv, pixi]) {
    if (found.kind === "found") {
      const { runner: what, binary } = found;
      const version = await versionOf(binary, env);
      const fix = `see what \`${shellWord(binary)} --version\` does at a terminal`;
      checks.push(
        version.kind === "said"
          ? { what, state: "ok", says: `${firstLine(version.text)} at ${binary}` }
          : { what, state: "bad", says: failureOf(version, binary), fix },
      );
    } else if (found.runner === "uv") {
      const state = pixi.kind === "found" ? "warn" : "bad";
      checks.push({ what: "uv", state, says: found.message });
    } else
      checks.push({
        what: "pixi",
        state: "ok",
        says: "not here; only labs with a pixi.toml need it",
      });
  }
  return [...checks, await git(env)];
}

async function git(env: NodeJS.ProcessEnv): Promise<Check> {
  const what = "git";
  const version = await versionOf("git", env);
  if (version.kind === "said") return { what, state: "ok", says: firstLine(version.text) };
  const [seen, fix] =
    version.kind === "absent"
      ? ["not here", "install git"]
      : [version.what, "see what `git --version` does at a terminal"];
  return { what, state: "warn", says: `${seen}: what code a run had is not kept`, fix };
}

const versionOf = (program: string, env: NodeJS.ProcessEnv): Promise<Answer> =>
  askProgram(program, ["--version"], { env, timeoutMs: VERSION_MS });

const failureOf = (answer: Exclude<Answer, { kind: "said" }>, binary: string): string =>
  answer.kind === "failed"
    ? answer.what
    : `${binary} cannot be started: its interpreter is missing`;

const firstLine = (text: string): string => text.split("\n")[0] ?? "";

async function gpus(env: NodeJS.ProcessEnv): Promise<readonly Check[]> {
  const found = await gpuFacts();
  const what = "GPUs";
  if (found.length > 0) {
    const names = found.map(({ name }, index) => `${index} ${name}`).join(", ");
    const says = `${names}; driver ${found[0]?.driver ?? ""}`;
    return [{ what, state: "ok", says }, ...gpuLocks(await askDriver(env), env)];
  }
  return [await driverTrouble(env)];
}

/** One line where all GPUs can be locked, else one for each that cannot. */
function gpuLocks(seen: GpusSeen, env: NodeJS.ProcessEnv): readonly Check[] {
  if (seen.kind !== "seen") return [];
  const what = "GPU locks";
  const bad = seen.gpus.flatMap(({ uuid, index }): readonly Check[] => {
    const why = whyNoLock(env, uuid);
    return why === undefined ? [] : [{ what, state: "bad", says: `GPU ${index}: ${why}` }];
  });
  return bad.length > 0 ? bad : [{ what, state: "ok", says: "shared with the machine's users" }];
}

/** A machine without GPUs, or one whose driver does not answer. */
async function driverTrouble(env: NodeJS.ProcessEnv): Promise<Check> {
  const what = "GPUs";
  const answer = await askProgram("nvidia-smi", ["-L"], { env, timeoutMs: GPU_QUERY_MS });
  if (answer.kind === "absent") return { what, state: "ok", says: "none; runs go on the CPU" };
  const said = firstLine(answer.text);
  const seen = answer.kind === "failed" && said === "" ? answer.what : said || "it said nothing";
  const says = `the driver does not answer: ${seen}; runs wait for it`;
  return { what, state: "bad", says, fix: "see what `nvidia-smi` says; a restart often helps" };
}

/** The nearest existing ancestor: a folder that is missing will be created in it. */
function nearest(path: string): string {
  for (let at = path; ; at = dirname(at)) if (existsSync(at) || at === dirname(at)) return at;
}

async function stateFolder(stateDir: string): Promise<readonly Check[]> {
  const existing = nearest(stateDir);
  const move = "set NIGHTLAB_STATE_DIR to a folder on a local disk";
  const what = "state";
  if (isOnNetwork(existing)) {
    return [{ what, state: "bad", says: `${stateDir} is on a network file system`, fix: move }];
  }
  const locks = whyNoLocks(existing);
  if (locks !== undefined)
    return [{ what, state: "bad", says: `${stateDir}: ${locks}`, fix: move }];
  const trouble = ledgerTrouble(stateDir);
  return [
    { what, state: "ok", says: `${stateDir}, on a local disk, with locks` },
    ...(trouble === undefined ? [] : [{ what: "ledger", state: "bad", says: trouble } as const]),
    await room("disk of the state", existing),
  ];
}

/** Why file locks cannot be trusted in a folder; undefined where they can. */
function whyNoLocks(folder: string): string | undefined {
  const path = join(folder, `.nightlab-doctor-${process.pid}`);
  try {
    const [first, second] = [openSync(path, "w"), openSync(path, "w")];
    try {
      if (lockOpenFile(first) !== "held") return "its file system has no locks";
      return lockOpenFile(second) === "taken"
        ? undefined
        : "a lock is given twice on its file system";
    } finally {
      closeSync(first);
      closeSync(second);
      rmSync(path, { force: true });
    }
  } catch (error) {
    return `nothing can be written there (${errorCode(error)})`;
  }
}

/** A limit of inotify for each user; NaN on a system without. */
function inotify(name: string): number {
  try {
    return Number(readFileSync(`/proc/sys/fs/inotify/${name}`, "utf8"));
  } catch {
    // Any failure: a system without inotify.
    return Number.NaN;
  }
}

function watching(): readonly Check[] {
  const [watches, instances] = [inotify("max_user_watches"), inotify("max_user_instances")];
  if (Number.isNaN(watches)) return [];
  const says = `${watches} watches and ${instances} watchers for each user`;
  const enough = watches >= 4 * EXPERIMENTS_PER_LAB && instances >= 64;
  if (enough) return [{ what: "watching", state: "ok", says }];
  const fix = "sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512";
  return [{ what: "watching", state: "warn", says: `only ${says}`, fix }];
}

/** The daemons of the machine: one for each lab at most; they share GPUs by locks. */
function daemons(lab: LabPath | undefined): Check {
  const others = readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
      const at = words.findIndex((word) =>
        /nightlab(?:\.js)?$|nightlab\/(?:src|dist)\/main\.[jt]s$/.test(word),
      );
      const watches =
        at >= 0 && words[at + 1] === "watch" && !/^(?:sh|nsenter)$/.test(words[0] ?? "");
      return watches ? [{ pid: Number(name), uid: statSync(`/proc/${name}`).uid }] : [];
    } catch {
      // Any failure: it has ended meanwhile.
      return [];
    }
  });
  const what = "daemons";
  const held = lab === undefined ? undefined : isLocked(lab);
  const count = others.length === 1 ? "1 on this machine" : `${others.length} on this machine`;
  const mine = held === undefined ? "" : `; this lab's has pid ${held.pid ?? "unknown"}`;
  if (lab !== undefined && held === undefined) {
    return { what, state: "warn", says: `${count}; none watches this lab`, fix: "nightlab watch" };
  }
  const shared = others.length > 1 ? "; they share its GPUs by locks" : "";
  return { what, state: "ok", says: `${count}${mine}${shared}` };
}
