// Runs as services of systemd, on a stand-in for `systemd-run` that notes what it is asked for and
// starts it as the real one would; the real one is never started by a test.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { attemptDir, createAttempt, readAttempt } from "../../src/effects/supervise/attempts.ts";
import { lockOpenFile } from "../../src/effects/os/native.ts";
import { hostFacts } from "../../src/effects/os/process-identity.ts";
import { serviceArguments, unitName } from "../../src/effects/supervise/services.ts";
import { Supervisor, type AttemptEnd } from "../../src/effects/supervise/supervisor.ts";
import { makeBench, until, type Bench } from "./run-harness.ts";
import { standInForSystemd } from "./systemd-stand-in.ts";

const SHIM = fileURLToPath(new URL("../../src/effects/supervise/shim.sh", import.meta.url));
const systemd = standInForSystemd();
const { env } = systemd;
const benches: Bench[] = [];
let bench = makeBench();
beforeEach(() => {
  bench = makeBench();
  benches.push(bench);
  systemd.forget();
});
after(() => {
  for (const one of benches) one.remove();
  systemd.remove();
});

// No poll comes to help: what is noticed is noticed by the folder.
const supervisor = new Supervisor({
  graceMs: 1_000,
  pollMs: 600_000,
  supervision: { kind: "service", version: 252, memory: true },
});

/** Node's own environment decides where programs are found. */
async function start(
  argv: readonly string[],
  changes: Parameters<Bench["spec"]>[1] = {},
  locks: readonly number[] = [],
): Promise<AttemptEnd> {
  const spec = bench.spec(1, changes);
  const path = process.env["PATH"];
  process.env["PATH"] = env["PATH"];
  try {
    await supervisor.start(spec, argv, env, 60_000, locks);
  } finally {
    process.env["PATH"] = path;
  }
  return new Promise((resolve) => supervisor.onExit(spec, resolve));
}

test("a service is asked for with all of it in words, and no value of a variable", () => {
  const request = {
    dir: "/lab/.nightlab/attempts/k7f3-1",
    cwd: "/lab/an experiment",
    graceS: 10,
    memory: 24e9,
    umask: "0077",
    argv: ["/bin/sh", "/x/shim.sh", "--", "uv", "run", "train.py", "$HOME ${x}"],
  };
  assert.deepEqual(serviceArguments(request, ["PATH", "WANDB_API_KEY"]), [
    "--user",
    "--quiet",
    "--collect",
    `--unit=${unitName(request.dir)}`,
    "--description=nightlab: k7f3-1",
    "--service-type=exec",
    "--working-directory=/lab/an experiment",
    "--property=KillMode=control-group",
    "--property=TimeoutStopSec=10s",
    "--property=OOMPolicy=continue",
    "--property=TasksMax=infinity",
    "--property=UMask=0077",
    "--property=IgnoreSIGPIPE=no",
    "--property=MemoryMax=24000000000",
    "--property=MemorySwapMax=0",
    "--setenv=PATH",
    "--setenv=WANDB_API_KEY",
    "--",
    "/bin/sh",
    "/x/shim.sh",
    "--",
    "uv",
    "run",
    "train.py",
    "$$HOME $${x}",
  ]);
  assert.match(unitName(request.dir), /^nightlab-k7f3-1-[0-9a-f]{8}\.service$/);
  assert.notEqual(unitName(request.dir), unitName("/other/.nightlab/attempts/k7f3-1"));
});

test("a run has its arguments and its folder, and its end is noticed without a poll", async () => {
  const end = await start([
    "sh",
    "-c",
    'printf "%s|" "$PWD" "$1" "$NIGHTLAB_RUN_ID"; exit 3',
    "sh",
    "$HOME $$ é\n'x'",
  ]);
  assert.equal(end.kind === "ended" && end.exit.code, 3);
  const spec = bench.spec(1);
  const printed = readFileSync(join(attemptDir(spec.lab, spec.attempt), "console.log"), "utf8");
  assert.equal(printed, `${bench.experiment}|$HOME $$ é\n'x'|k7f3-1|`);
  assert.ok(!systemd.asked().includes("MemoryMax"));
});

test("the memory of a run is its service's", async () => {
  await start(["true"], { memory: 2e9 });
  assert.match(systemd.asked(), /^--property=MemoryMax=2000000000$/m);
});

test("a run has its GPU's lock from when the daemon gives it up until it ends", async () => {
  const path = join(bench.lab, "gpu.lock");
  const [own, other] = [openSync(path, "w"), openSync(path, "r")];
  assert.equal(lockOpenFile(own), "held");
  const end = start(["sh", "-c", "while [ ! -e go ]; do sleep 0.02; done"], {}, [own]);
  const spec = bench.spec(1);
  const stateOf = async () => readAttempt(attemptDir(spec.lab, spec.attempt), hostFacts());
  await until("it runs", async () => (await stateOf()).kind === "running");
  closeSync(own);
  await until("its shim has the lock", () => {
    const answer = lockOpenFile(other);
    // Whoever asks first in the moment between has it: then it is given back, and asked again.
    if (answer === "held")
      spawnSync("flock", ["-u", "3"], { stdio: ["ignore", "ignore", "ignore", other] });
    return answer === "taken";
  });
  bench.write("go", "");
  await end;
  await until("it is free", () => lockOpenFile(other) === "held");
  closeSync(other);
});

test("what systemd says against it is told, and nothing has started", async () => {
  systemd.become(
    '#!/bin/sh\necho "Failed to start transient service unit: Access denied" >&2\nexit 1\n',
  );
  await assert.rejects(start(["true"]), /systemd did not start it: .*Access denied/);
  const spec = bench.spec(1);
  const state = await readAttempt(attemptDir(spec.lab, spec.attempt), hostFacts());
  assert.equal(state.kind, "never-started");
});

test("a shim in a service reads what the kernel did at the limit on memory", async (t) => {
  const spec = bench.spec(1);
  await createAttempt(spec);
  const dir = attemptDir(spec.lab, spec.attempt);
  writeFileSync(join(dir, "limit"), "60\n");
  const unit = "nightlab-k7f3-1-00000000.service";
  const inside = `
    root=$(findmnt -nt cgroup2 -o TARGET | head -n 1) && mkdir -p "$root/$3" || exit 77
    echo $$ >"$root/$3/cgroup.procs" && mount -t tmpfs tmpfs /sys/fs/cgroup || exit 77
    mkdir "/sys/fs/cgroup/$3" && printf 'max 9\\noom 1\\noom_kill 1\\n' >"/sys/fs/cgroup/$3/memory.events"
    exec sh "$1" "$2" 1 -- sh -c 'exit 137'`;
  const ran = spawnSync("unshare", ["-m", "sh", "-c", inside, "sh", SHIM, dir, unit], {
    encoding: "utf8",
  });
  if (ran.error !== undefined || ran.status !== 0) {
    t.diagnostic(`not tried: this machine allows no control group of a test's own (${ran.stderr})`);
    return;
  }
  const state = await readAttempt(dir, hostFacts());
  assert.ok(state.kind === "ended" && state.exit.oomKill === true && state.exit.code === 137);
  const root = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].find((path) =>
    existsSync(join(path, unit)),
  );
  if (root !== undefined) spawnSync("rmdir", [join(root, unit)]);
});
