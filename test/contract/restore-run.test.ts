// Earlier runs put together again from their record, with the real git: the same code, or a word
// on what is missing, and nothing of the person's touched.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { codeSeen } from "../../src/effects/code/code-hash.ts";
import { gitFacts } from "../../src/effects/git/git-facts.ts";
import { repeatName } from "../../src/effects/daemon/repeat-handlers.ts";
import { restoreRun, type RunRestored } from "../../src/effects/repeat/restore-run.ts";
import {
  buildRunRecord,
  writeRunRecord,
  type RecordFacts,
} from "../../src/effects/run-store/run-record.ts";
import { snapshotCode, snapshotRoot } from "../../src/effects/code/snapshot-places.ts";
import { commandId, runFolder } from "../../src/base/ids.ts";
import { makeBench, realUv, type Bench } from "./run-harness.ts";

let bench: Bench;
beforeEach(() => {
  bench = makeBench();
  process.env["NIGHTLAB_UV"] = realUv();
});
afterEach(() => bench.remove());

const FOLDER = runFolder("2025-02-02T14-30-00-full");
const ID = commandId("rrrr");
const runPath = (): string => join(bench.experiment, "runs", FOLDER);
const git = (...args: readonly string[]): string =>
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@t", ...args], {
    cwd: bench.lab,
    encoding: "utf8",
  });
const commit = (): void => {
  git("add", "-A");
  git("commit", "-qm", "x");
};
const inCopy = (path: string): string => join(snapshotCode(bench.lab, bench.experiment, ID), path);

/** A run of the code as it is now. */
async function run(more: Partial<RecordFacts> = {}): Promise<void> {
  mkdirSync(join(runPath(), "logs"), { recursive: true });
  const facts = await gitFacts(bench.lab, bench.experiment);
  const record = buildRunRecord({
    spec: bench.spec(1, {
      name: "full",
      args: ["full", "--lr", "1e-4"],
      env: { A: "b" },
      memory: 2 ** 30,
    }),
    folder: FOLDER,
    argv: [],
    runner: "uv",
    codeHash: (await codeSeen(bench.experiment)).hash,
    ...(facts === undefined ? {} : { git: facts }),
    host: hostname(),
    gpus: [],
    limitMs: 3_600_000,
    long: true,
    said: "run: full --lr 1e-4",
    criteria: {},
    queuedAtMs: 0,
    startedAtMs: 0,
    timeZone: "UTC",
    nightlab: "0.1.0",
    ...more,
  });
  await writeRunRecord(bench.experiment, record, facts?.patch);
}

const restore = (folder: string = FOLDER): Promise<RunRestored> => {
  const { lab, experiment } = bench;
  return restoreRun({ lab, experiment, folder, id: ID, nameFor: (name) => `${name}-repeat` });
};

async function why(): Promise<string> {
  const restored = await restore();
  assert.equal(restored.kind, "refused");
  const root = snapshotRoot(bench.lab, ID);
  assert.ok(!existsSync(root) && !existsSync(`${root}.part`), "no half of a copy is left");
  return restored.kind === "refused" ? restored.why : "";
}

test("committed code, changed code, new and binary files are as they were; the rest is linked", async () => {
  git("init", "-q");
  writeFileSync(join(bench.lab, ".gitignore"), "data/\n.nightlab/\n");
  bench.write("train.py", "1\n");
  bench.write("gone.py", "1\n");
  bench.write("settings.bin", "\0\u0001");
  mkdirSync(join(bench.experiment, "data"));
  bench.write("data/x", "data");
  commit();
  bench.write("train.py", "2\n");
  bench.write("new é.py", "1\n");
  bench.write("settings.bin", "\0\u0002");
  rmSync(join(bench.experiment, "gone.py"));
  await run();
  commit();
  bench.write("train.py", "3\n");
  bench.write("later.py", "1\n");
  const before = git("status", "--porcelain");
  const index = readFileSync(join(bench.lab, ".git/index"));

  const restored = await restore();
  assert.ok(restored.kind === "restored", JSON.stringify(restored));
  assert.equal(readFileSync(inCopy("train.py"), "utf8"), "2\n");
  assert.equal(readFileSync(inCopy("new é.py"), "utf8"), "1\n");
  assert.equal(readFileSync(inCopy("settings.bin"), "utf8"), "\0\u0002");
  assert.ok(!existsSync(inCopy("gone.py")) && !existsSync(inCopy("later.py")));
  assert.equal(readFileSync(inCopy("data/x"), "utf8"), "data");
  assert.deepEqual(readdirSync(inCopy("runs")), [FOLDER]);
  assert.match(restored.from, /^commit [0-9a-f]{7} and its uncommitted changes$/);
  assert.deepEqual(restored.spec, {
    verb: "run",
    target: "full-repeat",
    args: ["--lr", "1e-4"],
    go: true,
    timeoutMs: 3_600_000,
    script: "train.py",
    runner: "uv",
    env: { A: "b" },
    gpus: 0,
    memory: 2 ** 30,
  });
  assert.deepEqual([restored.repeats.id, restored.repeats.folder], ["k7f3", FOLDER]);
  assert.equal(git("status", "--porcelain"), before);
  assert.deepEqual(readFileSync(join(bench.lab, ".git/index")), index);
});

