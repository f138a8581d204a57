// Symlinks of a lab on the real disk: followed within it, and out of it only where they are trusted.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { atomicWrite } from "../../src/effects/os/atomic-write.ts";
import * as files from "../../src/effects/os/lab-files.ts";
import {
  guardLab,
  leavingLink,
  onLeavingLink,
  staysInLabOf,
} from "../../src/effects/os/lab-links.ts";
import { readSettled } from "../../src/effects/os/stable-read.ts";
import { trustLink } from "../../src/effects/os/trusted-links.ts";

let root: string;
let lab: string;
let outside: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "nightlab-links-")));
  process.env["NIGHTLAB_STATE_DIR"] = join(root, "state");
  lab = join(root, "a lab");
  outside = join(root, "outside");
  for (const folder of [join(lab, "one"), join(lab, "two"), outside]) {
    mkdirSync(folder, { recursive: true });
  }
  writeFileSync(join(outside, "secret"), "secret\n");
  guardLab(lab);
});
afterEach(() => rmSync(root, { recursive: true }));

const at = (...parts: readonly string[]): string => join(lab, ...parts);

describe("a link", () => {
  it("within the lab is followed, through any number of others", () => {
    writeFileSync(at("two", "x"), "");
    symlinkSync("../two", at("one", "plots"));
    symlinkSync("plots", at("one", "again"));
    symlinkSync(at("one", "again", "x"), at("x"));
    for (const path of [at("one", "plots", "x"), at("one", "again", "x"), at("x"), at("one", "n")])
      assert.equal(leavingLink(path), undefined, path);
  });

  it("out of the lab is named, wherever on the way it is, there or not, by a chain or not", () => {
    symlinkSync(outside, at("one", "plots"));
    symlinkSync("one/plots", at("runs"));
    symlinkSync("../../outside/secret", at("one", "JOURNAL.md"));
    symlinkSync("../outside/not-there/x", at("dangling"));
    symlinkSync(at("dangling"), at("chain"));
    symlinkSync("../outside", at("two", "up"));
    const plots = { link: at("one", "plots"), target: outside };
    assert.deepEqual(leavingLink(at("one", "plots")), plots);
    assert.deepEqual(leavingLink(at("one", "plots", "deep", "new.webp")), plots);
    assert.deepEqual(leavingLink(at("runs", "secret")), { link: at("runs"), target: outside });
    assert.deepEqual(leavingLink(at("one", "JOURNAL.md")), {
      link: at("one", "JOURNAL.md"),
      target: join(outside, "secret"),
    });
    const gone = join(outside, "not-there", "x");
    assert.deepEqual(leavingLink(at("dangling")), { link: at("dangling"), target: gone });
    assert.deepEqual(leavingLink(at("chain")), { link: at("chain"), target: gone });
    assert.equal(leavingLink(at("two", "up")), undefined, "dangling within the lab");
  });

  it("into .git or .nightlab leads out, but for one of .nightlab's own", () => {
    for (const own of [".git/hooks", ".nightlab/kept", "one/.git"])
      mkdirSync(at(own), { recursive: true });
    symlinkSync("../.git/hooks", at("one", "plots"));
    symlinkSync("../.nightlab/kept", at("two", "plots"));
    symlinkSync(".git", at("one", "runs"));
    symlinkSync("kept", at(".nightlab", "again"));
    assert.ok(leavingLink(at("one", "plots")) !== undefined);
    assert.ok(leavingLink(at("two", "plots", "x")) !== undefined);
    assert.ok(leavingLink(at("one", "runs")) !== undefined);
    assert.equal(leavingLink(at(".nightlab", "again", "x")), undefined);
  });

  it("is judged also where the lab itself is reached by a link, or does not exist any more", () => {
    symlinkSync(lab, join(root, "short"));
    symlinkSync(outside, at("one", "plots"));
    assert.deepEqual(leavingLink(join(root, "short", "one", "plots", "x")), {
      link: at("one", "plots"),
      target: outside,
    });
    assert.equal(leavingLink(join(root, "short", "one", "x")), undefined);
    symlinkSync("loop", at("loop"));
    assert.equal(leavingLink(join(root, "gone", "x")), undefined);
    assert.ok(!existsSync(at("loop")));
  });

  it("that is trusted is followed, until it leads elsewhere", () => {
    const other = join(root, "other");
    mkdirSync(other);
    symlinkSync(outside, at("one", "plots"));
    trustLink({ link: at("one", "plots"), target: outside });
    assert.equal(leavingLink(at("one", "plots", "x")), undefined);
    symlinkSync(other, join(outside, "further"));
    symlinkSync("secret", join(outside, "near"));
    assert.equal(leavingLink(at("one", "plots", "near")), undefined);
    assert.equal(leavingLink(at("one", "plots", "further", "x"))?.target, other);
    rmSync(at("one", "plots"));
    symlinkSync(other, at("one", "plots"));
    assert.equal(leavingLink(at("one", "plots", "x"))?.target, other);
  });

  it("that is trusted stays so for the next process, and nothing is trusted by a torn record", () => {
    symlinkSync(outside, at("one", "plots"));
    trustLink({ link: at("one", "plots"), target: outside });
    const stored = join(root, "state", "trusted-links.json");
    assert.deepEqual(readdirSync(dirname(stored)), ["trusted-links.json"]);
    writeFileSync(stored, readFileSync(stored, "utf8").slice(0, 20));
    assert.ok(leavingLink(at("one", "plots", "x")) !== undefined);
  });
});

