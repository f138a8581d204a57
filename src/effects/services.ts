// What looks after runs on this machine: transient services of systemd where a manager of the
// person's own is there and stays when they log out, else plain groups of processes.
// Starting and stopping is the supervisor's; this finds out, and says how a service is asked for.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { SYSTEMD_MS } from "../limits.ts";

export type Supervision =
  /** `memory`: it can hold a run to a limit. */
  | { readonly kind: "service"; readonly version: number; readonly memory: boolean }
  /** `mend`: what a person can do about it, where something. */
  | { readonly kind: "group"; readonly why: string; readonly mend?: string };

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
  mend === undefined ? { kind: "group", why } : { kind: "group", why, mend };
