import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { createGpuLocks } from "../../src/effects/gpu/gpu-locks.ts";
import { askDriver, readGpuMemory } from "../../src/effects/gpu/gpu-memory.ts";
import { attemptId } from "../../src/base/ids.ts";
import { slotVariables } from "../../src/domain/slot.ts";
import { standIn, uuidOf } from "./gpu-stand-in.ts";

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "nightlab-gpus-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const A = attemptId("aaaa-1");
const B = attemptId("bbbb-1");

test("the driver's rows are read, each GPU with what it says of its memory", () => {
  const rows = [
    "0, GPU-1f2e, NVIDIA H100 80GB HBM3, 4",
    "1, GPU-2f2e, Odd, with a comma, 79320",
    "2, GPU-3f2e, NVIDIA GB10, [N/A]",
    "3, GPU-4f2e, NVIDIA A100-SXM4-40GB, [GPU is lost]",
    "4, GPU-5f2e, NVIDIA A100-SXM4-40GB, [Unknown Error]",
    "Unable to determine the device handle for GPU 0000:3B:00.0: Unknown Error",
    "",
  ];
  assert.deepEqual(readGpuMemory(rows.join("\r\n")), [
    { uuid: "GPU-1f2e", index: 0, name: "NVIDIA H100 80GB HBM3", memoryUsed: 4 * 2 ** 20 },
    { uuid: "GPU-2f2e", index: 1, name: "Odd, with a comma", memoryUsed: 79320 * 2 ** 20 },
    { uuid: "GPU-3f2e", index: 2, name: "NVIDIA GB10" },
    { uuid: "GPU-4f2e", index: 3, name: "NVIDIA A100-SXM4-40GB", broken: true },
    { uuid: "GPU-5f2e", index: 4, name: "NVIDIA A100-SXM4-40GB", broken: true },
  ]);
});

test("a machine without a driver has none, and a driver that fails is no machine without", async (t) => {
  const none = await askDriver(process.env, "no-such-program-here");
  assert.deepEqual(
    [none.kind, none.kind === "unreachable" && none.noDriver],
    ["unreachable", true],
  );
  const driver = standIn(folderOf(t), [4]);
  driver.fail("No devices were found", 6);
  assert.equal((await reached(driver.env)).noDriver, true);
  driver.fail("Failed to initialize NVML: Driver/library version mismatch", 18);
  const mismatch = await reached(driver.env);
  assert.equal(mismatch.noDriver, false);
  assert.match(mismatch.why, /Driver\/library version mismatch/);
});

async function reached(env: NodeJS.ProcessEnv) {
  const answer = await askDriver({ ...process.env, ...env });
  assert.equal(answer.kind, "unreachable");
  return answer;
}

test("a daemon that was given some of the GPUs gives away no others", async (t) => {
  const { env } = standIn(folderOf(t), [4, 4, 4]);
  const indexes = async (given: string): Promise<readonly number[]> => {
    const answer = await askDriver({ ...process.env, ...env, CUDA_VISIBLE_DEVICES: given });
    return answer.kind === "seen" ? answer.gpus.map(({ index }) => index) : [];
  };
  assert.deepEqual(await indexes("0,2"), [0, 2]);
  assert.deepEqual(await indexes(uuidOf(1)), [1]);
});

test("a GPU is one daemon's, for two sharers of it, until both have released it", (t) => {
  const env = { NIGHTLAB_GPU_LOCKS: join(folderOf(t), "locks") };
  const [ours, theirs] = [createGpuLocks(env), createGpuLocks(env)];
  assert.deepEqual(ours.take(A, ["GPU-1", "GPU-2"]), []);
  assert.deepEqual(ours.take(B, ["GPU-1"]), []);
  assert.deepEqual(theirs.take(A, ["GPU-3", "GPU-1"]), [{ uuid: "GPU-1" }]);
  assert.deepEqual(ours.take(attemptId("cccc-1"), ["GPU-3"]), [], "all or none");
  ours.release(A);
  assert.deepEqual(theirs.take(A, ["GPU-2"]), []);
  assert.deepEqual(theirs.take(B, ["GPU-1"]), [{ uuid: "GPU-1" }]);
  ours.release(B);
  assert.deepEqual(theirs.take(B, ["GPU-1"]), []);
  const mode = statSync(env.NIGHTLAB_GPU_LOCKS).mode & 0o7777;
  assert.equal(mode, 0o1777, "every user may make a lock, and take away only their own");
  theirs.release(A);
  theirs.release(B);
});

test("the lock goes along with the process that inherited it, not with who took it", async (t) => {
  const env = { NIGHTLAB_GPU_LOCKS: join(folderOf(t), "locks") };
  const [ours, theirs] = [createGpuLocks(env), createGpuLocks(env)];
  ours.take(A, ["GPU-1"]);
  const [descriptor] = ours.descriptors(A);
  assert.ok(descriptor !== undefined);
  const run = spawn("/bin/cat", { stdio: ["pipe", "ignore", "ignore", descriptor] });
  await once(run, "spawn");
  ours.release(A);
  assert.throws(() => closeSync(descriptor), /EBADF/);
  assert.deepEqual(theirs.take(B, ["GPU-1"]), [{ uuid: "GPU-1" }]);
  run.stdin?.end();
  await once(run, "exit");
  assert.deepEqual(theirs.take(B, ["GPU-1"]), []);
  theirs.release(B);
});

test("a place is in the environment by UUID; none asked for is none seen", () => {
  const gpus = [2, 0].map((index) => ({ uuid: uuidOf(index), index }));
  const seen = slotVariables({ kind: "gpus", gpus, share: 1 });
  assert.deepEqual(seen, { CUDA_VISIBLE_DEVICES: `${uuidOf(2)},${uuidOf(0)}` });
  assert.deepEqual(slotVariables({ kind: "cpu", why: "asked" }), {
    CUDA_VISIBLE_DEVICES: "",
    HIP_VISIBLE_DEVICES: "-1",
  });
  assert.deepEqual(slotVariables({ kind: "cpu", why: "no-gpu" }), {});
});

test("where a real driver is, its GPUs are read", async () => {
  const there = spawnSync("nvidia-smi", ["-L"], { encoding: "utf8" });
  const listed = (there.stdout ?? "").match(/UUID: GPU-/g)?.length ?? 0;
  const answer = await askDriver(process.env);
  assert.equal(answer.kind === "seen" ? answer.gpus.length : 0, listed);
});