describe("a file of a lab", () => {
  it("is not read, written, made, moved or removed through a link out of the lab", async () => {
    symlinkSync(outside, at("one", "plots"));
    symlinkSync("../../outside/secret", at("one", "JOURNAL.md"));
    const [plots, journal] = [at("one", "plots"), at("one", "JOURNAL.md")];
    const told: string[] = [];
    const end = onLeavingLink(({ link }) => told.push(link));
    const uses: Readonly<Record<string, () => Promise<unknown>>> = {
      write: () => atomicWrite(join(plots, "new"), "x"),
      "write a leaf": () => atomicWrite(journal, "x"),
      append: () => files.appendFile(journal, "x"),
      replace: () => files.writeFile(journal, "x"),
      make: () => files.mkdir(join(plots, "a", "b"), { recursive: true }),
      create: () => files.open(join(plots, "new"), "wx"),
      remove: () => files.rm(join(plots, "secret"), { recursive: true }),
      unlink: () => files.unlink(join(plots, "secret")),
      rename: () => files.rename(join(plots, "secret"), at("secret")),
      "rename to": () => files.rename(at("two"), join(plots, "two")),
      link: () => files.link(join(plots, "secret"), at("secret")),
      symlink: () => files.symlink("x", join(plots, "new")),
      copy: () => files.copyFile(join(root, "outside", "secret"), join(plots, "new")),
      read: () => files.readFile(journal, "utf8"),
      list: () => files.readdir(plots),
      stat: () => files.stat(journal),
    };
    for (const [what, use] of Object.entries(uses)) {
      await assert.rejects(use(), { code: "ELEAVESLAB" }, what);
    }
    assert.equal(told.length, Object.keys(uses).length);
    end();
    assert.throws(() => files.readFileSync(journal), /nightlab trust '.*one\/JOURNAL.md'/);
    assert.equal(files.statSync(journal), undefined);
    const read = await readSettled(journal);
    assert.ok(read.kind === "unreadable" && /link out of the lab/.test(read.why));
    assert.deepEqual(readdirSync(outside), ["secret"]);
    assert.equal(readFileSync(join(outside, "secret"), "utf8"), "secret\n");
    await files.unlink(journal);
    assert.ok(!existsSync(journal), "the link itself is a name in the lab");
  });

  it("that is a pipe, a folder or a device is told as none, and nothing waits for it", async () => {
    execFileSync("mkfifo", [at("pipe")]);
    symlinkSync("/dev/zero", at("device"));
    trustLink({ link: at("device"), target: "/dev/zero" });
    for (const path of [at("pipe"), at("one"), at("device")]) {
      for (const use of [
        () => files.readFile(path),
        () => files.open(path),
        async () => files.readFileSync(path),
        () => atomicWrite(path, "x"),
      ])
        await assert.rejects(use, { code: "ENOTFILE" }, path);
    }
    await assert.rejects(files.appendFile(at("pipe"), "x"), { code: "ENOTFILE" });
    await assert.rejects(files.writeFile(at("pipe"), "x"), { code: "ENOTFILE" });
  });

  it("is of the lab by what its path comes to, not by how it is written", () => {
    symlinkSync(outside, at("one", "runs"));
    const from = at("one");
    assert.ok(staysInLabOf(from, join(from, "runs-1", "x")));
    assert.ok(staysInLabOf(from, join(from, "..", "two", "runs", "x")));
    assert.ok(!staysInLabOf(from, join(from, "..", "..", "outside", "secret")));
    assert.ok(!staysInLabOf(from, join(from, "runs", "secret")));
    assert.ok(staysInLabOf(outside, join(outside, "secret")));
    assert.ok(!staysInLabOf(outside, join(outside, "..", "x")));
  });
});
