// Environments are built by one at a time, and again only where something changed. The runner is a
// program of the test's own that tells when it was called, and waits as long as it is told to.
import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { attemptHandlers } from "../../src/effects/daemon/attempt-handlers.ts";
import { createGpuLocks } from "../../src/effects/gpu/gpu-locks.ts";
import type { NewEvent } from "../../src/effects/daemon/effect-handlers.ts";
import { Supervisor } from "../../src/effects/supervise/supervisor.ts";
import {
  preparedEnvironments,
  type PreparedEnvironments,
} from "../../src/effects/environment/prepared-environments.ts";
import { labPath } from "../../src/base/ids.ts";
import type { AttemptSpec } from "../../src/domain/run.ts";
import { makeBench, until, type Bench } from "./run-harness.ts";

let bench: Bench;
let environments: PreparedEnvironments;
const uvBefore = process.env["NIGHTLAB_UV"];

const SCRIPT = '# /// script\n# dependencies = ["numpy"]\n# ///\nprint(1)\n';

beforeEach(() => {
  bench = makeBench();
  const uv = join(bench.lab, "uv");
  writeFileSync(
    uv,
    `#!/bin/sh
echo called >>"$CALLS"
[ -n "$PLACE" ] && echo "Using script environment at: $PLACE" >&2
while [ -e "$CALLS.wait" ]; do sleep 0.02; done
[ -e "$CALLS.fail" ] || exit 0
echo 'error: No solution found' >&2
exit 1
`,
  );
  chmodSync(uv, 0o755);
  process.env["NIGHTLAB_UV"] = uv;
  bench.write("train.py", SCRIPT);
  environments = preparedEnvironments({ ...process.env, CALLS: calls() });
});
afterEach(() => {
  bench.remove();
  if (uvBefore === undefined) delete process.env["NIGHTLAB_UV"];
  else process.env["NIGHTLAB_UV"] = uvBefore;
});

const calls = (): string => join(bench.lab, "calls");
const called = (): number =>
  existsSync(calls()) ? readFileSync(calls(), "utf8").trim().split("\n").length : 0;
const prepare = (spec: AttemptSpec, signal?: AbortSignal): Promise<string | undefined> =>
  environments.prepare(spec, join(bench.lab, `${spec.attempt}.log`), signal);

test("two commands of one script wait for one build, and it is not built again", async () => {
  writeFileSync(`${calls()}.wait`, "");
  const both = Promise.all([prepare(bench.spec(1)), prepare(bench.spec(2))]);
  await until("one is being built", () => called() > 0);
  rmSync(`${calls()}.wait`);
  assert.deepEqual(await both, [undefined, undefined]);
  assert.equal(called(), 1);
  assert.equal(await prepare(bench.spec(3)), undefined);
  assert.equal(called(), 1);
});

test("another script text, another lock and another environment are built", async () => {
  await prepare(bench.spec(1));
  bench.write("train.py", `${SCRIPT}print(2)\n`);
  await prepare(bench.spec(2));
  assert.equal(called(), 2);
  bench.write("train.py.lock", "version = 1\n");
  await prepare(bench.spec(3));
  assert.equal(called(), 3);
  await prepare(bench.spec(4, { env: { UV_INDEX_URL: "http://localhost" } }));
  assert.equal(called(), 4);
});

test("an environment that somebody removed is built again", async () => {
  const place = mkdtempSync(join(tmpdir(), "nightlab-environment-"));
  const env = { PLACE: place };
  await prepare(bench.spec(1, { env }));
  await prepare(bench.spec(2, { env }));
  const before = called();
  rmdirSync(place);
  await prepare(bench.spec(3, { env }));
  assert.deepEqual([before, called()], [1, 2]);
});

test("who waits for another's build can be stopped", async () => {
  writeFileSync(`${calls()}.wait`, "");
  const first = prepare(bench.spec(1));
  await until("one is being built", () => called() > 0);
  const abort = new AbortController();
  const second = prepare(bench.spec(2), abort.signal);
  abort.abort();
  assert.equal(await second, "it was stopped");
  rmSync(`${calls()}.wait`);
  assert.equal(await first, undefined);
});

test("what failed ahead is tried again when its turn comes, or when the script has changed", async () => {
  const ahead = (number: number): Promise<string | undefined> =>
    environments.prefetch(bench.spec(number), join(bench.lab, "ahead.log"));
  writeFileSync(`${calls()}.fail`, "");
  assert.match((await ahead(1)) ?? "", /No solution found/);
  assert.match((await ahead(1)) ?? "", /No solution found/);
  assert.equal(called(), 1, "the answer of before");
  bench.write("train.py", `${SCRIPT}print(2)\n`);
  assert.match((await ahead(1)) ?? "", /No solution found/);
  assert.equal(called(), 2);
  rmSync(`${calls()}.fail`);
  assert.equal(await prepare(bench.spec(1)), undefined);
  assert.equal(called(), 3);
  assert.equal(await ahead(1), undefined);
  assert.equal(called(), 3);
});

test("a disk on which nothing can be made is the trouble of the run, not of the daemon", async () => {
  const locks = createGpuLocks({ NIGHTLAB_GPU_LOCKS: bench.lab });
  const supervisor = new Supervisor();
  const hands = attemptHandlers(supervisor, process.env, locks, environments, () => () => true);
  // Not even root can make a folder in a file.
  const spec = bench.spec(1, { lab: labPath(join(bench.experiment, "train.py")) });
  const told: NewEvent[] = [];
  const effect = { kind: "prepare-environment", spec, runner: "uv" } as const;
  await hands["prepare-environment"](effect, (event) => told.push(event));
  assert.deepEqual(
    told.map(({ kind }) => kind),
    ["attempt-not-started"],
  );
});
