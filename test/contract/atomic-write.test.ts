import assert from "node:assert/strict";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { atomicWrite } from "../../src/effects/os/atomic-write.ts";
import { errorCode } from "../../src/effects/os/error-code.ts";
import { NASTY } from "./journal-place.ts";

const root = mkdtempSync(join(tmpdir(), "nightlab-whole-"));
after(() => rmSync(root, { recursive: true, force: true }));
const folder = join(root, NASTY);
mkdirSync(folder);
const path = join(folder, "REPORT.md");

test("a file is made, then changed, then left alone when nothing differs", async () => {
  assert.equal(await atomicWrite(path, "one\r\n"), true);
  chmodSync(path, 0o640);
  assert.equal(await atomicWrite(path, Buffer.from("two\r\n")), true);
  assert.equal(readFileSync(path, "utf8"), "two\r\n");
  assert.equal(statSync(path).mode & 0o7777, 0o640);
  const before = statSync(path);
  assert.equal(await atomicWrite(path, "two\r\n"), false);
  const now = statSync(path);
  assert.deepEqual([now.ino, now.mtimeMs], [before.ino, before.mtimeMs]);
  assert.deepEqual(readdirSync(folder), ["REPORT.md"]);
});

test("a symlink stays one", async () => {
  const link = join(root, "link.md");
  symlinkSync(path, link);
  assert.equal(await atomicWrite(link, "through"), true);
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.equal(readFileSync(path, "utf8"), "through");
});

test("many writes at once leave one of them whole and nothing else", async () => {
  const texts = Array.from({ length: 20 }, (_, i) => String(i).repeat(5_000 + i));
  await Promise.all(texts.map((text) => atomicWrite(path, text)));
  assert.ok(texts.includes(readFileSync(path, "utf8")));
  assert.deepEqual(readdirSync(folder), ["REPORT.md"]);
});

test("what cannot be written rejects with the system's code and leaves nothing behind", async () => {
  const missing = atomicWrite(join(folder, "none", "x"), "text");
  await assert.rejects(missing, (error) => errorCode(error) === "ENOENT");
  mkdirSync(join(folder, "folder"));
  await assert.rejects(atomicWrite(join(folder, "folder"), "text"));
  writeFileSync(path, "kept");
  assert.deepEqual(readdirSync(folder).toSorted(), ["REPORT.md", "folder"]);
});
