// A machine in a box: processes with numbers of their own and a boot id that changes when all of
// it is killed and started again. It takes Linux with `unshare`, as root or with user namespaces.
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface BoxedMachine {
  /** Starts a program in the box; its pipes are the test's. */
  readonly start: (argv: readonly string[], env: NodeJS.ProcessEnv) => ChildProcess;
  /** A process that lives for ever under a number that was another's; undefined where it is taken. */
  readonly victim: (number: number) => number | undefined;
  /** As when the plug is pulled: every process ends at once. Then it has a new boot id. */
  readonly reboot: () => void;
  readonly close: () => void;
}

const INIT = `
mount --bind "$1" /proc/sys/kernel/random/boot_id || exit 1
while :; do sleep 1000 & wait; done`;
const VICTIM = `
echo $(($1 - 1)) >/proc/sys/kernel/ns_last_pid || exit 1
sleep 1000 <&- >&- 2>&- &
echo $!`;
const BOX = ["--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"];
const AS_USER = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];

/** Why there can be no box here; undefined where there can. */
export function noBox(): string | undefined {
  const mount = "mount --bind /dev/null /proc/sys/kernel/random/boot_id && echo mounted";
  const args = [...AS_USER, ...BOX, "sh", "-c", mount];
  const tried = spawnSync("unshare", args, { encoding: "utf8" });
  if (tried.error !== undefined) return "there is no `unshare`";
  return tried.stdout.includes("mounted") ? undefined : tried.stderr.trim();
}

/** Switches a machine on; its boot id stands in a file of `folder`. */
export function openBox(folder: string): BoxedMachine {
  const bootFile = join(folder, "boot-id");
  let boots = 0;
  let init = 0;
  const on = (): void => {
    boots += 1;
    writeFileSync(bootFile, `00000000-0000-4000-8000-${String(boots).padStart(12, "0")}\n`);
    const box = spawn("unshare", [...AS_USER, ...BOX, "sh", "-c", INIT, "init", bootFile], {
      stdio: "ignore",
    });
    const from = box.pid ?? 0;
    const deadline = Date.now() + 10_000;
    // The first process of the box is the only child of `unshare`, once it is there.
    for (init = 0; init === 0 && Date.now() < deadline;) init = childrenOf(from)[0] ?? 0;
    if (init === 0) throw new Error("the box did not start");
    while (!mounted(init, bootFile) && Date.now() < deadline);
  };
  const off = (): void => {
    try {
      process.kill(init, "SIGKILL");
    } catch {
      // It is off already.
    }
    const deadline = Date.now() + 10_000;
    while (readOf(init, "stat") !== "" && stateOf(init) !== "Z" && Date.now() < deadline);
  };
  const enter = [
    "--mount",
    "--pid",
    ...(AS_USER.length > 0 ? ["--user", "--preserve-credentials"] : []),
  ];
  on();
  return {
    start: (argv, env) =>
      spawn("nsenter", ["--target", String(init), ...enter, "--", ...argv], { env }),
    victim(number) {
      const args = ["--target", String(init), ...enter, "--", "sh", "-c", VICTIM, "sh"];
      const text = execFileSync("nsenter", [...args, String(number)], { encoding: "utf8" });
      return Number(text) === number ? number : undefined;
    },
    reboot() {
      off();
      on();
    },
    close: off,
  };
}

const readOf = (pid: number, name: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
};
const stateOf = (pid: number): string => readOf(pid, "stat").split(") ")[1]?.[0] ?? "";
/** Its own children, not theirs. */
export const childrenOf = (pid: number): readonly number[] =>
  readOf(pid, `task/${pid}/children`)
    .trim()
    .split(" ")
    .filter((one) => one !== "")
    .map(Number);
const mounted = (pid: number, file: string): boolean =>
  readOf(pid, "mountinfo").includes("/sys/kernel/random/boot_id") && file !== "";

/** Every process of the whole computer whose command line or environment holds a text. */
export function processesAbout(text: string): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter(
      (pid) => readOf(pid, "cmdline").includes(text) || readOf(pid, "environ").includes(text),
    );
}

/** The command line of a process, its parts apart by spaces. */
export const commandLineOf = (pid: number): string => readOf(pid, "cmdline").replaceAll("\0", " ");
/** The number of its parent. */
export const parentOf = (pid: number): number =>
  Number(readOf(pid, "stat").split(") ")[1]?.split(" ")[1]);
/** A variable of its environment. */
export const variableOf = (pid: number, name: string): string | undefined =>
  readOf(pid, "environ")
    .split("\0")
    .find((entry) => entry.startsWith(`${name}=`))
    ?.slice(name.length + 1);
/** Its number inside the box that it is in. */
export const boxedNumber = (pid: number): number =>
  Number(/^NSpid:.*\t(\d+)$/m.exec(readOf(pid, "status"))?.[1] ?? 0);
