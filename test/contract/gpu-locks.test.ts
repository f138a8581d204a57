// Locks on GPUs in a folder that other users can write to. As root the other user is root, and who
// asks for locks is `nobody`; else both are the user whose tests these are.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { attemptId } from "../../src/base/ids.ts";
import { createGpuLocks, whyNoLock, type NotLocked } from "../../src/effects/gpu/gpu-locks.ts";

const isRoot = process.getuid?.() === 0;
const NOBODY = { uid: 65_534, gid: 65_534 };

/** A folder of locks as the first user of a machine makes it. */
function sharedFolder(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), "nightlab-locks-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  chmodSync(root, 0o755);
  const folder = join(root, "locks");
  mkdirSync(folder);
  chmodSync(folder, 0o1777);
  return folder;
}

const SOURCE = fileURLToPath(new URL("../../src/effects/gpu/gpu-locks.ts", import.meta.url));
const ASK = `
const { createGpuLocks } = await import(process.argv[1]);
process.stdout.write(JSON.stringify(createGpuLocks(process.env).take("aaaa-1", ["GPU-1"])));
`;

/** What a daemon of the one who is not the other user gets for GPU-1; it has ten seconds. */
function asked(folder: string): readonly NotLocked[] {
  const answer = spawnSync(process.execPath, ["--input-type=module", "-e", ASK, SOURCE], {
    env: { ...process.env, NIGHTLAB_GPU_LOCKS: folder, HOME: folder },
    encoding: "utf8",
    timeout: 10_000,
    ...(isRoot ? NOBODY : {}),
  });
  assert.equal(answer.error, undefined, "it blocked");
  assert.equal(answer.status, 0, answer.stderr);
  return JSON.parse(answer.stdout) as readonly NotLocked[];
}

const IN_THE_WAY: Readonly<Record<string, (path: string) => void>> = {
  "a FIFO": (path) => execFileSync("mkfifo", ["-m", "666", path]),
  "a folder": (path) => mkdirSync(path),
  "a link to a file": (path) => {
    writeFileSync(`${path}.target`, "");
    symlinkSync(`${path}.target`, path);
  },
  "a link to nothing": (path) => symlinkSync(`${path}.nothing`, path),
  "a file for its owner alone": (path) => writeFileSync(path, "", { mode: isRoot ? 0o600 : 0 }),
};

for (const [what, put] of Object.entries(IN_THE_WAY)) {
  test(`${what} in the place of a lock: no wait, no GPU, and it is told`, (t) => {
    const folder = sharedFolder(t);
    const path = join(folder, "GPU-1.lock");
    put(path);
    const [one, ...more] = asked(folder);
    assert.deepEqual(more, []);
    assert.equal(one?.uuid, "GPU-1");
    assert.ok(one.why?.startsWith(path), one.why);
    assert.match(one.why ?? "", /; have it removed, or set NIGHTLAB_GPU_LOCKS/);
  });
}

test("a folder that somebody keeps for themselves gives no GPU away", (t) => {
  const folder = sharedFolder(t);
  chmodSync(folder, isRoot ? 0o700 : 0o000);
  const [one] = asked(folder);
  assert.match(one?.why ?? "", /cannot be opened|not shared/);
  chmodSync(folder, 0o1777);
  assert.deepEqual(asked(folder), []);
});

test("what is no folder, or lies below a file, gives no GPU away", (t) => {
  const folder = sharedFolder(t);
  writeFileSync(join(folder, "file"), "");
  assert.match(asked(join(folder, "file"))[0]?.why ?? "", /is no folder/);
  assert.match(asked(join(folder, "file", "locks"))[0]?.why ?? "", /ENOTDIR/);
});

test("one user's lock holds for another one", (t) => {
  const folder = sharedFolder(t);
  const ours = createGpuLocks({ NIGHTLAB_GPU_LOCKS: folder });
  assert.deepEqual(ours.take(attemptId("bbbb-1"), ["GPU-1"]), []);
  assert.deepEqual(asked(folder), [{ uuid: "GPU-1" }]);
  assert.equal(whyNoLock({ NIGHTLAB_GPU_LOCKS: folder }, "GPU-1"), undefined);
  ours.release(attemptId("bbbb-1"));
  assert.deepEqual(asked(folder), []);
});

test("what the first user makes is for all, whatever their umask", (t) => {
  const folder = join(sharedFolder(t), "new");
  const before = process.umask(0o077);
  t.after(() => process.umask(before));
  const locks = createGpuLocks({ NIGHTLAB_GPU_LOCKS: folder });
  assert.deepEqual(locks.take(attemptId("bbbb-1"), ["GPU-1"]), []);
  assert.equal(statSync(folder).mode & 0o7777, 0o1777);
  assert.equal(statSync(join(folder, "GPU-1.lock")).mode & 0o7777, 0o666);
  locks.release(attemptId("bbbb-1"));
  assert.deepEqual(asked(folder), []);
});

test("who only asks whether a GPU could be locked makes nothing", (t) => {
  const folder = join(sharedFolder(t), "new");
  const env = { NIGHTLAB_GPU_LOCKS: folder };
  assert.equal(whyNoLock(env, "GPU-1"), undefined);
  assert.equal(existsSync(folder), false);
  mkdirSync(folder);
  assert.equal(whyNoLock(env, "GPU-1"), undefined);
  assert.deepEqual(readdirSync(folder), []);
  mkdirSync(join(folder, "GPU-1.lock"));
  assert.match(whyNoLock(env, "GPU-1") ?? "", /is no file; have it removed/);
});

test("a lock that is a second name of some file of ours leaves its time alone", (t) => {
  const folder = sharedFolder(t);
  const file = join(folder, "thesis.md");
  writeFileSync(file, "");
  utimesSync(file, 1_000, 1_000);
  linkSync(file, join(folder, "GPU-1.lock"));
  const locks = createGpuLocks({ NIGHTLAB_GPU_LOCKS: folder });
  assert.deepEqual(locks.take(attemptId("bbbb-1"), ["GPU-1"]), []);
  assert.equal(statSync(file).mtimeMs, 1_000_000);
  locks.release(attemptId("bbbb-1"));
});