test("a repository of the experiment's own is not asked: it came with the experiment", async () => {
  bench.write("train.py", "1\n");
  execFileSync("git", ["init", "-q"], { cwd: bench.experiment });
  const own = (...args: readonly string[]): void => {
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@t", ...args], {
      cwd: bench.experiment,
    });
  };
  own("add", "-A");
  own("commit", "-qm", "x");
  await run();
  assert.equal((await restore()).kind, "restored");
  bench.write("train.py", "2\n");
  assert.match(await why(), /in no git repository, and the scripts have changed since/);
});

test("committed runs are no code, and files that git keeps through a filter are as now", async () => {
  git("init", "-q");
  git("config", "filter.big.clean", "cat");
  writeFileSync(join(bench.lab, ".gitattributes"), "*.npy filter=big\n");
  bench.write("train.py", "1\n");
  bench.write("x.npy", "then");
  mkdirSync(join(runPath(), "logs"), { recursive: true });
  bench.write(`runs/${FOLDER}/logs/x.py`, "a log");
  commit();
  await run();
  bench.write("train.py", "2\n");
  bench.write("x.npy", "now");
  const restored = await restore();
  assert.ok(restored.kind === "restored", JSON.stringify(restored));
  assert.equal(readFileSync(inCopy("train.py"), "utf8"), "1\n");
  assert.equal(readFileSync(inCopy("x.npy"), "utf8"), "now");
  assert.match(restored.from, /^commit [0-9a-f]{7}$/);
  assert.ok(restored.repeats.differs.includes("as they are now: x.npy"));
});

test("without git the scripts must be the same", async () => {
  bench.write("train.py", "1\n");
  await run();
  assert.equal((await restore()).kind, "restored");
  rmSync(snapshotRoot(bench.lab, ID), { recursive: true });
  bench.write("train.py", "2\n");
  assert.match(await why(), /in no git repository, and the scripts have changed since/);
});

test("a commit that is gone, a patch that is gone or edited, and ignored scripts are told", async () => {
  git("init", "-q");
  bench.write("train.py", "1\n");
  commit();
  bench.write("train.py", "2\n");
  await run();
  const patch = join(runPath(), "run.patch");
  const text = readFileSync(patch, "utf8");
  bench.write("train.py", "3\n");
  rmSync(patch);
  assert.match(await why(), /run\.patch is not beside its run\.json any more/);
  writeFileSync(patch, text.replace("\n-1\n", "\n-other\n"));
  assert.match(await why(), /run\.patch does not apply: .*train\.py/);
  writeFileSync(patch, text.replace("\n+2\n", "\n+4\n"));
  assert.match(await why(), /gives other scripts than those that ran/);
  writeFileSync(patch, text);
  assert.equal((await restore()).kind, "restored");
  rmSync(snapshotRoot(bench.lab, ID), { recursive: true });

  const json = join(runPath(), "run.json");
  const record = readFileSync(json, "utf8");
  writeFileSync(json, record.replace(/"commit": "\w+"/, `"commit": "${"a".repeat(40)}"`));
  assert.match(await why(), /commit aaaaaaa is not in this repository; `git fetch`/);
  writeFileSync(json, record.replace(/"commit": "\w+"/, '"commit": "--upload-pack=touch x"'));
  assert.match(await why(), /is not in this repository/);
  bench.write("train.py", "2\n");
  assert.equal((await restore()).kind, "restored", "the same scripts are there all the same");
});

