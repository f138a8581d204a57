// A lab's life under systemd, told as JSON: systemd.test.ts starts this inside its machine.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { JOURNAL, openLab, trainScript } from "./lab.ts";

/** Leaves a process behind that has left the group, the session and every mark of the run. */
const TRAIN = trainScript(`
import subprocess
left = subprocess.Popen(["setsid", "env", "-i", "sleep", "777"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
(run / "data" / "left").write_text(str(left.pid))
shim = [line.split()[1] for line in open(f"/proc/{os.getppid()}/status") if line.startswith("PPid")][0]
ignored = [line.split()[1] for line in open(f"/proc/{shim}/status") if line.startswith("SigIgn")][0]
(run / "data" / "ignored").write_text(ignored)
(run / "data" / "group").write_text(open("/proc/self/cgroup").read())
(run / "data" / "told").write_text(json.dumps([sys.argv[2:], os.environ.get("ODD"), os.environ.get("OUTER")]))
for step in range(20 if name == "alone" else 10_000):
    metric(step=step, **{"val/loss": 1.0 / (1 + step)})
    time.sleep(0.1)
`);
const ALONE = `~~~yaml
run: alone
args: --a '$HOME' --b '\${ODD}' --c '$$' --d '%h %n' --e 'a  b;"c"' --f '\\n'
env: { ODD: 'b$ar "q" %i \\ end' }
go: true
~~~
`;

const lab = await openLab({
  journal: JOURNAL,
  train: TRAIN,
  env: { OUTER: "two\nlines $HOME" },
});
const data = (name: string, file: string): string | undefined => {
  const run = lab.runs().find((folder) => folder.endsWith(`-${name}`));
  if (run === undefined) return undefined;
  try {
    return readFileSync(join(lab.experiment, "runs", run, "data", file), "utf8");
  } catch {
    return undefined;
  }
};
const units = (): string =>
  execFileSync(
    "systemctl",
    ["--user", "list-units", "--all", "--plain", "--no-legend", "nightlab-*"],
    {
      encoding: "utf8",
    },
  );
const lives = (pid: string): boolean => {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
};
const left = (name: string): Promise<string> =>
  lab.until("it has left a process", () => data(name, "left"), 60_000);

try {
  await lab.start();
  await lab.save(`${JOURNAL}${ALONE}`);
  const behind = await left("alone");
  const leftLived = lives(behind);
  const told = await lab.until("it told", () => data("alone", "told"));
  const during = units();
  await lab.stop("SIGKILL");
  await lab.until("the service is gone", () => units() === "");
  await lab.until("what it left is gone", () => !lives(behind));
  await lab.start();
  await lab.until("the end is told", () => lab.journal().includes("> **done** `"));
  const receipt = /^> \*\*done\*\* .*$/m.exec(lab.journal())?.[0];

  await lab.save(`${lab.journal()}\nrun: ended !\n`);
  const other = await left("ended");
  const id = /nightlab-([a-z0-9]+)-/.exec(units())?.[1] ?? "";
  const stopped = await lab.nightlab("stop", id);
  await lab.until("the stop is told", () => lab.journal().includes("> **stopped** `"));
  await lab.until("what it left is gone too", () => !lives(other));
  const group = data("alone", "group");
  const ignored = data("alone", "ignored");
  console.log(
    JSON.stringify({ leftLived, during, told, group, ignored, receipt, stopped, after: units() }),
  );
} finally {
  await lab.close();
}
