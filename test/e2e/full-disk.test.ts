// A disk without room, for real: a small file system of its own, which only this test's processes
// see. Where the machine does not allow that, the test says so and is counted as skipped.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { JOURNAL, openLab } from "./lab.ts";

const INSIDE = "NIGHTLAB_TEST_SMALL_DISK";
const MOUNT = 'mount -t tmpfs -o size=1m tmpfs "$1" && TMPDIR="$1" exec "$2" --test "$3"';

if (process.env[INSIDE] === undefined) {
  test("a full disk: nothing is done in the journal, it is said once, and done later", (t) => {
    const disk = mkdtempSync(join(tmpdir(), "nightlab-disk-"));
    const states = mkdtempSync(join(tmpdir(), "nightlab-states-"));
    try {
      const allowed = spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "tmpfs", disk]);
      if (allowed.status !== 0) {
        t.skip("this machine allows no file system of a test's own");
        return;
      }
      const self = fileURLToPath(import.meta.url);
      const { NODE_TEST_CONTEXT: _, ...env } = process.env;
      const inside = spawnSync(
        "unshare",
        ["-rm", "sh", "-c", MOUNT, "sh", disk, process.execPath, self],
        { env: { ...env, [INSIDE]: states }, encoding: "utf8" },
      );
      assert.equal(inside.status, 0, inside.stdout + inside.stderr);
    } finally {
      rmSync(disk, { recursive: true, force: true });
      rmSync(states, { recursive: true, force: true });
    }
  });
} else {
  test("inside the small disk", async () => {
    const it = await openLab({
      journal: JOURNAL,
      env: { NIGHTLAB_STATE_DIR: process.env[INSIDE] },
    });
    try {
      await it.start();
      const filler = join(it.path, "filler");
      try {
        for (;;) appendFileSync(filler, "x".repeat(1_024));
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
      }
      // Within the page that the journal has already, which a save would first give back: whoever
      // else writes could take it.
      const text = `${JOURNAL}queue: resume\n`;
      const journal = openSync(join(it.experiment, "JOURNAL.md"), "r+");
      writeSync(journal, text);
      closeSync(journal);
      await it.until("it is said", () => it.log().includes("is not read"));
      assert.equal(it.journal(), text);
      assert.deepEqual(
        readdirSync(it.experiment).filter((name) => name.includes(".nightlab-")),
        [],
      );
      rmSync(filler);
      await it.until("it is answered", () => it.journal().includes("> **done** `"));
      assert.equal(it.log().split("is not read").length, 2, "it was said once");
      await it.save(`${it.journal()}\nrun: a !\n`);
      await it.until("a run waits for room", () =>
        /run: a !\n\n> \*\*waiting\*\* `\w+` · less than 10 MB are free on this disk\n/.test(
          it.journal(),
        ),
      );
    } finally {
      await it.close();
    }
  });
}
