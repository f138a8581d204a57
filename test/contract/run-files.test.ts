// Attempt folders, run folders, run.json, code and git, on a real disk with the real git.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import {
  attemptDir,
  createAttempt,
  readAttempt,
  readSpec,
} from "../../src/effects/supervise/attempts.ts";
import { codeSeen, scriptMetadata } from "../../src/effects/code/code-hash.ts";
import { gpuFacts, readGpuList } from "../../src/effects/gpu/gpu-facts.ts";
import { hostFacts } from "../../src/effects/os/process-identity.ts";
import {
  discoverRunFolder,
  findRunFolder,
  listRunFolders,
  makeRunFolder,
  moveConsole,
  runDir,
} from "../../src/effects/supervise/run-folders.ts";
import {
  buildRunRecord,
  readRunRecord,
  writeRunRecord,
} from "../../src/effects/run-store/run-record.ts";
import { environmentHashes } from "../../src/effects/run-store/run-record-facts.ts";
import type { RecordFacts } from "../../src/effects/run-store/run-record.ts";
import { Supervisor } from "../../src/effects/supervise/supervisor.ts";
import { attemptId, commandId, runFolder } from "../../src/base/ids.ts";
import { seedOf } from "../../src/base/seed-name.ts";
import { makeBench, until } from "./run-harness.ts";
import type { Bench } from "./run-harness.ts";

let bench: Bench;
beforeEach(() => {
  bench = makeBench();
});
afterEach(() => {
  bench.remove();
});

const HERE = hostFacts();
const stamp = "2025-02-02T14-30-00";
const makeRun = (name: string): string => {
  const dir = join(bench.experiment, "runs", name);
  mkdirSync(join(dir, "logs"), { recursive: true });
  return dir;
};

const ends = (code: number, endedAtMs: number): unknown => ({
  kind: "ended",
  exit: { code, endedAtMs, overLimit: false },
});

