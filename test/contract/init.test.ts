// `nightlab init` against the real git: what it keeps out of a repository and what it lets in.
// Unusual folder names are part of the point: no shell may ever read one.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  appendFileSync,
  mkdtempSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { initLab } from "../../src/cli/init.ts";

const root = mkdtempSync(join(tmpdir(), "nightlab init'$(touch x) ü "));
process.env["NIGHTLAB_STATE_DIR"] = join(root, "state");
after(() => rmSync(root, { recursive: true, force: true }));

let count = 0;
function freshRepository(): string {
  count += 1;
  const folder = join(root, `repo ${count}`);
  mkdirSync(folder);
  execFileSync("git", ["init", "-q"], { cwd: folder });
  return folder;
}

function ignored(cwd: string, path: string): boolean {
  const { status, stderr } = spawnSync("git", ["check-ignore", "-q", "--no-index", path], { cwd });
  assert.ok(status === 0 || status === 1, String(stderr));
  return status === 0;
}

const RUN = "one/runs/2025-02-02T14-30-00-de-risk";

function assertRules(lab: string, from = ""): void {
  for (const path of [
    `${from}.nightlab/attempts/k7f3-1/spec.json`,
    `${from}${RUN}/checkpoints/model.pt`,
    `${from}${RUN}/data/big.bin`,
    `${from}deep/er/${RUN}/data/big.bin`,
  ]) {
    assert.ok(ignored(lab, path), `${path} should be ignored`);
  }
  for (const path of [
    `${from}${RUN}/logs/train.log`,
    `${from}${RUN}/logs/console.log`,
    `${from}${RUN}/plots/val-loss.webp`,
    `${from}${RUN}/run.json`,
    `${from}deep/er/${RUN}/logs/train.log`,
    `${from}one/JOURNAL.md`,
    `${from}one/data/table.csv`,
    `${from}nightlab.yaml`,
  ]) {
    assert.ok(!ignored(lab, path), `${path} should not be ignored`);
  }
}

describe("nightlab init", () => {
  it("keeps checkpoints, data and its own folder out of git, and lets logs in", async () => {
    const lab = freshRepository();
    const { exitCode, text } = await initLab(lab);
    assert.equal(exitCode, 0, text);
    assertRules(lab);
  });

  it("lets logs in where a folder above ignores *.log, logs/ and runs/", async () => {
    const repository = freshRepository();
    writeFileSync(join(repository, ".gitignore"), "*.log\nlogs/\nruns/\n");
    assert.equal((await initLab(join(repository, "my lab"))).exitCode, 0);
    assertRules(repository, "my lab/");
    assert.ok(ignored(repository, "my lab/other.log"));
    assert.ok(ignored(repository, "elsewhere/runs/x/logs/train.log"));
  });

  it("adds its rules below a person's, whose lines stay byte for byte", async () => {
    for (const before of ["*.log\r\n# mine\r\n", "*.log", "\uFEFF*.log\n\n\n", "runs/\n*.log\n"]) {
      const lab = freshRepository();
      writeFileSync(join(lab, ".gitignore"), before);
      assert.equal((await initLab(lab)).exitCode, 0);
      const text = readFileSync(join(lab, ".gitignore"), "utf8");
      assert.ok(text.startsWith(before));
      assert.equal(/(?<!\r)\n/.test(text), !before.includes("\r\n"), "line ends follow the file's");
      if (!before.includes("\r\n")) assertRules(lab);
    }
  });

  it("changes nothing the second time, nor what was written in between", async () => {
    const lab = freshRepository();
    await initLab(lab);
    appendFileSync(join(lab, ".gitignore"), "mine\n");
    writeFileSync(join(lab, "nightlab.yaml"), "settle: 3s\n");
    const before = readFileSync(join(lab, ".gitignore"), "utf8");
    const second = await initLab(lab);
    assert.equal(second.exitCode, 0);
    assert.match(second.text, /already/);
    assert.equal(readFileSync(join(lab, ".gitignore"), "utf8"), before);
    assert.equal(readFileSync(join(lab, "nightlab.yaml"), "utf8"), "settle: 3s\n");
  });

  it("makes the folder where it is absent", async () => {
    const lab = join(root, "not", "there yet");
    assert.equal((await initLab(lab)).exitCode, 0);
    assert.notEqual(readFileSync(join(lab, "nightlab.yaml"), "utf8"), "");
  });

  it("says what stands in the way where it cannot", async () => {
    const file = join(root, "a file");
    writeFileSync(file, "");
    const { exitCode, text } = await initLab(join(file, "lab"));
    assert.equal(exitCode, 2);
    assert.match(text, /Cannot make a lab of .*a part of the path is a file/);
  });
});
