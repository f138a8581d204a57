// What git brings into a journal that is watched, with the real daemon, git and uv.
import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { JOURNAL, openLab, trainScript, type TestLab } from "./lab.ts";

/** Nothing starts by waiting alone: what starts here was brought by a commit, or closed. */
const SLOW = "settle: 10m\nquiet: 1s\n";

async function inRepository(work: (lab: TestLab, git: Git) => Promise<void>): Promise<void> {
  const lab = await openLab({ journal: JOURNAL, train: trainScript("pass"), settings: SLOW });
  const git: Git = async (...args) => {
    const who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main"];
    await execa("git", [...who, "-c", "commit.gpgsign=false", ...args], { cwd: lab.path });
  };
  try {
    await writeFile(join(lab.path, ".gitignore"), ".nightlab\nruns\nREPORT.md\nLAB.md\n");
    await git("init");
    await git("add", "-A");
    await git("commit", "-m", "one");
    await work(lab, git);
  } finally {
    await lab.close();
  }
}
type Git = (...args: readonly string[]) => Promise<void>;

test("a pulled command starts at once, one of another branch is held", async () => {
  await inRepository(async (lab, git) => {
    for (const name of ["pulled", "other !"]) {
      await git("checkout", "-b", name.replace(" !", ""), "main");
      await lab.save(`${JOURNAL}run: ${name}\n`);
      await git("commit", "-am", name);
    }
    await git("checkout", "main");
    await lab.start();
    await git("pull", "--ff-only", ".", "pulled");
    await lab.until("it has run", () => lab.journal().includes("> **done** `"), 60_000);
    await git("commit", "-am", "with its receipt");
    await git("checkout", "other");
    await lab.until("it is held", () => /\*\*held\*\* .*git brought it/.test(lab.journal()));
    assert.equal(lab.runs().length, 1);
  });
});

test("a line starts once the editor that shows its swap file is closed", async () => {
  await inRepository(async (lab) => {
    const swap = join(lab.experiment, ".JOURNAL.md.swp");
    await writeFile(swap, "b0");
    await lab.start();
    await lab.save(`${JOURNAL}run: de-risk\n`);
    await rm(swap);
    await lab.until("it has run", () => lab.journal().includes("> **done** `"), 60_000);
  });
});