describe("an attempt's folder", () => {
  it("is made once, with a spec that reads back", async () => {
    const spec = bench.spec(1, { args: ["de-risk", "$(x)", "é\n"], env: { A: "b" } });
    assert.equal(await createAttempt(spec), "made");
    assert.equal(await createAttempt({ ...spec, name: "other" }), "there");
    assert.deepEqual(await readSpec(attemptDir(spec.lab, spec.attempt)), spec);
    assert.deepEqual(await readAttempt(attemptDir(spec.lab, spec.attempt), HERE), {
      kind: "never-started",
    });
  });

  it("cannot be one for an id that leads elsewhere", () => {
    for (const id of ["../x", "k7f3-1/..", "k7f3", "", "k7f3-1\n", "K7F3-1"]) {
      assert.throws(() => attemptDir(bench.lab, attemptId(id)), /no attempt's id/);
    }
  });

  it("tells a restarted machine, another host, a lost run and a torn exit apart", async () => {
    const spec = bench.spec(1);
    await createAttempt(spec);
    const dir = attemptDir(spec.lab, spec.attempt);
    const pid = (boot: string, host: string): void => {
      writeFileSync(join(dir, "pid"), `shim 1 1\nboot ${boot}\nhost ${host}\nchild 999999 1\n`);
    };
    const claim = (bootId: string, host: string): void =>
      writeFileSync(join(dir, "claim"), `boot ${bootId}\nhost ${host}\n`);
    writeFileSync(join(dir, "claim"), "");
    assert.deepEqual(await readAttempt(dir, HERE), { kind: "lost", why: "lost" });
    claim(HERE.bootId, HERE.host);
    assert.deepEqual(await readAttempt(dir, HERE), { kind: "lost", why: "lost" });
    claim("earlier", HERE.host);
    assert.deepEqual(await readAttempt(dir, HERE), { kind: "lost", why: "machine-restarted" });
    claim("earlier", "node7");
    assert.deepEqual(await readAttempt(dir, HERE), { kind: "unknown", why: "it runs on node7" });
    pid(HERE.bootId, HERE.host);
    assert.deepEqual(await readAttempt(dir, HERE), { kind: "lost", why: "lost" });
    pid(HERE.bootId, "renamed");
    assert.deepEqual(await readAttempt(dir, HERE), { kind: "lost", why: "lost" });
    pid("earlier", HERE.host);
    assert.deepEqual(await readAttempt(dir, HERE), { kind: "lost", why: "machine-restarted" });
    pid("earlier", "node7");
    assert.deepEqual(await readAttempt(dir, HERE), { kind: "unknown", why: "it runs on node7" });
    const blank = `${" ".repeat(31)}\n`;
    const halves = ["", "3", "3 17", "3 17\n4", "x y\n", "3\n", blank, `13${blank.slice(2)}`];
    for (const torn of halves) {
      writeFileSync(join(dir, "exit"), torn);
      assert.equal((await readAttempt(dir, HERE)).kind, "unknown");
    }
    writeFileSync(join(dir, "exit"), "3 17\n");
    assert.deepEqual(await readAttempt(dir, HERE), ends(3, 17));
    writeFileSync(join(dir, "exit"), `137\n${blank.slice(4)}`);
    utimesSync(join(dir, "exit"), 40, 50);
    assert.deepEqual(await readAttempt(dir, HERE), ends(137, 50_000));
  });

  it("with a torn or foreign spec has none", async () => {
    const spec = bench.spec(1);
    await createAttempt(spec);
    const dir = attemptDir(spec.lab, spec.attempt);
    for (const text of ["", "{", "null", "[]", '{"attempt":1}']) {
      writeFileSync(join(dir, "spec.json"), text);
      assert.equal(await readSpec(dir), undefined);
    }
  });

  it("that holds an ordinary file for its FIFO proves no life, and keeps nobody waiting", async () => {
    const spec = bench.spec(1);
    await createAttempt(spec);
    const dir = attemptDir(spec.lab, spec.attempt);
    mkdirSync(join(dir, "claim"));
    writeFileSync(join(dir, "alive"), "");
    execFileSync("mkfifo", [join(dir, "pid")]);
    assert.equal((await readAttempt(dir, HERE)).kind, "lost");
  });
});

describe("the folder of a run", () => {
  it("is listed when it has the form, and links are not followed", async () => {
    for (const name of [`${stamp}-b`, `${stamp}-a`, "notes", "2025-02-02-x"]) makeRun(name);
    symlinkSync("/tmp", join(bench.experiment, "runs", `${stamp}-link`));
    writeFileSync(join(bench.experiment, "runs", `${stamp}-file`), "");
    assert.deepEqual(await listRunFolders(bench.experiment), [`${stamp}-a`, `${stamp}-b`]);
    assert.equal(await findRunFolder(bench.experiment, `${stamp}-a`), `${stamp}-a`);
    for (const name of [`${stamp}-link`, `${stamp}-file`, "../runs", "notes", `${stamp}-a/logs`]) {
      assert.equal(await findRunFolder(bench.experiment, name), undefined);
    }
    assert.deepEqual(await listRunFolders(bench.lab), []);
  });

  it("is discovered by name among the new ones", async () => {
    const { attempt } = bench.spec(1);
    makeRun(`${stamp}-de-risk`);
    const before = new Set(await listRunFolders(bench.experiment));
    const search = async (taken?: ReadonlySet<string>): Promise<unknown> =>
      discoverRunFolder(bench.experiment, attempt, "de-risk", before, taken);
    makeRun(`2025-02-02T14-31-00-de-risk-2`);
    assert.deepEqual(await search(), { kind: "none" });
    makeRun(`2025-02-02T14-31-01-de-risk`);
    assert.deepEqual(await search(), { kind: "found", folder: "2025-02-02T14-31-01-de-risk" });
    assert.deepEqual(await search(new Set(["2025-02-02T14-31-01-de-risk"])), { kind: "none" });
  });

  it("is told from its twin by the files that the run's processes have open", async () => {
    const supervisor = new Supervisor({ graceMs: 1_000 });
    const folders = [1, 2].map((n) => `2025-02-02T14-31-0${n}-de-risk`);
    for (const folder of folders) makeRun(folder);
    const spec = bench.spec(1);
    const search = async (): Promise<unknown> =>
      discoverRunFolder(bench.experiment, spec.attempt, "de-risk", new Set());
    assert.deepEqual(await search(), { kind: "ambiguous", folders });
    const log = `runs/${folders[1]}/logs/train.log`;
    await supervisor.start(
      spec,
      ["sh", "-c", `exec 5>>${log}; touch ready; sleep 30 & wait`],
      process.env,
      60_000,
    );
    await until("its open log", () => existsSync(join(bench.experiment, "ready")));
    assert.deepEqual(await search(), { kind: "found", folder: folders[1] });
    await supervisor.stop(spec);
  });

  it("is made with its parts in the next free second, and never outside runs/", async () => {
    const at = Date.UTC(2025, 1, 2, 13, 30);
    const first = await makeRunFolder(bench.experiment, "de-risk", at, "Europe/Berlin");
    const second = await makeRunFolder(bench.experiment, "de-risk", at, "Europe/Berlin");
    assert.deepEqual([first, second], [`${stamp}-de-risk`, "2025-02-02T14-30-01-de-risk"]);
    assert.deepEqual(readdirSync(runDir(bench.experiment, first)).toSorted(), [
      "checkpoints",
      "data",
      "logs",
      "plots",
    ]);
    for (const name of ["../x", "a/b", "", ".."]) {
      await assert.rejects(
        makeRunFolder(bench.experiment, name, at, "UTC"),
        /cannot name a run folder/,
      );
    }
  });
});

describe("the console of a run", () => {
  const folder = runFolder(`${stamp}-de-risk`);

  it("moves into its folder while the script prints on", async () => {
    const supervisor = new Supervisor({ graceMs: 1_000 });
    const spec = bench.spec(1);
    const dir = attemptDir(spec.lab, spec.attempt);
    const run = makeRun(folder);
    await supervisor.start(
      spec,
      ["sh", "-c", "echo one; while [ ! -e go ]; do sleep 0.02; done; echo two"],
      process.env,
      60_000,
    );
    await until(
      "a line",
      () =>
        existsSync(join(dir, "console.log")) &&
        readFileSync(join(dir, "console.log"), "utf8") !== "",
    );
    const move = async (): Promise<unknown> =>
      moveConsole(dir, spec.attempt, bench.experiment, folder);
    assert.deepEqual(await move(), { kind: "moved", file: "logs/console.log" });
    const end = new Promise((resolve) => supervisor.onExit(spec, resolve));
    bench.write("go", "");
    await end;
    assert.equal(readFileSync(join(run, "logs/console.log"), "utf8"), "one\ntwo\n");
    assert.ok(!existsSync(join(dir, "console.log")));
    assert.deepEqual(await move(), { kind: "moved", file: "logs/console.log" });
  });

  it("waits while the script runs until the script itself has made logs/", async () => {
    const spec = bench.spec(1);
    await createAttempt(spec);
    const dir = attemptDir(spec.lab, spec.attempt);
    const run = join(bench.experiment, "runs", folder);
    mkdirSync(run, { recursive: true });
    writeFileSync(join(dir, "console.log"), "said");
    const running = { scriptRuns: true };
    const move = async (): Promise<string> =>
      (await moveConsole(dir, spec.attempt, bench.experiment, folder, running)).kind;
    assert.equal(await move(), "left");
    assert.ok(!existsSync(join(run, "logs")), "a script that makes it would die of it");
    mkdirSync(join(run, "logs"));
    assert.equal(await move(), "moved");
  });

  it("never replaces one that is there, nor goes where a link leads", async () => {
    const spec = bench.spec(1);
    await createAttempt(spec);
    const dir = attemptDir(spec.lab, spec.attempt);
    const run = makeRun(folder);
    writeFileSync(join(dir, "console.log"), "mine");
    writeFileSync(join(run, "logs/console.log"), "theirs");
    const moved = await moveConsole(dir, spec.attempt, bench.experiment, folder);
    assert.deepEqual(moved, { kind: "moved", file: "logs/console-k7f3-1.log" });
    assert.equal(readFileSync(join(run, "logs/console.log"), "utf8"), "theirs");
    writeFileSync(join(dir, "console.log"), "again");
    assert.equal((await moveConsole(dir, spec.attempt, bench.experiment, folder)).kind, "left");
    const other = runFolder(`${stamp}-other`);
    mkdirSync(join(bench.experiment, "runs", other));
    symlinkSync(bench.lab, join(bench.experiment, "runs", other, "logs"));
    assert.equal((await moveConsole(dir, spec.attempt, bench.experiment, other)).kind, "left");
    assert.equal(readFileSync(join(dir, "console.log"), "utf8"), "again");
    assert.ok(!existsSync(join(bench.lab, "console.log")));
  });
});

const recordFacts = (changes: Partial<RecordFacts> = {}): RecordFacts => ({
  spec: bench.spec(1, { args: ["de-risk", "--seed=3"] }),
  folder: runFolder(`${stamp}-de-risk`),
  argv: ["uv", "run", "train.py", "de-risk"],
  runner: "uv",
  host: "box",
  gpus: [],
  limitMs: 120_000,
  long: false,
  said: "run: de-risk",
  criteria: { success: "val/loss < 1" },
  queuedAtMs: Date.UTC(2025, 1, 2, 13, 29),
  startedAtMs: Date.UTC(2025, 1, 2, 13, 30),
  timeZone: "Europe/Berlin",
  nightlab: "0.1.0",
  ...changes,
});
const write = async (record: RecordFacts, patch?: Uint8Array): Promise<string> =>
  (await writeRunRecord(bench.experiment, buildRunRecord(record), patch)).kind;

describe("run.json", () => {
  it("is written at the start and again at the end, and reads back", async () => {
    const dir = makeRun(`${stamp}-de-risk`);
    const git = { commit: "c".repeat(40), dirty: true, patch: Buffer.from("diff") };
    assert.equal(await write(recordFacts({ git }), git.patch), "written");
    const record = buildRunRecord(recordFacts({ git }), {
      endedAtMs: Date.UTC(2025, 1, 2, 13, 30, 41, 500),
      exitCode: 0,
      ending: "done",
      cause: { kind: "success" },
    });
    await writeRunRecord(bench.experiment, record);
    assert.deepEqual(await readRunRecord(dir), { kind: "record", record });
    assert.equal(record.startedAt, "2025-02-02T14:30:00+01:00");
    assert.deepEqual([record.seconds, record.seed, record.git?.patch], [41.5, "3", "run.patch"]);
    assert.equal(readFileSync(join(dir, "run.patch"), "utf8"), "diff");
    assert.deepEqual(readdirSync(dir).toSorted(), ["logs", "run.json", "run.patch"]);
  });

  it("masks secrets, names what it masked, and reads an older one as if it had", async () => {
    const secret = `hf_${"aBcD".repeat(9)}`;
    const spec = bench.spec(1, {
      args: ["de-risk", "--hub-token", secret, "--password", "hunter2", "--lr=1", `--x=${secret}`],
      env: { A: "1", DB_PASSWORD: "tr0ub4dor" },
      privateEnv: ["WANDB_API_KEY"],
    });
    const facts = recordFacts({
      spec,
      argv: ["uv", "run", "train.py", ...spec.args],
      said: `run: de-risk --hub-token ${secret}`,
      because: `it needs ${secret}`,
    });
    const record = buildRunRecord(facts);
    assert.deepEqual(record.args, [
      "de-risk",
      "--hub-token",
      "hf_****",
      "--password",
      "****",
      "--lr=1",
      "--x=hf_****",
    ]);
    assert.deepEqual(record.argv.slice(3), record.args);
    assert.deepEqual(record.env, { A: "1", DB_PASSWORD: "****" });
    assert.deepEqual(record.privateEnv, ["WANDB_API_KEY"]);
    assert.deepEqual(record.masked, ["--hub-token", "--password", "--x", "DB_PASSWORD"]);
    assert.doesNotMatch(JSON.stringify(record), /aBcD|hunter2|tr0ub4dor/);
    const dir = makeRun(`${stamp}-de-risk`);
    assert.equal(await write(facts), "written");
    assert.deepEqual(await readRunRecord(dir), { kind: "record", record });

    const { masked: _, ...older } = { ...record, args: spec.args, env: spec.env };
    writeFileSync(join(dir, "run.json"), JSON.stringify(older));
    const read = await readRunRecord(dir);
    assert.ok(read.kind === "record");
    assert.deepEqual([read.record.args, read.record.env], [record.args, record.env]);
    assert.deepEqual(read.record.masked, record.masked);
    writeFileSync(
      join(dir, "run.json"),
      JSON.stringify({ ...older, args: [1], env: [2], masked: 3 }),
    );
    assert.equal((await readRunRecord(dir)).kind, "record");
  });

  it("of another run is never replaced, and an evaluation has a file of its own", async () => {
    const dir = makeRun(`${stamp}-de-risk`);
    await write(recordFacts());
    const other = { attempt: attemptId("zz22-1"), command: commandId("zz22") };
    const stranger = recordFacts({ spec: bench.spec(2, other) });
    assert.equal(await write(stranger), "refused");
    assert.equal(await write({ ...stranger, spec: { ...stranger.spec, verb: "eval" } }), "written");
    assert.ok(existsSync(join(dir, "eval-zz22.json")));
    assert.match(readFileSync(join(dir, "run.json"), "utf8"), /"id": "k7f3"/);
    assert.equal(await write(recordFacts({ folder: runFolder("../x") })), "refused");
  });

  it("of an earlier try is never replaced by that of a later one", async () => {
    const dir = makeRun(`${stamp}-de-risk`);
    const tries = [1, 2, 3].map((number) => recordFacts({ spec: bench.spec(number) }));
    for (const one of tries) {
      const kind = await write({ ...one, spec: { ...one.spec, verb: "eval" } });
      assert.equal(kind, "written");
    }
    assert.deepEqual(readdirSync(dir).toSorted(), [
      "eval-k7f3-2.json",
      "eval-k7f3-3.json",
      "eval-k7f3.json",
      "logs",
    ]);
    assert.match(readFileSync(join(dir, "eval-k7f3.json"), "utf8"), /"attempt": "k7f3-1"/);
    const [first, second] = tries;
    assert.equal(first && (await write(first)), "written");
    assert.equal(second && (await write(second)), "refused");
  });

  it("that a person broke gives a problem, and one that is not there none", async () => {
    const dir = makeRun(`${stamp}-de-risk`);
    assert.deepEqual(await readRunRecord(dir), { kind: "none" });
    for (const text of [
      "",
      "{",
      "null",
      "3",
      "[]",
      "{}",
      '{"version":2}',
      '{"version":1,"id":3}',
    ]) {
      writeFileSync(join(dir, "run.json"), text);
      const read = await readRunRecord(dir);
      assert.ok(read.kind === "problem");
      assert.match(read.message, /^Cannot read 2025-02-02T14-30-00-de-risk\/run\.json: /);
    }
  });

  it("knows the seed from the arguments", () => {
    assert.equal(seedOf(["a", "--seed", "3"]), "3");
    assert.equal(seedOf(["--seed=1", "--seed", "2"]), "2");
    assert.equal(seedOf(["--seed"]), undefined);
    assert.equal(seedOf(["--seeds=3", "x"]), undefined);
  });

  it("knows what the environment was made from", async () => {
    assert.equal(await environmentHashes(bench.experiment, "train.py"), undefined);
    bench.write("train.py", "# /// script\n# dependencies = []\n# ///\n");
    const first = await environmentHashes(bench.experiment, "train.py");
    bench.write("train.py", "# /// script\n# dependencies = []\n# ///\nx = 1\n");
    assert.deepEqual(await environmentHashes(bench.experiment, "train.py"), first);
    bench.write("train.py.lock", "version = 1\n");
    assert.ok((await environmentHashes(bench.experiment, "train.py"))?.lockHash);
  });
});

describe("the code's hash", () => {
  it("changes with names and bytes of the scripts, and with nothing else", async () => {
    bench.write("a.py", "1");
    bench.write("b.py", "2");
    const first = (await codeSeen(bench.experiment)).hash;
    utimesSync(join(bench.experiment, "a.py"), 1, 1);
    bench.write("JOURNAL.md", "run: x");
    makeRun(`${stamp}-x`);
    writeFileSync(join(bench.experiment, "runs/c.py"), "3");
    mkdirSync(join(bench.experiment, "folder.py"));
    assert.equal((await codeSeen(bench.experiment)).hash, first);
    bench.write("a.py", "12");
    bench.write("b.py", "");
    assert.notEqual((await codeSeen(bench.experiment)).hash, first);
  });

  it("knows a script's metadata block, whatever the line ends", () => {
    assert.equal(
      scriptMetadata("\uFEFF# /// script\r\n# a = 1\r\n# ///\r\nx"),
      "# /// script\n# a = 1\n# ///",
    );
    assert.equal(scriptMetadata("# /// script\n# a = 1\nx\n# ///\n"), undefined);
    assert.equal(scriptMetadata("x = 1\n"), undefined);
    assert.equal(
      scriptMetadata("#!/usr/bin/env -S uv run\n# /// script\n#\n# ///"),
      "# /// script\n#\n# ///",
    );
  });
});

describe("the GPUs of a machine", () => {
  it("are none where the driver's program is missing or fails", async () => {
    assert.deepEqual(await gpuFacts("/nowhere/nvidia-smi"), []);
    assert.deepEqual(await gpuFacts("false"), []);
  });

  it("are read from its list", () => {
    assert.deepEqual(readGpuList("GPU-1f, NVIDIA H100, 80GB, 550.1\nNo devices were found\n"), [
      { uuid: "GPU-1f", name: "NVIDIA H100, 80GB", driver: "550.1" },
    ]);
  });
});
