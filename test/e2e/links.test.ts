// Links out of a lab, with the real daemon: not followed until they are trusted, and then as if what
// they lead to were in the lab.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { openLab, trainScript, type TestLab } from "./lab.ts";

const JOURNAL = "# x\n";
const TRAIN = trainScript("for step in range(3):\n    metric(step=step, loss=1.0 / (step + 1))\n");

/** A folder beside the lab. */
function outside(lab: TestLab, name: string): string {
  const folder = join(dirname(lab.path), "outside", name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

test("a linked experiment is told, and runs once it is trusted", async () => {
  const lab = await openLab({ journal: JOURNAL });
  try {
    const there = outside(lab, "linked");
    writeFileSync(join(there, "JOURNAL.md"), "# there\n");
    writeFileSync(join(there, "train.py"), TRAIN);
    const link = join(lab.path, "linked");
    symlinkSync(there, link);
    await lab.start();
    await lab.until("the link is told", () =>
      lab.log().includes("link out of the lab not followed"),
    );
    const checks = await lab.nightlab("doctor");
    assert.match(
      checks.stdout,
      /linked leads out of the lab, to .*outside\/linked, and is not fol/,
    );
    assert.match(checks.stdout, new RegExp(`nightlab trust ${link}`));

    assert.equal((await lab.nightlab("trust", link)).code, 0);
    await lab.until("it is watched", () => lab.log().includes(`"experiment":"${link}"`));
    writeFileSync(join(there, "JOURNAL.md"), "# there\n\nrun: a !\n");
    await lab.until("it has run", () =>
      readFileSync(join(there, "JOURNAL.md"), "utf8").includes("**done**"),
    );
    await lab.until("its report is there", () => existsSync(join(there, "REPORT.md")));
    assert.doesNotMatch((await lab.nightlab("doctor")).stdout, /leads out of the lab/);
  } finally {
    await lab.close();
  }
});

test("a journal that is a link out of the lab is neither read nor written until it is trusted", async () => {
  const lab = await openLab({ journal: JOURNAL, train: TRAIN });
  try {
    const there = join(outside(lab, "notes"), "notes.md");
    const text = "# notes\n\nrun: a !\n";
    writeFileSync(there, text);
    const journal = join(lab.experiment, "JOURNAL.md");
    rmSync(journal);
    symlinkSync(there, journal);
    await lab.start();
    await lab.until("it is told", () => lab.log().includes("is not read"));
    assert.equal(readFileSync(there, "utf8"), text);
    assert.deepEqual(lab.runs(), []);
    assert.equal((await lab.nightlab("trust", journal)).code, 0);
    await lab.until("its receipt is there", () => readFileSync(there, "utf8") !== text);
    assert.deepEqual(lab.runs(), [], "what stood there before is held");
  } finally {
    await lab.close();
  }
});

test("a link that the ledger knows goes on being followed, but not one that git tracks", async () => {
  const lab = await openLab({ journal: JOURNAL, train: TRAIN });
  try {
    await lab.start();
    await lab.save("# x\n\nrun: a !\n");
    await lab.until("it has run", () => lab.journal().includes("**done**"));
    await lab.stop();
    // As an earlier release left it: nobody was asked about links.
    rmSync(join(dirname(lab.path), "state", "trusted-links.json"));
    const notes = join(outside(lab, "notes"), "notes.md");
    writeFileSync(notes, lab.journal());
    const [journal, plots] = ["JOURNAL.md", "plots"].map((name) => join(lab.experiment, name));
    assert.ok(journal !== undefined && plots !== undefined);
    for (const path of [journal, plots]) rmSync(path, { recursive: true, force: true });
    symlinkSync(notes, journal);
    symlinkSync(outside(lab, "plots"), plots);
    execFileSync("git", ["init", "-q"], { cwd: lab.path });
    execFileSync("git", ["add", "exp/plots"], { cwd: lab.path });
    await lab.start();
    assert.match(lab.log(), /exp\/JOURNAL.md".*goes on being followed/);
    assert.doesNotMatch(lab.log(), /exp\/plots".*goes on being followed/);
    assert.match((await lab.nightlab("doctor")).stdout, /exp\/plots leads out of the lab/);
    await lab.stop();
    await lab.start();
    assert.doesNotMatch(lab.log(), /goes on being followed/, "it is told once");
    assert.doesNotMatch(lab.log(), /journal not read/);
  } finally {
    await lab.close();
  }
});
