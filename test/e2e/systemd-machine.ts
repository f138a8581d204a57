// A machine with the real systemd as its first process: namespaces of its own over a copy-on-write
// view of this disk, so that nothing of it stays. It takes Linux, root, systemd and dbus.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { childrenOf } from "./boxed-machine.ts";

export interface SystemdMachine {
  /** Runs a program in the session of a user whose manager stays after a logout; what it printed. */
  readonly run: (argv: readonly string[], env: NodeJS.ProcessEnv) => string;
  readonly close: () => void;
}

const BOOT_MS = 60_000;
const ASK_MS = 10_000;
const RUN_MS = 180_000;
const SYSTEMD = "/lib/systemd/systemd";
/** Services that look at hardware, the network or the age of files. */
const LEFT_OUT = [
  "systemd-tmpfiles-setup.service",
  "systemd-tmpfiles-clean.timer",
  "systemd-udevd.service",
  "systemd-udev-trigger.service",
  "systemd-sysctl.service",
  "systemd-modules-load.service",
  "systemd-remount-fs.service",
  "systemd-random-seed.service",
  "systemd-timesyncd.service",
];

/** Moves into a group of its own, then boots: its layers in $1, its group in $2. */
const BOOT = `
set -e
PATH=$PATH:/usr/sbin:/sbin
layers=$1 group=$2
mount -t tmpfs tmpfs "$layers"
mkdir "$layers/up" "$layers/work" "$layers/root"
root=$layers/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$layers/up,workdir=$layers/work" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs tmpfs "$root/run"
mount --rbind /dev "$root/dev"
units=$root/etc/systemd/system
rm -rf "$units"/*.wants
: >"$root/etc/fstab"
shift 2
for unit; do ln -sf /dev/null "$units/$unit"; done
printf '[Unit]\\nRequires=basic.target systemd-logind.service dbus.service\\nAfter=basic.target\\n' >"$units/lab.target"
mkdir -p "$root/var/lib/systemd/linger"
: >"$root/var/lib/systemd/linger/root"
exec chroot "$root" env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin ${SYSTEMD} --system --unit=lab.target --log-target=null`;

const SPACES = ["--pid", "--mount", "--uts", "--ipc", "--cgroup"];
const USER = { HOME: "/root", USER: "root", XDG_RUNTIME_DIR: "/run/user/0" };

/** Where the kernel's unified groups are, on machines with the older kind too. */
const groupsRoot = (): string | undefined =>
  ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].find((path) =>
    existsSync(join(path, "cgroup.controllers")),
  );

/** Why systemd cannot be booted here; undefined where it can. */
export function noSystemd(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "it takes Linux, as root";
  if (!existsSync(SYSTEMD)) return "there is no systemd";
  for (const program of ["unshare", "nsenter", "dbus-daemon", "loginctl"]) {
    if (spawnSync(program, ["--version"]).error !== undefined) return `there is no ${program}`;
  }
  const groups = groupsRoot();
  if (groups === undefined) return "the kernel's unified groups are not mounted";
  const mounts = `mount -t tmpfs tmpfs /mnt && mkdir /mnt/u /mnt/w /mnt/r && mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/r && mount -t cgroup2 cgroup2 /mnt/r/sys && mkdir "${groups}/$1" && rmdir "${groups}/$1"`;
  const name = `nightlab-try-${process.pid}`;
  const tried = spawnSync("unshare", [...SPACES, "--fork", "sh", "-c", mounts, "sh", name], {
    encoding: "utf8",
  });
  return tried.status === 0 ? undefined : tried.stderr.trim();
}

/** Boots; resolves when the user's own manager of services answers, or with why none does. */
export async function bootSystemd(): Promise<SystemdMachine | { readonly why: string }> {
  const layers = mkdtempSync(join(tmpdir(), "nightlab-systemd-"));
  const group = join(groupsRoot() ?? "", `nightlab-systemd-${process.pid}`);
  mkdirSync(group);
  const into = 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"';
  const boot = ["sh", "-c", BOOT, "sh", layers, group, ...LEFT_OUT];
  const spaces = ["unshare", ...SPACES, "--fork", "--kill-child=KILL"];
  const outer = spawn("sh", ["-c", into, "sh", group, ...spaces, ...boot], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  outer.stderr.on("data", (data: Buffer) => (said += data.toString()));
  const enter = (argv: readonly string[], env: NodeJS.ProcessEnv): readonly string[] => {
    const [first] = childrenOf(outer.pid ?? 0);
    const assigned = Object.entries({ ...env, ...USER }).map(([name, value]) => `${name}=${value}`);
    const target = ["--target", String(first), ...SPACES, "--root", "--wd"];
    return [...target, "env", "-i", ...assigned, ...argv];
  };
  const close = (): void => {
    outer.kill("SIGKILL");
    rmSync(layers, { recursive: true, force: true });
    removeGroups(group);
  };
  const answers = (): boolean => {
    const asked = ["systemctl", "--user", "is-system-running"];
    const { PATH } = process.env;
    const told = spawnSync("nsenter", enter(asked, { PATH }), {
      encoding: "utf8",
      timeout: ASK_MS,
    });
    return /^(?:running|degraded)$/m.test(told.stdout);
  };
  const deadline = Date.now() + BOOT_MS;
  while (!answers()) {
    if (Date.now() > deadline || outer.exitCode !== null) {
      close();
      return { why: `systemd did not boot: ${said}` };
    }
    await pause(100);
  }
  return {
    run: (argv, env) =>
      execFileSync("nsenter", enter(argv, env), { encoding: "utf8", timeout: RUN_MS }),
    close,
  };
}

/** Groups go once the last process of them has; the kernel needs a moment for that. */
function removeGroups(group: string): void {
  const deadline = Date.now() + 10_000;
  while (existsSync(group) && Date.now() < deadline) {
    for (const below of readdirSync(group, { recursive: true, withFileTypes: true }).toReversed()) {
      if (below.isDirectory()) tryRemove(join(below.parentPath, below.name));
    }
    tryRemove(group);
  }
}

function tryRemove(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Something in it is still ending.
  }
}
