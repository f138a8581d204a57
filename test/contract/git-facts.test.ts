// What git says of an experiment, with the real git: a patch that makes the same files again.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { gitFacts, PATCH_FILE_BYTES } from "../../src/effects/git/git-facts.ts";
import { makeBench, type Bench } from "./run-harness.ts";

let bench: Bench;
beforeEach(() => {
  bench = makeBench();
});
afterEach(() => bench.remove());

const git = (...args: readonly string[]): string =>
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@t", ...args], {
    cwd: bench.lab,
    encoding: "utf8",
  });
const plain = (...args: readonly string[]): string => git("-c", "core.fsmonitor=false", ...args);

/** A checkout of the commit with the patch on it: the experiment's folder in there. */
function again(patch: Uint8Array): string {
  const copy = join(bench.lab, "copy");
  plain("worktree", "add", "-q", copy, "HEAD");
  const there = join(copy, relative(bench.lab, bench.experiment));
  execFileSync("git", ["-c", "core.fsmonitor=false", "apply", "-"], { cwd: copy, input: patch });
  return there;
}

describe("what git says", () => {
  it("is nothing without a repository or a commit", async () => {
    assert.equal(await gitFacts(bench.lab, bench.experiment), undefined);
    git("init", "-q");
    assert.equal(await gitFacts(bench.lab, bench.experiment), undefined);
  });

  it("is the commit, and a patch that makes every file again, whatever git is set to", async () => {
    git("init", "-q");
    const hook = join(bench.lab, ".git/hooks/fsmonitor");
    writeFileSync(hook, "#!/bin/sh\ntouch ran\n");
    chmodSync(hook, 0o755);
    git("config", "core.fsmonitor", hook);
    git("config", "diff.noprefix", "true");
    git("config", "diff.mnemonicPrefix", "true");
    git("config", "diff.relative", "true");
    git("config", "color.ui", "always");
    bench.write("train.py", "a = 1\nb = 2\n");
    bench.write("weird é.txt", "x\n");
    bench.write("gone.py", "x\n");
    bench.write("staged.py", "x\n");
    bench.write("made-runnable.sh", "x\n");
    writeFileSync(join(bench.experiment, "old.bin"), Buffer.from([0, 1, 2]));
    writeFileSync(join(bench.lab, "other.txt"), "x");
    plain("add", ".");
    plain("commit", "-qm", "x");
    const clean = await gitFacts(bench.lab, bench.experiment);
    assert.deepEqual(clean, { commit: git("rev-parse", "HEAD").trim(), dirty: false });

    bench.write("train.py", "a = 1\r\nb = 3\r\n");
    bench.write("weird é.txt", "y\n");
    bench.write(`new "é"\n$(x).py`, "print(1)\nno end");
    bench.write(":(top)odd*.py", "x");
    bench.write("empty.py", "");
    bench.write("staged.py", "staged\n");
    plain("add", ".");
    bench.write("staged.py", "and changed again\n");
    rmSync(join(bench.experiment, "gone.py"));
    chmodSync(join(bench.experiment, "made-runnable.sh"), 0o755);
    writeFileSync(join(bench.experiment, "old.bin"), Buffer.from([0, 255, 2, 3]));
    writeFileSync(join(bench.experiment, "new.bin"), Buffer.from([0, 7, 10, 0]));
    writeFileSync(join(bench.experiment, "latin.py"), Buffer.from("# caf\xe9\n", "latin1"));
    symlinkSync("train.py", join(bench.experiment, "link.py"));
    writeFileSync(join(bench.lab, "other.txt"), "y");
    mkdirSync(join(bench.experiment, "runs", "x", "logs"), { recursive: true });
    writeFileSync(join(bench.experiment, "runs", "x", "logs", "a.log"), "x".repeat(100));
    const index = readFileSync(join(bench.lab, ".git/index"));
    const facts = await gitFacts(bench.lab, bench.experiment);
    assert.ok(facts?.patch !== undefined);
    assert.equal(facts.left, undefined);
    assert.deepEqual(readFileSync(join(bench.lab, ".git/index")), index);
    assert.doesNotMatch(Buffer.from(facts.patch).toString(), /a\.log|other\.txt/);
    assert.ok(!existsSync(join(bench.lab, "ran")));

    const there = again(facts.patch);
    for (const name of [
      "train.py",
      "weird é.txt",
      `new "é"\n$(x).py`,
      ":(top)odd*.py",
      "empty.py",
      "staged.py",
      "old.bin",
      "new.bin",
      "latin.py",
    ]) {
      const [is, was] = [join(there, name), join(bench.experiment, name)];
      assert.deepEqual(readFileSync(is), readFileSync(was), name);
    }
    assert.ok(!existsSync(join(there, "gone.py")));
    assert.equal(readlinkSync(join(there, "link.py")), "train.py");
    assert.ok((statSync(join(there, "made-runnable.sh")).mode & 0o100) !== 0);
  });

  it("leaves out what is too large, and names it", async () => {
    git("init", "-q");
    bench.write("train.py", "a = 1\n");
    bench.write("large.txt", "x");
    plain("add", ".");
    plain("commit", "-qm", "x");
    bench.write("train.py", "a = 2\n");
    bench.write("large.txt", "x".repeat(PATCH_FILE_BYTES + 1));
    bench.write("new.bin", "\0".repeat(PATCH_FILE_BYTES + 1));
    const facts = await gitFacts(bench.lab, bench.experiment);
    assert.ok(facts?.patch !== undefined && facts.dirty);
    assert.deepEqual(facts.left?.toSorted(), ["large.txt", "new.bin"]);
    assert.equal(readFileSync(join(again(facts.patch), "train.py"), "utf8"), "a = 2\n");
  });

  it("leaves out all of many files that are too large together", async () => {
    git("init", "-q");
    bench.write("train.py", "a = 1\n");
    plain("add", ".");
    plain("commit", "-qm", "x");
    for (let i = 0; i < 7; i += 1) bench.write(`${i}.txt`, `${i}\n`.repeat(PATCH_FILE_BYTES / 2));
    const facts = await gitFacts(bench.lab, bench.experiment);
    assert.deepEqual([facts?.dirty, facts?.patch, facts?.left?.length], [true, undefined, 7]);
  });

  it("knows an edit of the same length within the second in which git looked last", async () => {
    git("init", "-q");
    // As where files are copied about, so that this second can be an earlier one here.
    git("config", "core.trustctime", "false");
    bench.write("train.py", "a = 1\n");
    const second = Math.floor(Date.now() / 1000) - 60;
    const script = join(bench.experiment, "train.py");
    utimesSync(script, second, second);
    git("add", ".");
    git("commit", "-qm", "x");
    bench.write("train.py", "a = 2\n");
    for (const path of [script, join(bench.lab, ".git/index")]) utimesSync(path, second, second);
    const facts = await gitFacts(bench.lab, bench.experiment);
    assert.match(Buffer.from(facts?.patch ?? []).toString(), /^\+a = 2$/m);
  });
});
