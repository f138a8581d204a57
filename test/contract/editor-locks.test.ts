import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { editorHolds } from "../../src/effects/journal-store/editor-locks.ts";
import { NASTY, until } from "./journal-place.ts";

const root = mkdtempSync(join(tmpdir(), "nightlab-locks-"));
after(() => rmSync(root, { recursive: true, force: true }));
let made = 0;

function freshJournal(): { folder: string; path: string } {
  made += 1;
  const folder = join(root, `${made} ${NASTY}`);
  mkdirSync(folder);
  const path = join(folder, "JOURNAL.md");
  writeFileSync(path, "text\n");
  return { folder, path };
}

/** A pid that was a process of this machine and is none any more. */
function deadPid(): number {
  return spawnSync(process.execPath, ["-e", ""]).pid;
}

function swapFile(dirty: number, pid: number, host = hostname(), editor = "VIM 9.0"): Buffer {
  const head = Buffer.alloc(4096);
  head.write(`b0${editor}`);
  head.writeUInt32LE(pid, 24);
  head.write(host, 68);
  head[1007] = dirty;
  return head;
}

test("nobody holds a file without marks, nor an absent one", async () => {
  const { folder, path } = freshJournal();
  assert.equal(await editorHolds(path), false);
  assert.equal(await editorHolds(join(folder, "none", "JOURNAL.md")), false);
});

test("an Emacs lock of a living process holds, here and from another machine", async () => {
  for (const owner of [`me@${hostname()}.${process.pid}:1700000000`, "me@far.away.example.77"]) {
    const { folder, path } = freshJournal();
    symlinkSync(owner, join(folder, ".#JOURNAL.md"));
    const hold = await editorHolds(path);
    assert.equal(hold !== false && hold.editor, "Emacs");
    assert.equal(hold !== false && hold.why.includes(owner), true);
  }
});

test("a stale Emacs lock of a process that died on this machine does not hold", async () => {
  const { folder, path } = freshJournal();
  symlinkSync(`me@${hostname()}.${deadPid()}:1700000000`, join(folder, ".#JOURNAL.md"));
  assert.equal(await editorHolds(path), false);
});

test("a lock older than the process that has its pid now does not hold", async () => {
  const { folder, path } = freshJournal();
  const lock = join(folder, ".#JOURNAL.md");
  symlinkSync(`me@${hostname()}.${process.pid}`, lock);
  lutimesSync(lock, 1_000_000_000, 1_000_000_000);
  assert.equal(await editorHolds(path), false);
});

test("a swap file holds only when it says modified", async () => {
  const cases: readonly (readonly [Buffer, boolean])[] = [
    [swapFile(0x55, process.pid), true],
    [swapFile(0, process.pid), false],
    [swapFile(0x55, deadPid()), false],
    [swapFile(0x55, 1, "another-host"), true],
    [swapFile(0x55, process.pid).subarray(0, 900), false],
    [Buffer.alloc(4096, 0x55), false],
  ];
  for (const [content, holds] of cases) {
    const { folder, path } = freshJournal();
    writeFileSync(join(folder, ".JOURNAL.md.swo"), content);
    assert.equal((await editorHolds(path)) !== false, holds);
  }
});

test("nano's mark, which no save takes back, holds only where it is newer than the file", async () => {
  const { folder, path } = freshJournal();
  const mark = join(folder, ".JOURNAL.md.swp");
  writeFileSync(mark, swapFile(0x55, 1, "another-host", "nano 7.2"));
  const changedS = 1_700_000_000;
  utimesSync(mark, changedS, changedS);
  utimesSync(path, changedS - 60, changedS - 60);
  const hold = await editorHolds(path);
  assert.equal(hold !== false && hold.editor, "nano");
  utimesSync(path, changedS + 1, changedS + 1);
  assert.equal(await editorHolds(path), false, "saved since");
});

test("marks of other files, and marks that are no files, hold nothing", async () => {
  const { folder, path } = freshJournal();
  writeFileSync(join(folder, ".OTHER.md.swp"), swapFile(0x55, process.pid));
  writeFileSync(join(folder, ".JOURNAL.md.swp.bak"), swapFile(0x55, process.pid));
  mkdirSync(join(folder, ".JOURNAL.md.swp"));
  spawnSync("mkfifo", [join(folder, ".JOURNAL.md.swn")]);
  assert.equal(await editorHolds(path), false);
});

test("marks beside the file that a symlink leads to hold as well", async () => {
  const { folder, path } = freshJournal();
  const link = join(root, "linked.md");
  symlinkSync(path, link);
  writeFileSync(join(folder, ".JOURNAL.md.swp"), swapFile(0x55, process.pid));
  assert.notEqual(await editorHolds(link), false);
});

test("a real Vim holds while it has unsaved changes, and not before or after", async (t) => {
  const { folder, path } = freshJournal();
  const argv = ["-u", "NONE", "-i", "NONE", "-N", "-es", "-c", "set swapfile updatecount=1", path];
  const vim = spawn("vim", argv, { stdio: ["pipe", "ignore", "ignore"] });
  const failed = await Promise.race([
    once(vim, "spawn").then(() => false),
    once(vim, "error").then(() => true),
  ]);
  if (failed) {
    t.skip("no vim on this machine");
    return;
  }
  await until("Vim has its swap file", () =>
    readdirSync(folder).some((name) => name.startsWith(".JOURNAL.md.sw")),
  );
  assert.equal(await editorHolds(path), false, "merely open");
  vim.stdin.write("normal! oa line\npreserve\n");
  await until("Vim holds its change", async () => (await editorHolds(path)) !== false);
  vim.stdin.write("write\n");
  await until("Vim lets go after saving", async () => (await editorHolds(path)) === false);
  vim.stdin.end("quit!\n");
  await once(vim, "exit");
});

test("a Neovim that keeps its swap files in a folder of its own holds too", async () => {
  const { folder, path } = freshJournal();
  const before = process.env["XDG_STATE_HOME"];
  process.env["XDG_STATE_HOME"] = folder;
  try {
    const swaps = join(folder, "nvim", "swap");
    mkdirSync(swaps, { recursive: true });
    const swap = join(swaps, `${path.replaceAll("/", "%")}.swp`);
    writeFileSync(swap, swapFile(0, process.pid));
    assert.equal(await editorHolds(path), false);
    writeFileSync(swap, swapFile(0x55, process.pid));
    const hold = await editorHolds(path);
    assert.equal(hold !== false && hold.why.includes(swap), true);
  } finally {
    if (before === undefined) delete process.env["XDG_STATE_HOME"];
    else process.env["XDG_STATE_HOME"] = before;
  }
});