test("a record that somebody edited or tore is told, and leads nowhere else", async () => {
  bench.write("train.py", "1\n");
  await run();
  const json = join(runPath(), "run.json");
  const record = JSON.parse(readFileSync(json, "utf8")) as Record<string, unknown>;
  const edited = async (change: object): Promise<string> => {
    writeFileSync(json, JSON.stringify({ ...record, ...change }));
    return why();
  };
  assert.match(await edited({ script: "../../evil.py" }), /not inside the experiment/);
  assert.match(await edited({ args: "x" }), /"args" is no list/);
  assert.match(await edited({ env: { A: 1 } }), /"env" holds something else than texts/);
  assert.match(await edited({ limitMs: -1 }), /"limitMs" is no time/);
  assert.match(await edited({ verb: "eval" }), /only runs are repeated/);
  assert.match(await edited({ place: { gpus: 0.5 } }), /"place"/);
  assert.match(await edited({ memory: -1 }), /"memory"/);
  writeFileSync(json, '{"version": 1,');
  assert.match(await why(), /Cannot read .*run\.json: /);
  rmSync(json);
  assert.match(await why(), /has no run\.json/);
  const missing = await restore("../../etc");
  assert.ok(missing.kind === "refused" && /is no run's folder/.test(missing.why));
});

test("a patch that would write outside of the copy is refused", async () => {
  git("init", "-q");
  bench.write("train.py", "1\n");
  commit();
  bench.write("train.py", "2\n");
  await run();
  bench.write("train.py", "3\n");
  const evil = join(bench.lab, "evil");
  symlinkSync(bench.lab, join(bench.experiment, "out"));
  const prefix = `a/${basename(bench.experiment)}`;
  for (const path of [`${prefix}/../../evil`, `${prefix}/out/evil`]) {
    const name = JSON.stringify(path).replace("é", "\\303\\251").replace("λ", "\\316\\273");
    const to = name.replace('"a/', '"b/');
    writeFileSync(
      join(runPath(), "run.patch"),
      `diff --git ${name} ${to}\nnew file mode 100644\n--- /dev/null\n+++ ${to}\n@@ -0,0 +1 @@\n+x\n`,
    );
    assert.equal((await restore()).kind, "refused");
    assert.ok(!existsSync(evil));
  }
});

test("another machine, other GPUs and another lock are told", async () => {
  bench.write("train.py", "# /// script\n# dependencies = []\n# ///\n");
  await run({
    host: "gpu-box",
    gpus: [{ uuid: "GPU-1", name: "NVIDIA A100", driver: "550.1" }],
    environment: { metadataHash: "a", lockHash: "b" },
  });
  const restored = await restore();
  assert.ok(restored.kind === "restored");
  const { differs } = restored.repeats;
  assert.ok(differs.includes(`on gpu-box then, on ${hostname()} now`), differs.join("; "));
  assert.ok(differs.some((one) => one.startsWith("on NVIDIA A100 then; this machine has ")));
  assert.ok(differs.includes("train.py.lock is another than then"));
  assert.equal(restored.spec.gpus, undefined);
});

test("packages and Python are those of the run; what is missing of them is told", async () => {
  bench.write("train.py", "# /// script\n# dependencies = ['iniconfig']\n# ///\n");
  const environment = { metadataHash: "a", resolved: "requirements.txt", python: "3.1.4" };
  await run({ environment });
  writeFileSync(join(runPath(), "requirements.txt"), "iniconfig==2.0.0\n");
  const restored = await restore();
  assert.ok(restored.kind === "restored");
  assert.deepEqual(restored.repeats.pinned, {
    requirements: join(snapshotRoot(bench.lab, ID), "requirements.txt"),
    python: "3.1",
  });
  assert.deepEqual(restored.repeats.differs, ["Python 3.1.4 is not here: another 3.1 is used"]);
  renameSync(join(runPath(), "requirements.txt"), join(runPath(), "away"));
  const without = await restore();
  assert.ok(without.kind === "restored");
  assert.ok(without.repeats.differs.some((one) => one.includes("requirements.txt is gone")));
});

test("a repeated run has a name of its own", () => {
  assert.equal(repeatName("full", new Set(["full"])), "full-repeat");
  assert.equal(repeatName("full", new Set(["full-repeat", "full-repeat-2"])), "full-repeat-3");
  assert.equal(repeatName("full-repeat-2", new Set(["full-repeat"])), "full-repeat-2");
  assert.ok(repeatName("x".repeat(100), new Set()).length <= 100);
});

test("a script with a secret is not in the patch: it is restored only while it is unchanged", async () => {
  git("init", "-q");
  bench.write("train.py", "1\n");
  commit();
  bench.write("train.py", `login("hf_${"aBcD".repeat(9)}")\n`);
  bench.write(".env", "A=1\n");
  await run();
  const here = await restore();
  assert.ok(here.kind === "restored");
  assert.match(here.repeats.differs.join(), /train\.py was not kept, since it looks like a secret/);
  bench.write("train.py", "2\n");
  assert.match(
    await why(),
    /what was not committed of train\.py was not kept, since it looks like a secret/,
  );
});

test("another file with a secret is as it is now, and the repeat says so", async () => {
  git("init", "-q");
  bench.write("train.py", "1\n");
  commit();
  bench.write("train.py", "2\n");
  bench.write(".env", "A=1\n");
  await run();
  bench.write("train.py", "3\n");
  const restored = await restore();
  assert.ok(restored.kind === "restored", JSON.stringify(restored));
  assert.match(restored.repeats.differs.join(), /as now, for it looks like a secret .*: \.env/);
  assert.equal(readFileSync(inCopy(".env"), "utf8"), "A=1\n");
});

test("what run.json masks cannot be repeated; what it names is taken from the private file", async () => {
  bench.write("train.py", "1\n");
  const spec = bench.spec(1, { name: "full", args: ["full", "--api-key", "a1B2c3D4e5F6g7H8i9"] });
  await run({ spec });
  assert.match(
    await why(),
    /^run\.json has only a mask for --api-key, .*\/nightlab\/env, .* `env=\[NAME\]`$/,
  );
  rmSync(runPath(), { recursive: true });
  await run({ spec: bench.spec(1, { name: "full", args: ["full"], privateEnv: ["A_KEY"] }) });
  const restored = await restore();
  assert.ok(restored.kind === "restored", JSON.stringify(restored));
  assert.deepEqual(restored.spec.privateEnv, ["A_KEY"]);
});
