// run.json as it comes to be, with the real uv: interpreter, packages, and edits by a person.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { createAttempt } from "../../src/effects/supervise/attempts.ts";
import { codeSeen } from "../../src/effects/code/code-hash.ts";
import { interpreterOf } from "../../src/effects/environment/interpreter.ts";
import { gitOfAttempt } from "../../src/effects/code/recorded-git.ts";
import { keepResolved, withHashes } from "../../src/effects/environment/resolved-environment.ts";
import { keepRecord, startRecord } from "../../src/effects/run-store/run-record-facts.ts";
import type { RunContext } from "../../src/effects/run-store/run-context.ts";
import { readJournal } from "../../src/journal/read/read.ts";
import { runFolder } from "../../src/base/ids.ts";
import type { AttemptSpec, StartFacts } from "../../src/domain/run.ts";
import { makeBench, realUv, type Bench } from "./run-harness.ts";

let bench: Bench;
const told: string[] = [];
beforeEach(() => {
  bench = makeBench();
  told.length = 0;
  process.env["NIGHTLAB_UV"] = realUv();
});
afterEach(() => bench.remove());

const SCRIPT = `# /// script
# requires-python = ">=3.9"
# dependencies = ["iniconfig==2.0.0"]
# ///
import iniconfig
`;
const folder = runFolder("2025-02-02T14-30-00-de-risk");
const runDir = (): string => join(bench.experiment, "runs", folder);
const record = (): Record<string, unknown> =>
  JSON.parse(readFileSync(join(runDir(), "run.json"), "utf8")) as Record<string, unknown>;

const around = {
  plan: () => readJournal("").plan,
  timeZone: () => "Europe/Berlin",
  takenFolders: () => new Set<string>(),
  reportTouched: () => undefined,
  warn: (message: string) => void told.push(message),
  now: Date.now,
  version: "0.1.0",
  renewMs: () => 1_000,
} as unknown as RunContext;

async function begin(text: string, changes: Partial<AttemptSpec> = {}): Promise<AttemptSpec> {
  bench.write("train.py", text);
  mkdirSync(join(runDir(), "logs"), { recursive: true });
  const spec = bench.spec(1, changes);
  await createAttempt(spec);
  return spec;
}

async function startFacts(more: Partial<StartFacts> = {}): Promise<StartFacts> {
  return {
    codeHash: (await codeSeen(bench.experiment)).hash,
    runner: "uv",
    said: "run: de-risk",
    queuedAtMs: Date.UTC(2025, 1, 2, 13),
    long: false,
    criteria: { success: "val/loss < 1" },
    ...more,
  };
}

const START_MS = Date.UTC(2025, 1, 2, 13, 30);

test("a record names the interpreter with its version, and the packages with their hashes", async () => {
  const spec = await begin(SCRIPT, { env: { SEED: "1" } });
  execFileSync(realUv(), ["sync", "--quiet", "--script", join(bench.experiment, "train.py")]);
  const start = await startFacts({ changed: ["train.py"], queuedCodeHash: "before" });
  await startRecord(around, spec, start, folder, START_MS);
  const kept = record();
  assert.match(String(kept["interpreter"]), /^\w+ 3\.\d+\.\d+ \(\/.*\/bin\/python[\d.]*\)$/);
  const environment = kept["environment"] as Record<string, string>;
  assert.match(environment["python"] ?? "", /^3\.\d+\.\d+$/);
  assert.match(environment["resolvedHash"] ?? "", /^[0-9a-f]{64}$/);
  assert.match(environment["metadataHash"] ?? "", /^[0-9a-f]{64}$/);
  const packages = readFileSync(join(runDir(), environment["resolved"] ?? ""), "utf8");
  assert.match(packages, /^iniconfig==2\.0\.0 \\\n +--hash=sha256:/);
  assert.deepEqual(
    [kept["changedSinceQueued"], kept["queuedCodeHash"], kept["env"], kept["startedAt"]],
    [["train.py"], "before", { SEED: "1" }, "2025-02-02T14:30:00+01:00"],
  );
});

