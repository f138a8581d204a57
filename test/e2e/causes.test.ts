// Every cause of death, each brought about as really as a machine allows, with its whole receipt
// as golden text in causes.golden.md: `UPDATE=1` writes that anew.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { readProcesses } from "../../src/effects/supervise/attempts.ts";
import { isAlive } from "../../src/effects/os/process-identity.ts";
import { untraced } from "../untraced.ts";
import { JOURNAL, openLab, trainScript, type TestLab } from "./lab.ts";

const GOLDEN = fileURLToPath(new URL("causes.golden.md", import.meta.url));
const DISK = mkdtempSync(join(tmpdir(), "nightlab-small-disk-"));
const CGROUP = "/sys/fs/cgroup/memory/nightlab-causes";
const METRIC = `metric(step=1, **{"val/loss": 0.5})\n`;
const WAITS = `${METRIC}print("waiting", flush=True)\nwhile True: time.sleep(0.05)\n`;

interface Case {
  /** What happens, in words; its first line in the golden text. */
  readonly what: string;
  /** Behind `run: NAME script=…`. */
  readonly options?: string;
  readonly script?: string;
  /** Where the real thing is not allowed here: what is missing. */
  readonly missing?: string | undefined;
  /** Once it waits. */
  readonly act?: (id: string) => Promise<void>;
}

/** A file system of 1 MB, where this may be mounted. */
const smallDisk = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", DISK]).status === 0;

/** A group whose memory the kernel holds to 64 MB, where this may be made. */
function memoryGroup(): boolean {
  try {
    mkdirSync(CGROUP, { recursive: true });
    writeFileSync(join(CGROUP, "memory.limit_in_bytes"), "64M");
    return true;
  } catch {
    return false;
  }
}

const CASES: Readonly<Record<string, Case>> = {
  "exit-code": {
    what: "it leaves with a code of its own",
    script: trainScript(`${METRIC}sys.exit(3)`),
  },
  exception: {
    what: "an exception that nobody catches",
    script: trainScript(`${METRIC}raise ValueError("bad learning rate")`),
  },
  crash: {
    what: "a crash below Python",
    script: trainScript(`${METRIC}import signal; os.kill(os.getpid(), signal.SIGSEGV)`),
  },
  killed: {
    what: "somebody kills it",
    script: trainScript(`${METRIC}import signal; os.kill(os.getpid(), signal.SIGKILL)`),
  },
  "not-finite": {
    what: "a metric is NaN, and a rule stops it",
    options: "stop-on=not-finite",
    script: trainScript(`
for step in range(100_000):
    metric(step=step, **{"val/loss": 0.5 if step < 3 else float("nan")})
    time.sleep(0.05)`),
  },
  stalled: {
    what: "nothing is written any more, and a rule stops it",
    options: "stop-on=stalled",
    missing:
      process.env["NIGHTLAB_STALL"] === undefined
        ? "NIGHTLAB_STALL=1: it takes a minute"
        : undefined,
    script: trainScript(`${METRIC}time.sleep(600)`),
  },
  "gpu-memory": {
    what: "torch finds no memory on the GPU",
    script: trainScript(`${METRIC}
# torch's own class and words: 2.6, one H100
OutOfMemoryError = type("OutOfMemoryError", (RuntimeError,), {"__module__": "torch"})
raise OutOfMemoryError(
    "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 79.11 GiB of "
    "which 10.50 GiB is free. Including non-PyTorch memory, this process has 68.60 GiB memory in use.")`),
  },
  "gpu-memory-below": {
    what: "a library below Python finds no memory on the GPU",
    script: trainScript(`${METRIC}
print("terminate called after throwing an instance of 'thrust::system::system_error'", file=sys.stderr)
print("  what():  CUDA error: out of memory", file=sys.stderr, flush=True)
os.abort()`),
  },
  "host-memory": {
    what: "Python gets no memory",
    script: trainScript(`${METRIC}import resource
resource.setrlimit(resource.RLIMIT_AS, (2**28, 2**28))
x = bytearray(2**30)`),
  },
  "host-memory-killed": {
    what: "the kernel kills it for its memory",
    missing: memoryGroup() ? undefined : "a group of processes with a limit on memory",
    script: trainScript(`${METRIC}
open("${CGROUP}/cgroup.procs", "w").write(str(os.getpid()))
x = [bytearray(b"x" * 2**20) for _ in range(1_000)]`),
  },
  "disk-full": {
    what: "a checkpoint does not fit",
    missing: smallDisk ? undefined : "a file system of one's own",
    script: trainScript(`${METRIC}open("${DISK}/checkpoint.pt", "wb").write(bytes(2**22))`),
  },
  "over-limit": {
    what: "it takes longer than it may",
    options: "timeout=2s",
    script: trainScript(WAITS),
  },
  "stopped-in-the-journal": {
    what: "it is stopped in the journal",
    script: trainScript(WAITS),
    act: async () => it.save(`${it.journal().trimEnd()}\n\nstop: stopped-in-the-journal !\n`),
  },
  "stopped-on-the-command-line": {
    what: "it is stopped on the command line",
    script: trainScript(WAITS),
    act: async (id) => assert.equal((await it.nightlab("stop", id)).code, 0),
  },
  environment: {
    what: "a package that is not where it is said to be",
    script: `# /// script
# dependencies = ["own @ file:///nowhere/own-1.0-py3-none-any.whl"]
# ///
`,
  },
  "import-error": {
    what: "a module that is not in the environment",
    script: trainScript("import nightlab_no_such_module"),
  },
  "script-missing": { what: "its script is not there" },
  "hidden-crash": {
    what: "a traceback, and exit code 0 all the same",
    script: trainScript(`${METRIC}
try:
    raise RuntimeError("worker 3 died")
except RuntimeError:
    import traceback; traceback.print_exc()`),
  },
  "no-runner": { what: "pixi is not on this machine", options: "runner=pixi", script: "pass" },
};

