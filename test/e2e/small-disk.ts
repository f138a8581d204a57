// A small file system of a test's own, which only its processes see: the test's file is run again
// inside. Where the machine does not allow that, the test says so and is counted as skipped.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

const INSIDE = "NIGHTLAB_TEST_SMALL_DISK";
const MOUNT = 'mount -t tmpfs -o "size=$1" tmpfs "$2" && exec "$3" --test "$4"';

/** Where the small disk is mounted, in the run of the file that is inside; undefined outside. */
export const smallDisk = process.env[INSIDE];

/** Runs a test file again with a small disk, of a `size` as mount takes it; its tests must pass. */
export function runOnSmallDisk(
  t: TestContext,
  file: string,
  size: string,
  env: (disk: string) => NodeJS.ProcessEnv = () => ({}),
): void {
  const disk = mkdtempSync(join(tmpdir(), "nightlab-disk-"));
  t.after(() => rmSync(disk, { recursive: true, force: true }));
  const allowed = spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "tmpfs", disk]);
  if (allowed.status !== 0) {
    t.skip("this machine allows no file system of a test's own");
    return;
  }
  const { NODE_TEST_CONTEXT: _, ...outer } = process.env;
  const inside = spawnSync(
    "unshare",
    ["-rm", "sh", "-c", MOUNT, "sh", size, disk, process.execPath, file],
    { env: { ...outer, ...env(disk), [INSIDE]: disk }, encoding: "utf8" },
  );
  assert.equal(inside.status, 0, inside.stdout + inside.stderr);
}

/** Writes to a file until its disk is full. */
export function fillUp(filler: string): void {
  try {
    for (;;) appendFileSync(filler, "x".repeat(1_024));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
  }
}
