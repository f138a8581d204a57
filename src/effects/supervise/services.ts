// What looks after runs on this machine: transient services of systemd where a manager of the
// person's own is there and stays when they log out, else plain groups of processes.
// Starting and stopping is the supervisor's; this finds out, and says how a service is asked for.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";

/** A started shim has said who it is after this long, or the machine is in deep trouble. */
export const START_DEADLINE_MS = 15_000;
/** systemd answers at once; a manager that hangs is as good as none. */
const SYSTEMD_MS = 5_000;

export type Supervision =
  /** `memory`: it can hold a run to a limit. */
  | { readonly kind: "service"; readonly version: number; readonly memory: boolean }
  /** `mend`: what a person can do about it, where something. */
  | { readonly kind: "group"; readonly why: string; readonly fix?: string };

/** Set to `off`, services are never used. */
const SYSTEMD_VARIABLE = "NIGHTLAB_SYSTEMD";
/** The first that hands variables over by name alone: values do not show in the list of processes. */
const OLDEST = 249;
const STATES = /^(?:running|degraded|starting)$/;

/** How runs are looked after here; asks systemd, never for longer than a few seconds. */
export async function findSupervision(
  env: NodeJS.ProcessEnv,
  cgroups = "/sys/fs/cgroup",
): Promise<Supervision> {
  if (env[SYSTEMD_VARIABLE] === "off") return group(`${SYSTEMD_VARIABLE} is off`);
  if (process.platform !== "linux") return group("there is no systemd on this system");
  const ask = async (program: string, ...args: readonly string[]): Promise<string | undefined> =>
    promisify(execFile)(program, [...args], { env, timeout: SYSTEMD_MS }).then(
      ({ stdout }) => stdout.trim(),
      // It leaves with 1 for "degraded" and says so all the same.
      (error: { readonly stdout?: string; readonly code?: unknown }) =>
        error.code === "ENOENT" ? undefined : (error.stdout ?? "").trim(),
    );
  const said = await ask("systemd-run", "--version");
  if (said === undefined) return group("there is no systemd on this machine");
  const version = Number(/^systemd (\d+)/.exec(said)?.[1] ?? 0);
  if (version < OLDEST) return group(`systemd ${version} is older than ${OLDEST}`);
  const state = (await ask("systemctl", "--user", "is-system-running")) ?? "";
  if (!STATES.test(state)) {
    return group(
      "systemd runs no manager of your own here",
      "log in as yourself, not by `su`; a container has none",
    );
  }
  const user = String(process.getuid?.() ?? "");
  if ((await ask("loginctl", "show-user", user, "--property=Linger", "--value")) !== "yes") {
    return group("runs of systemd would end when you log out", "loginctl enable-linger");
  }
  const own =
    (await ask("systemctl", "--user", "show", "--property=ControlGroup", "--value")) ?? "";
  const controllers = await readFile(join(cgroups, own, "cgroup.controllers"), "utf8").catch(
    () => "",
  );
  return { kind: "service", version, memory: /\bmemory\b/.test(controllers) };
}

const group = (why: string, mend?: string): Supervision =>
  mend === undefined ? { kind: "group", why } : { kind: "group", why, fix: mend };

export interface ServiceRequest {
  /** Folder of the attempt. */
  readonly dir: string;
  readonly cwd: string;
  /** Between TERM and KILL, seconds. */
  readonly graceS: number;
  /** Bytes that its processes may take together. */
  readonly memory?: number;
  readonly argv: readonly string[];
}

/** Name of the unit of an attempt: labs of one machine may have attempts of one id. */
export function unitName(dir: string): string {
  const lab = createHash("sha256").update(dir).digest("hex").slice(0, 8);
  return `nightlab-${basename(dir)}-${lab}.service`;
}

/**
 * Arguments of `systemd-run` for a service, never a scope, which keeps no exit status. When its
 * first process ends, the shim, all others in its group of the kernel's are ended too.
 * `variables` come from the environment of who asks, by name.
 */
export function serviceArguments(
  request: ServiceRequest,
  variables: readonly string[],
): readonly string[] {
  const { dir, cwd, graceS, memory, argv } = request;
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
    // The kernel ends the process that takes too much; the shim lives to tell of it.
    "--property=OOMPolicy=continue",
    "--property=TasksMax=infinity",
    ...limit,
    // By name alone: their values come from the asking process's own environment.
    ...variables.map((name) => `--setenv=${name}`),
    "--",
    // systemd puts variables into what looks like one.
    ...argv.map((arg) => arg.replaceAll("$", "$$$$")),
  ];
}

/** What systemd takes for a variable's name; a shell's exported functions have others. */
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Starts a service with an environment; rejects with systemd's words where it does not start. */
export async function startService(request: ServiceRequest, env: NodeJS.ProcessEnv): Promise<void> {
  const variables = Object.keys(env).filter((name) => VARIABLE.test(name));
  const asked = promisify(execFile)("systemd-run", [...serviceArguments(request, variables)], {
    env,
    timeout: START_DEADLINE_MS,
  });
  await asked.catch((error: { readonly stderr?: string; readonly message: string }) => {
    throw new Error(
      `systemd did not start it: ${(error.stderr?.trim() || error.message).slice(0, 500)}`,
    );
  });
}