let it: TestLab;
const sections: string[] = [];

before(async () => {
  // Its own home has no pixi, and the machine's is not this lab's.
  const env = { NIGHTLAB_PIXI: "/nowhere/pixi" };
  const settings =
    "settle: 1s\nquiet: 0s\ncpu-slots: 4\ntime-zone: UTC\n" +
    "rules: { stalled: { shortSeconds: 5, shortTimes: 1 } }\n";
  it = await openLab({ journal: JOURNAL, settings, env });
  for (const [name, { script }] of Object.entries(CASES)) {
    if (script !== undefined) await it.write(`${name}.py`, script);
  }
  for (const name of ["lost", "machine-restarted"]) {
    await it.write(`${name}.py`, trainScript(WAITS));
  }
  await it.start();
});
after(async () => {
  await it.close();
  if (smallDisk) spawnSync("umount", [DISK]);
  rmSync(DISK, { recursive: true, force: true });
  if (existsSync(CGROUP)) spawnSync("rmdir", [CGROUP]);
});

const lineOf = (name: string, options = ""): string =>
  `run: ${[name, `script=${name}.py`, options].filter((part) => part !== "").join(" ")} !`;

/** The receipt below a run's line, what differs from time to time left out. */
function receipt(name: string): string {
  const below = it.journal().split(new RegExp(`^run: ${name} .*$`, "m"))[1] ?? "";
  const text = /^(?:\s*\n)*((?:>.*\n?)+)/.exec(below)?.[1] ?? "";
  return text
    .replaceAll(/^> - .*(?:the queue paused itself|this machine has no GPU).*\n/gm, "")
    .replaceAll(/`[a-z0-9]{4}`/g, "`k7f3`")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d/g, "2025-02-02T14-30-00")
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:, [\d.]+ s)?/g, "2025-02-02 14:30:00, 1 s")
    .replaceAll(/^(> - )\d\d:\d\d:\d\d/gm, "$114:30:01")
    .replaceAll(/(is NaN at step 3)(?:, [^(`]*?)?(?=, as `stop on`| \()/g, "$1")
    .replaceAll(/(written for) [^,]+,/g, "$1 45 s,")
    .replaceAll(DISK, "/mnt/disk");
}

/** Runs that die young one after another pause the queue: here that is what they are for. */
let resumed = 0;
function goOn(): void {
  const text = it.journal();
  const paused = text.split(PAUSED).length - 1;
  if (paused <= resumed) return;
  resumed = paused;
  writeFileSync(join(it.experiment, "JOURNAL.md"), `${text.trimEnd()}\n\nqueue: resume\n`);
}

const PAUSED = "the queue paused itself after this";
const ENDED = /^> \*\*(?:done|failed|stopped|lost|held|problem)\*\*/;

async function ended(name: string): Promise<string> {
  const look = (): string | false => {
    goOn();
    return ENDED.test(receipt(name)) && receipt(name);
  };
  return it.until(`${name} ends`, look, 90_000);
}

/** The id of a run that waits for what will be done to it. */
async function waiting(name: string): Promise<string> {
  const log = (): string | undefined => {
    goOn();
    const run = it.runs().find((folder) => folder.endsWith(`-${name}`));
    const path = join(it.experiment, "runs", run ?? "", "run.json");
    return run !== undefined && existsSync(path) ? path : undefined;
  };
  const path = await it.until(`${name} is there`, log, 90_000);
  return (JSON.parse(readFileSync(path, "utf8")) as { readonly id: string }).id;
}

/** Kills a run's shim and its script, and waits until both are gone. */
async function killRun(id: string): Promise<string> {
  const dir = join(it.path, ".nightlab", "attempts", `${id}-1`);
  const { shim, child } = await readProcesses(dir);
  assert.ok(shim !== undefined && child !== undefined);
  process.kill(shim.pid, "SIGKILL");
  process.kill(-child.pid, "SIGKILL");
  await it.until("both are gone", () => !isAlive(shim) && !isAlive(child));
  return dir;
}

const add = (name: string, what: string, text: string): void => {
  sections.push(`## ${name}: ${what}\n\n${text.trimEnd()}\n`);
};

test("each cause has its words, and the line that shows it is linked", async (t) => {
  const possible = Object.entries(CASES).filter(([name, { missing }]) => {
    if (missing !== undefined) t.diagnostic(`${name} not tried: there is no ${missing}`);
    return missing === undefined;
  });
  const lines = possible.map(([name, { options }]) => `${lineOf(name, options)}\n`);
  await it.save(`${JOURNAL}${lines.join("\n")}`);
  for (const [name, { act }] of possible) {
    if (act !== undefined) await act(await waiting(name));
  }
  for (const [name, { what }] of possible) add(name, what, await ended(name));
});

test("a run whose shim and script are killed is lost", async () => {
  await it.save(`${it.journal().trimEnd()}\n\n${lineOf("lost")}\n`);
  await killRun(await waiting("lost"));
  add("lost", "its shim and its script are killed", await ended("lost"));
});

test("a run that was on when the machine went off is lost for that reason", async () => {
  const name = "machine-restarted";
  await it.save(`${it.journal().trimEnd()}\n\n${lineOf(name)}\n`);
  const id = await waiting(name);
  await it.stop("SIGKILL");
  const dir = await killRun(id);
  const pid = readFileSync(join(dir, "pid"), "utf8");
  writeFileSync(join(dir, "pid"), pid.replace(/^boot .*$/m, "boot of-before"));
  await it.start();
  add(name, "the machine goes off, and on again", await ended(name));
});

test("all of it is as in causes.golden.md", () => {
  const text = untraced(`# Receipts of runs that did not go well\n\n${sections.join("\n")}`);
  if (process.env["UPDATE"] === "1") writeFileSync(GOLDEN, text);
  const golden = readFileSync(GOLDEN, "utf8");
  // What this machine cannot do is left out of the comparison, and was told above.
  const wanted = golden
    .split(/^(?=## )/m)
    .filter((one) => CASES[/^## ([\w-]+):/.exec(one)?.[1] ?? ""]?.missing === undefined);
  assert.equal(text, wanted.join(""));
});
