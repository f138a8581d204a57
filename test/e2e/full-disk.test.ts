// A disk of a lab without room, for real; the machine's state has another one.
import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { JOURNAL, openLab } from "./lab.ts";
import { fillUp, runOnSmallDisk, smallDisk } from "./small-disk.ts";

const STATES = "NIGHTLAB_TEST_STATES";

if (smallDisk === undefined) {
  test("a full disk: nothing is done in the journal, it is said once, and done later", (t) => {
    const states = mkdtempSync(join(tmpdir(), "nightlab-states-"));
    t.after(() => rmSync(states, { recursive: true, force: true }));
    runOnSmallDisk(t, fileURLToPath(import.meta.url), "1m", (disk) => ({
      TMPDIR: disk,
      [STATES]: states,
    }));
  });
} else {
  test("inside the small disk", async () => {
    const it = await openLab({
      journal: JOURNAL,
      env: { NIGHTLAB_STATE_DIR: process.env[STATES] },
    });
    try {
      await it.start();
      const filler = join(it.path, "filler");
      fillUp(filler);
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
