// Copies of an experiment's code on a real disk: what is in them, what is linked, how they go.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { CODE_FOLDER_ENTRIES, CODELESS_ENTRIES } from "../../src/effects/code/code-folder.ts";
import { codeSeen } from "../../src/effects/code/code-hash.ts";
import {
  dropSnapshot,
  snapshotCode,
  snapshotRoot,
  sweepSnapshots,
  SNAPSHOT_UNKNOWN_MS,
} from "../../src/effects/code/snapshot-places.ts";
import { dropSnapshotEnvironments } from "../../src/effects/environment/snapshot-environment.ts";
import {
  linkWhatCame,
  takeSnapshot,
  SNAPSHOT_FILE_BYTES,
} from "../../src/effects/code/snapshots.ts";
import { makeBench, realUv, type Bench } from "./run-harness.ts";

let bench: Bench;
beforeEach(() => {
  bench = makeBench();
});
afterEach(() => bench.remove());

const ID = "k7f3";
const write = (path: string, text: string): void => {
  const file = join(bench.experiment, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
};
const take = () => takeSnapshot(bench.lab, bench.experiment, ID);
const inCopy = (path: string): string => join(snapshotCode(bench.lab, bench.experiment, ID), path);
const sync = (path: string): Buffer =>
  execFileSync(realUv(), ["sync", "--offline", "--quiet", "--script", path]);
const isLink = (path: string): boolean => lstatSync(inCopy(path)).isSymbolicLink();

test("code and settings are copied, data and runs are linked, and old bytecode stays out", async () => {
  write("train.py", "1");
  write("pkg/deep/net.py", "1");
  write("configs/base.yaml", "lr: 1");
  write("data/points.csv", "1,2");
  write("data/labels.json", "{}");
  write("results.csv", "kept");
  write("pkg/weights.bin", "w");
  write("__pycache__/train.pyc", "old");
  write(".env", "A=1");
  write("venv/pyvenv.cfg", "home = /");
  write("venv/lib/x.py", "1");
  const { code, note } = await take();
  assert.equal(note.kind, "kept");
  assert.equal(code.hash, (await codeSeen(inCopy("."))).hash);
  for (const path of ["train.py", "pkg/deep/net.py", "configs/base.yaml"]) {
    assert.ok(lstatSync(inCopy(path)).isFile(), path);
  }
  for (const path of ["data", "results.csv", "pkg/weights.bin", ".env", "runs", "venv"]) {
    assert.ok(isLink(path), path);
  }
  assert.ok(!existsSync(inCopy("__pycache__")));
  assert.equal(readFileSync(inCopy("data/points.csv"), "utf8"), "1,2");
  write("train.py", "2");
  write("configs/base.yaml", "lr: 2");
  assert.equal(readFileSync(inCopy("train.py"), "utf8"), "1");
  assert.equal(readFileSync(inCopy("configs/base.yaml"), "utf8"), "lr: 1");
});

test("a script in a copy finds its modules, runs, data and neighbours where it expects them", async () => {
  write("helper.py", "V = 1\n");
  write("data/points.txt", "points");
  writeFileSync(join(bench.lab, "shared.txt"), "shared");
  write(
    "train.py",
    `import helper, sys
from pathlib import Path
here = Path(__file__).resolve().parent
(here / "runs" / "a").mkdir(parents=True)
Path("runs/b").mkdir(parents=True)
print(helper.V, (here / "data/points.txt").read_text(), (here.parent / "shared.txt").read_text())
`,
  );
  await take();
  write("helper.py", "V = 2\n");
  const args = ["run", "--no-project", inCopy("train.py")];
  const said = execFileSync(realUv(), args, { cwd: bench.experiment, encoding: "utf8" });
  assert.equal(said, "1 points shared\n");
  assert.ok(existsSync(join(bench.experiment, "runs/a")));
  assert.ok(existsSync(join(bench.experiment, "runs/b")));
});

test("what is too large is linked, and code among it is named", async () => {
  write("train.py", "1");
  write("huge.py", "");
  truncateSync(join(bench.experiment, "huge.py"), SNAPSHOT_FILE_BYTES + 1);
  const { note } = await take();
  assert.deepEqual(note, {
    kind: "kept",
    dir: inCopy("."),
    left: ["huge.py"],
    leftCount: 1,
  });
  assert.ok(isLink("huge.py"));
});

test("a folder per class, or a folder of thousands, is data: it is neither read through nor copied", async () => {
  write("train.py", "1");
  write("src/deep/net.py", "1");
  for (let i = 0; i <= CODELESS_ENTRIES; i += 1) write(`classes/${i}/x.py`, "1");
  for (let i = 0; i <= CODE_FOLDER_ENTRIES; i += 1) write(`many/${i}.json`, "1");
  write("many/x.py", "1");
  assert.deepEqual(Object.keys((await codeSeen(bench.experiment)).files), [
    "src/deep/net.py",
    "train.py",
  ]);
  const { note } = await take();
  assert.equal(note.kind, "kept");
  assert.ok(isLink("classes") && isLink("many") && !isLink("src/deep"));
});

test("a renamed experiment's copy finds its data again", async () => {
  write("train.py", "1");
  write("data/x", "1");
  await take();
  const copy = inCopy(".");
  const renamed = `${bench.experiment} 2`;
  renameSync(bench.experiment, renamed);
  assert.ok(!existsSync(join(copy, "data/x")));
  await linkWhatCame(renamed, copy);
  assert.equal(readFileSync(join(copy, "data/x"), "utf8"), "1");
});

test("links to scripts are copied as what they lead to", async () => {
  writeFileSync(join(bench.lab, "common.py"), "1");
  write("train.py", "import common");
  symlinkSync("../common.py", join(bench.experiment, "common.py"));
  await take();
  writeFileSync(join(bench.lab, "common.py"), "2");
  assert.equal(readFileSync(inCopy("common.py"), "utf8"), "1");
});

test("data that comes while the command waits is there when it starts, new code is not", async () => {
  write("train.py", "1");
  await take();
  write("made/by-an-earlier-run.bin", "x");
  write("new.py", "1");
  await linkWhatCame(bench.experiment, inCopy("."));
  assert.equal(readFileSync(inCopy("made/by-an-earlier-run.bin"), "utf8"), "x");
  assert.ok(!existsSync(inCopy("new.py")));
});

test("taken again it is a fresh one; what a crash left half done is no hindrance", async () => {
  write("train.py", "1");
  write("old.py", "1");
  await take();
  mkdirSync(`${snapshotRoot(bench.lab, ID)}.part/tree`, { recursive: true });
  write("train.py", "2");
  execFileSync("rm", [join(bench.experiment, "old.py")]);
  await take();
  assert.equal(readFileSync(inCopy("train.py"), "utf8"), "2");
  assert.ok(!existsSync(inCopy("old.py")));
});

test("a copy goes without touching what it links to; files written into it are kept", async () => {
  write("train.py", "1");
  write("data/points.csv", "1");
  write("taken.txt", "mine");
  await take();
  writeFileSync(inCopy("made.txt"), "new");
  mkdirSync(inCopy("out"));
  writeFileSync(inCopy("out/more.txt"), "new");
  mkdirSync(inCopy("__pycache__"));
  writeFileSync(inCopy("__pycache__/train.pyc"), "x");
  assert.deepEqual(await dropSnapshot(bench.lab, bench.experiment, ID), []);
  assert.ok(!existsSync(snapshotRoot(bench.lab, ID)));
  assert.equal(readFileSync(join(bench.experiment, "made.txt"), "utf8"), "new");
  assert.equal(readFileSync(join(bench.experiment, "out/more.txt"), "utf8"), "new");
  assert.equal(readFileSync(join(bench.experiment, "data/points.csv"), "utf8"), "1");
  assert.deepEqual(await dropSnapshot(bench.lab, bench.experiment, ID), [], "twice is once");

  write("results.json", "[]");
  write("notes.json", "[]");
  await take();
  writeFileSync(inCopy("results.json"), "[1]");
  assert.deepEqual(await dropSnapshot(bench.lab, bench.experiment, ID), []);
  const results = readFileSync(join(bench.experiment, "results.json"), "utf8");
  assert.equal(results, "[1]", "as if there had been no copy");

  await take();
  writeFileSync(inCopy("notes.json"), "[1]");
  write("notes.json", "edited by a person");
  writeFileSync(inCopy("train.py"), "a script that rewrites itself");
  assert.deepEqual(await dropSnapshot(bench.lab, bench.experiment, ID), ["notes.json", "train.py"]);
  assert.equal(readFileSync(join(bench.experiment, "notes.json"), "utf8"), "edited by a person");
  assert.equal(readFileSync(join(bench.experiment, "train.py"), "utf8"), "1");
  assert.match(readFileSync(inCopy("train.py"), "utf8"), /rewrites/);
});

test("a copy that cannot be made says why", async () => {
  write("train.py", "1");
  mkdirSync(join(bench.lab, ".nightlab"));
  writeFileSync(join(bench.lab, ".nightlab/snapshots"), "a file");
  const { note } = await take();
  assert.equal(note.kind, "failed");
  assert.ok(note.kind === "failed" && note.why.length > 0);
  assert.ok(realpathSync(bench.experiment));
});

test("copies that nobody knows go after a week, and no others", async () => {
  write("train.py", "1");
  await take();
  await takeSnapshot(bench.lab, bench.experiment, "zzzz");
  const there = (): readonly string[] => readdirSync(dirname(snapshotRoot(bench.lab, ID)));
  const known = (id: string): boolean => id === ID;
  await sweepSnapshots(bench.lab, known, Date.now());
  assert.deepEqual(there(), [ID, "zzzz"]);
  await sweepSnapshots(bench.lab, known, Date.now() + SNAPSHOT_UNKNOWN_MS + 60_000);
  assert.deepEqual(there(), [ID]);
  assert.ok(existsSync(join(bench.experiment, "train.py")));
});

test("nothing is swept where the folder of copies is a link", async () => {
  const folder = join(bench.lab, ".nightlab", "snapshots");
  mkdirSync(dirname(folder), { recursive: true });
  symlinkSync(bench.experiment, folder);
  write("old/mine.txt", "Mine.\n");
  await sweepSnapshots(bench.lab, () => false, Date.now() + SNAPSHOT_UNKNOWN_MS + 60_000);
  assert.ok(existsSync(join(bench.experiment, "old", "mine.txt")));
});

test("the environment that uv made for a copied script goes with it, and no other", async () => {
  const cache = join(bench.lab, "cache");
  const before = process.env["NIGHTLAB_UV"];
  process.env["UV_CACHE_DIR"] = cache;
  process.env["NIGHTLAB_UV"] = realUv();
  try {
    write("train.py", "# /// script\n# dependencies = []\n# ///\nprint(1)\n");
    write("other.py", "# /// script\n# dependencies = []\n# ///\nprint(1)\n");
    await take();
    sync(inCopy("train.py"));
    sync(join(bench.experiment, "train.py"));
    const there = (): number => readdirSync(join(cache, "environments-v2")).length;
    assert.equal(there(), 2);
    await dropSnapshotEnvironments(bench.lab, bench.experiment, ID);
    assert.equal(there(), 1);
    execFileSync(realUv(), ["run", "--offline", join(bench.experiment, "train.py")]);
    assert.equal(there(), 1, "the experiment's own is the one that stays");
  } finally {
    delete process.env["UV_CACHE_DIR"];
    if (before === undefined) delete process.env["NIGHTLAB_UV"];
    else process.env["NIGHTLAB_UV"] = before;
  }
});
