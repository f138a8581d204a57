// How runs are supervised on this machine: as transient systemd services where the user has a
// systemd manager that outlives their login, else as plain process groups. This finds out which,
// and starts a service; everything else is in supervisor.ts.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { askProgram, type Answer } from "../os/ask-program.ts";

/** A shim that has not recorded its child by then will not: the machine is in serious trouble. */
export const START_DEADLINE_MS = 15_000;
/** systemd answers at once; one that takes longer than this counts as absent. */
const SYSTEMD_MS = 5_000;

export type Supervision =
  /** `memory`: whether it can enforce a memory limit. */
  | { readonly kind: "service"; readonly version: number; readonly memory: boolean }
  /** `fix`: what a person can do about it, if anything. */
  | { readonly kind: "group"; readonly why: string; readonly fix?: string };

/** If this variable is `off`, services are never used. */
const SYSTEMD_VARIABLE = "NIGHTLAB_SYSTEMD";
/** The first version where --setenv takes names alone, which keeps values out of process lists. */
const OLDEST = 249;
/** What a person can do about a systemd that hangs or fails. */
const UNUSUAL = `see what that command does at a terminal, or set ${SYSTEMD_VARIABLE}=off`;
/** States of a manager that can start services. */
const USABLE_STATES = /^(?:running|degraded|starting)$/;

/** How runs are supervised here. Asks systemd, SYSTEMD_MS per question at most. Never rejects. */
export async function findSupervision(
  env: NodeJS.ProcessEnv,
  cgroups = "/sys/fs/cgroup",
): Promise<Supervision> {
  if (env[SYSTEMD_VARIABLE] === "off") return group(`${SYSTEMD_VARIABLE} is off`);
  if (process.platform !== "linux") return group("there is no systemd on this system");
  const ask = (program: string, ...args: readonly string[]): Promise<Answer> =>
    askProgram(program, args, { env, timeoutMs: SYSTEMD_MS });
  const version = await ask("systemd-run", "--version");
  if (version.kind === "absent") return group("there is no systemd on this machine");
  if (version.kind === "failed") return group(version.what, UNUSUAL);
  const number = Number(/^systemd (\d+)/.exec(version.text)?.[1] ?? NaN);
  if (Number.isNaN(number)) {
    return group(`\`systemd-run --version\` says ${quoted(version.text)}`, UNUSUAL);
  }
  if (number < OLDEST) return group(`systemd ${number} is older than ${OLDEST}`);
  // It exits with 1 for "degraded", and for having no manager, but prints that all the same.
  const state = await ask("systemctl", "--user", "is-system-running");
  if (state.kind === "failed" && state.code === undefined) return group(state.what, UNUSUAL);
  if (state.kind === "absent" || !USABLE_STATES.test(state.text)) {
    return group(
      "systemd runs no manager of your own here",
      "log in as yourself, not by `su`; a container has none",
    );
  }
  const user = String(process.getuid?.() ?? "");
  const linger = await ask("loginctl", "show-user", user, "--property=Linger", "--value");
  if (linger.kind === "failed" && linger.code === undefined) return group(linger.what, UNUSUAL);
  if (linger.kind !== "said" || linger.text !== "yes") {
    return group("runs of systemd would end when you log out", "loginctl enable-linger");
  }
  const shown = await ask("systemctl", "--user", "show", "--property=ControlGroup", "--value");
  const own = shown.kind === "said" ? shown.text : "";
  // Any failure: then memory limits are not promised.
  const controllers = await readFile(join(cgroups, own, "cgroup.controllers"), "utf8").catch(
    () => "",
  );
  return { kind: "service", version: number, memory: /\bmemory\b/.test(controllers) };
}

const quoted = (text: string): string =>
  text === "" ? "nothing" : JSON.stringify((text.split("\n")[0] ?? "").slice(0, 100));

const group = (why: string, fix?: string): Supervision =>
  fix === undefined ? { kind: "group", why } : { kind: "group", why, fix };

export interface ServiceRequest {
  /** Folder of the attempt. */
  readonly dir: string;
  readonly cwd: string;
  /** Between TERM and KILL, seconds. */
  readonly graceS: number;
  /** Most memory for all of its processes together, in bytes. */
  readonly memory?: number;
  /** Of what it makes, such as `0077`. */
  readonly umask: string;
  readonly argv: readonly string[];
}

/**
 * Unit name of an attempt. Labs on one machine may share attempt ids, so it names the folder too.
 */
export function unitName(dir: string): string {
  const lab = createHash("sha256").update(dir).digest("hex").slice(0, 8);
  return `nightlab-${basename(dir)}-${lab}.service`;
}

/**
 * Arguments of `systemd-run` for a service; a scope would keep no exit status. When its first
 * process ends, which is the shim, systemd ends all others in its cgroup. `variables` are names
 * only: their values come from the environment of systemd-run.
 */
export function serviceArguments(
  request: ServiceRequest,
  variables: readonly string[],
): readonly string[] {
  const { dir, cwd, graceS, memory, umask, argv } = request;
  const limit =
    memory === undefined ? [] : [`--property=MemoryMax=${memory}`, "--property=MemorySwapMax=0"];
  return [
    "--user",
    "--quiet",
    "--collect",
    `--unit=${unitName(dir)}`,
    `--description=nightlab: ${basename(dir)}`,
    "--service-type=exec",
    `--working-directory=${cwd}`,
    "--property=KillMode=control-group",
    `--property=TimeoutStopSec=${graceS}s`,
    // The kernel kills the process that uses too much memory; the shim survives to report it.
    "--property=OOMPolicy=continue",
    "--property=TasksMax=infinity",
    // Without it the manager's holds, and not that of whoever started the daemon.
    `--property=UMask=${umask}`,
    // By default systemd has a service ignore it, and a shell cannot undo that.
    "--property=IgnoreSIGPIPE=no",
    ...limit,
    ...variables.map((name) => `--setenv=${name}`),
    "--",
    // systemd expands variables in arguments.
    ...argv.map((arg) => arg.replaceAll("$", "$$$$")),
  ];
}

/** Variable names that systemd accepts. Exported shell functions have other names. */
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Starts a service with an environment. Rejects with systemd's message if it does not start. */
export async function startService(request: ServiceRequest, env: NodeJS.ProcessEnv): Promise<void> {
  const variables = Object.keys(env).filter((name) => VARIABLE.test(name));
  const args = serviceArguments(request, variables);
  const answer = await askProgram("systemd-run", args, { env, timeoutMs: START_DEADLINE_MS });
  if (answer.kind === "said") return;
  const said = answer.kind === "absent" ? "it is not there" : answer.errors || answer.what;
  throw new Error(`systemd did not start it: ${said.slice(0, 500)}`);
}
