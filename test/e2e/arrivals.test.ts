// Folders with commands that come into a watched lab, each as it really comes: by git, tar, cp and
// mv they are held; made by hand they run.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { TYPED_AFTER_MS } from "../../src/effects/daemon/watch.ts";
import { JOURNAL, openLab, trainScript } from "./lab.ts";

const run = promisify(execFile);

test("what comes with its folder is held with a box, what is made by hand runs", async () => {
  const lab = await openLab({ journal: JOURNAL, train: trainScript("pass") });
  const elsewhere = join(dirname(lab.path), "elsewhere");
  const source = join(elsewhere, "exp");
  const text = `${JOURNAL}run: brought !\n`;
  const git = (...args: readonly string[]): Promise<unknown> =>
    run("git", ["-C", source, "-c", "user.name=a", "-c", "user.email=a@b.c", ...args]);
  const journalOf = (name: string): string =>
    readFileSync(join(lab.path, name, "JOURNAL.md"), "utf8");
  try {
    await mkdir(source, { recursive: true });
    await writeFile(join(source, "JOURNAL.md"), text);
    await writeFile(join(source, "train.py"), trainScript("pass"));
    await git("init", "-q");
    await git("add", "-A");
    await git("commit", "-qm", "all");
    await lab.start();
    await mkdir(join(lab.path, "by-hand"));
    await mkdir(join(lab.path, "moved"));
    await pause(TYPED_AFTER_MS + 500);
    await run("git", ["clone", "-q", source, join(lab.path, "cloned")]);
    await run("cp", ["-r", source, join(lab.path, "copied")]);
    await run("tar", ["-C", elsewhere, "--exclude=.git", "-cf", join(elsewhere, "a.tar"), "exp"]);
    await mkdir(join(lab.path, "unpacked"));
    await run("tar", ["-C", join(lab.path, "unpacked"), "-xf", join(elsewhere, "a.tar")]);
    await run("mv", [join(source, "JOURNAL.md"), join(lab.path, "moved", "JOURNAL.md")]);
    await writeFile(join(lab.path, "by-hand", "train.py"), trainScript("pass"));
    await writeFile(join(lab.path, "by-hand", "JOURNAL.md"), `${JOURNAL}run: own !\n`);
    const held = ["cloned", "copied", join("unpacked", "exp"), "moved"];
    for (const name of held) {
      await lab.until(`${name} is held`, () => journalOf(name).includes("> **held** `"));
      assert.match(journalOf(name), /- \[ \] start \(up to 2 min/, name);
    }
    await lab.until("by-hand runs", () => journalOf("by-hand").includes("> **done** `"), 90_000);
    for (const name of held) assert.ok(!existsSync(join(lab.path, name, "runs")), name);
    await writeFile(
      join(lab.path, "copied", "JOURNAL.md"),
      journalOf("copied").replace("- [ ] start", "- [x] start"),
    );
    await lab.until(
      "a tick starts one",
      () => journalOf("copied").includes("> **done** `"),
      60_000,
    );
  } finally {
    await lab.close();
  }
});
