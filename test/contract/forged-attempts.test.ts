// Folders of attempts that this ledger did not have made: they may hold a start back, and nothing
// else. What they say of an exit or of processes is not believed.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import type { AttemptSpec } from "../../src/domain/run.ts";
import { hostFacts, identityOf } from "../../src/effects/os/process-identity.ts";
import { attemptDir, createAttempt, readAttempt } from "../../src/effects/supervise/attempts.ts";
import { forgottenAttempts } from "../../src/effects/supervise/forgotten-claims.ts";
import { Supervisor, type AttemptEnd } from "../../src/effects/supervise/supervisor.ts";
import { makeBench, until, type Bench } from "./run-harness.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";
const OTHER = "fedcba9876543210fedcba9876543210";

let bench: Bench;
let supervisor: Supervisor;
beforeEach(() => {
  bench = makeBench();
  supervisor = new Supervisor({ graceMs: 1_000, pollMs: 50 });
});
afterEach(async () => {
  await supervisor.stop(bench.spec(1, { token: TOKEN }));
  supervisor.close();
  bench.remove();
});

const dirOf = (spec: AttemptSpec): string => attemptDir(spec.lab, spec.attempt);
const endOf = async (spec: AttemptSpec): Promise<AttemptEnd> =>
  new Promise((resolve) => supervisor.onExit(spec, resolve));
const none = (): boolean => false;

/** Writes files into an attempt's folder, as a clone or a backup would bring them. */
function forge(spec: AttemptSpec, files: Readonly<Record<string, string>>): void {
  mkdirSync(dirOf(spec), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dirOf(spec), name), text);
}

test("a token is in the files of a run, and in nothing that its script is given", async () => {
  const spec = bench.spec(1, { token: TOKEN });
  const outer = { ...process.env, NIGHTLAB_TOKEN: OTHER };
  await supervisor.start(spec, ["sh", "-c", "env; exit 3"], outer, 60_000);
  const end = await endOf(spec);
  assert.ok(end.kind === "ended" && end.exit.code === 3);
  for (const name of ["claim", "pid", "exit"]) {
    assert.ok(readFileSync(join(dirOf(spec), name), "utf8").includes(TOKEN), name);
  }
  const printed = readFileSync(join(dirOf(spec), "console.log"), "utf8");
  assert.ok(printed.includes("NIGHTLAB_RUN_ID=k7f3-1"));
  assert.ok(!printed.includes(TOKEN) && !printed.includes(OTHER));
});

test("an exit without the token of the ledger makes nothing done", async () => {
  const spec = bench.spec(1, { token: TOKEN });
  for (const exit of ["0\n   \n", `0 ${OTHER}\n\n`, "0 1738506600000\n"]) {
    forge(spec, { claim: `boot b\nhost h\ntoken ${OTHER}\n`, exit, main: exit });
    const state = await readAttempt(dirOf(spec), { bootId: "b", host: "h" }, TOKEN);
    assert.deepEqual(state, { kind: "lost", why: "lost" }, exit);
    // An attempt of an earlier release has no token.
    assert.equal((await readAttempt(dirOf(spec), { bootId: "b", host: "h" })).kind, "ended", exit);
  }
  forge(spec, { exit: `0 ${TOKEN}\n\n` });
  assert.equal((await readAttempt(dirOf(spec), hostFacts(), TOKEN)).kind, "ended");
});

test("no process that a forged record names is signalled or believed to be the run", async () => {
  const spec = bench.spec(1, { token: TOKEN });
  const stranger = spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
  const pid = stranger.pid ?? 0;
  const { startTime } = await until("the stranger", () => identityOf(pid));
  const { bootId, host } = hostFacts();
  const identity = `${pid} ${startTime}`;
  for (const token of ["", `token ${OTHER}\n`]) {
    forge(spec, {
      claim: `boot ${bootId}\nhost ${host}\n${token}`,
      pid: `shim ${identity}\nboot ${bootId}\nhost ${host}\n${token}child ${identity}\n`,
    });
    assert.deepEqual(await readAttempt(dirOf(spec), hostFacts(), TOKEN), {
      kind: "lost",
      why: "lost",
    });
    await supervisor.stop(spec);
    assert.ok(identityOf(pid), "the stranger lives");
  }
  stranger.kill("SIGKILL");
});

test("a start does not use a folder that is there already and is not its own", async () => {
  const spec = bench.spec(1, { token: TOKEN });
  const { token: _, ...without } = spec;
  for (const theirs of [without, { ...spec, token: OTHER }]) {
    forge(spec, { "spec.json": JSON.stringify(theirs) });
    await assert.rejects(createAttempt(spec), /is there already, and this run did not make it/);
    const started = supervisor.start(spec, ["touch", "started"], process.env, 60_000);
    await assert.rejects(started, /this run did not make it/);
  }
  assert.ok(!existsSync(join(bench.experiment, "started")));
  forge(spec, { "spec.json": JSON.stringify(spec) });
  assert.equal(await createAttempt(spec), "there");
});

test("claims of the same command are found, by its id or by what runs, known ones left out", async () => {
  const spec = bench.spec(1, { token: TOKEN });
  const look = async (known: (attempt: string) => boolean = none) =>
    forgottenAttempts(spec, known, hostFacts());
  assert.deepEqual(await look(), { last: 0 });
  forge(bench.spec(2), { "spec.json": JSON.stringify(bench.spec(2)) });
  assert.deepEqual(await look(), { last: 2 });
  // What another command claimed under this id only takes the number.
  const changed = bench.spec(3, { args: ["de-risk", "--lr", "1"] });
  forge(changed, { "spec.json": JSON.stringify(changed), claim: "" });
  assert.deepEqual(await look(), { last: 3 });
  const { bootId } = hostFacts();
  forge(bench.spec(2), { claim: `boot ${bootId}\nhost node7\n` });
  const found = await look();
  assert.equal(found.last, 3);
  assert.deepEqual(
    { ...found.claim, atMs: 0 },
    { attempt: "k7f3-2", atMs: 0, goesOn: false, host: "node7" },
  );
  assert.deepEqual(await look((attempt) => attempt === "k7f3-2"), { last: 3 });
});

test("a claim is found though its command has another id by now, and whether it goes on", async () => {
  const run = bench.spec(1, { token: OTHER });
  await supervisor.start(run, ["sleep", "60"], process.env, 60_000);
  const again = bench.spec(1, {
    token: TOKEN,
    command: "m2qd" as AttemptSpec["command"],
    attempt: "m2qd-1" as AttemptSpec["attempt"],
  });
  const found = await forgottenAttempts(again, none, hostFacts());
  assert.deepEqual([found.last, found.claim?.attempt, found.claim?.goesOn], [0, "k7f3-1", true]);
  const other = { ...again, args: ["de-risk", "--lr", "1"] };
  assert.deepEqual(await forgottenAttempts(other, none, hostFacts()), { last: 0 });
  await supervisor.stop(run);
});

test("a folder that says nothing holds the command of its name back; what is no folder is told", async () => {
  const spec = bench.spec(1, { token: TOKEN });
  forge(spec, { claim: "", "spec.json": "{" });
  const found = await forgottenAttempts(spec, none, hostFacts());
  assert.deepEqual([found.last, found.claim?.attempt], [1, "k7f3-1"]);
  const blocked = bench.spec(1, { lab: bench.experiment });
  mkdirSync(join(bench.experiment, ".nightlab"));
  writeFileSync(join(bench.experiment, ".nightlab", "attempts"), "");
  await assert.rejects(forgottenAttempts(blocked, none, hostFacts()), /ENOTDIR/);
});