test("what is installed counts, not what would be resolved today", () => {
  const exported =
    "a-b==1.0 \\\n    --hash=sha256:aa\n    # via c\nc==2.0 \\\n    --hash=sha256:cc\nw==1 ; sys_platform == 'win32' \\\n    --hash=sha256:ww\n";
  const frozen = "A_b==1.0\nc==1.9\nd @ git+https://example.org/d@abc\n";
  assert.equal(
    withHashes(frozen, exported),
    "a-b==1.0 \\\n    --hash=sha256:aa\n    # via c\nc==1.9\nd @ git+https://example.org/d@abc",
  );
});

test("a script without packages needs no list of them", async () => {
  const spec = await begin(SCRIPT.replace('"iniconfig==2.0.0"', ""));
  assert.equal(await keepResolved(spec, runDir(), await interpreterOf(spec)), undefined);
});

test("packages that are found by a secret are not written down", async () => {
  const [secret, plain] = [`hf_${"aBcD".repeat(9)}`, "plain"];
  for (const name of [secret, plain]) {
    const packaged = join(bench.experiment, name);
    mkdirSync(packaged);
    writeFileSync(
      join(packaged, "pyproject.toml"),
      '[project]\nname = "mine"\nversion = "1"\ndependencies = []\n',
    );
  }
  for (const name of [plain, secret]) {
    const spec = await begin(
      `# /// script\n# dependencies = ["mine"]\n# [tool.uv.sources]\n# mine = { path = "${name}" }\n# ///\n`,
    );
    const kept = await keepResolved(spec, runDir(), undefined);
    assert.equal(kept?.file, name === plain ? "requirements.txt" : undefined);
  }
});

test("a run.json that somebody edited or tore meanwhile is kept beside the new one, and told", async () => {
  const spec = await begin("print(1)\n");
  const facts = await startRecord(around, spec, await startFacts(), folder, START_MS);
  assert.ok(facts !== undefined);
  const end = {
    endedAtMs: START_MS + 1_000,
    exitCode: 0,
    ending: "done",
    cause: { kind: "success" },
  } as const;
  const edited = readFileSync(join(runDir(), "run.json"), "utf8").replace("{", '{ "mine": 1,');
  writeFileSync(join(runDir(), "run.json"), edited);
  await keepRecord(around, facts, end);
  assert.equal(readFileSync(join(runDir(), "run.json.edited"), "utf8"), edited);
  assert.equal(record()["ending"], "done");
  assert.match(told.join(), /edited while its run went on/);

  writeFileSync(join(runDir(), "run.json"), '{"torn');
  await keepRecord(around, facts, end);
  assert.equal(readFileSync(join(runDir(), "run.json.edited-2"), "utf8"), '{"torn');
  await keepRecord(around, facts, end);
  await keepRecord(around, facts);
  assert.deepEqual(
    readdirSync(runDir())
      .filter((name) => name.startsWith("run.json"))
      .toSorted(),
    ["run.json", "run.json.edited", "run.json.edited-2"],
    "our own versions are no edits",
  );
});

test("the difference to the commit is that of the start, whatever is edited later", async () => {
  const git = (...args: readonly string[]): string =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@t", ...args], {
      cwd: bench.lab,
      encoding: "utf8",
    });
  const spec = await begin("a = 1\n");
  git("init", "-q");
  git("add", ".");
  git("commit", "-qm", "x");
  bench.write("train.py", "a = 2\n");
  const start = await startFacts();
  await gitOfAttempt(spec);
  bench.write("train.py", "a = 3\n");
  await startRecord(around, spec, start, folder, START_MS);
  assert.match(readFileSync(join(runDir(), "run.patch"), "utf8"), /^\+a = 2$/m);

  // A daemon that comes later and finds other code says only that there was a difference.
  const late = await begin("a = 4\n", { ...bench.spec(2), name: "late" });
  const other = runFolder("2025-02-02T14-31-00-late");
  mkdirSync(join(bench.experiment, "runs", other, "logs"), { recursive: true });
  await startRecord(around, late, start, other, START_MS);
  const dir = join(bench.experiment, "runs", other);
  const told2 = JSON.parse(readFileSync(join(dir, "run.json"), "utf8")) as { git: unknown };
  const commit = git("rev-parse", "HEAD").trim();
  assert.deepEqual(told2.git, { commit, dirty: true });
  assert.deepEqual(readdirSync(dir).toSorted(), ["logs", "run.json"]);
});
