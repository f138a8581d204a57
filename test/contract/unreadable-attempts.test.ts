// An attempt whose folder cannot be read: neither a start nor an end follows from that. It is told,
// and goes on as soon as it can be read.
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { readNotes, takeNotes } from "../../src/effects/supervise/attempt-notes.ts";
import { attemptDir, createAttempt, readAttempt } from "../../src/effects/supervise/attempts.ts";
import { forgottenAttempts } from "../../src/effects/supervise/forgotten-claims.ts";
import { hostFacts } from "../../src/effects/os/process-identity.ts";
import { Supervisor, type AttemptEnd } from "../../src/effects/supervise/supervisor.ts";
import { whileUnreadable } from "../unreadable.ts";
import { makeBench, until, type Bench } from "./run-harness.ts";

const HERE = hostFacts();
const LATER = { ...HERE, bootId: "a later boot" };
let bench: Bench;
let supervisor: Supervisor;
let told: (string | undefined)[];
beforeEach(() => {
  bench = makeBench();
  // Others may go through it: a mode of 000 below is what refuses.
  chmodSync(dirname(bench.lab), 0o755);
  told = [];
  supervisor = new Supervisor({
    graceMs: 1_000,
    pollMs: 20,
    onUnreadable: (_, why) => told.push(why),
  });
});
afterEach(async () => {
  await supervisor.stop(bench.spec(1));
  supervisor.close();
  bench.remove();
});

/** What the lab's disk has of attempts that no ledger knows. */
const look = (): ReturnType<typeof forgottenAttempts> =>
  forgottenAttempts(bench.spec(2), () => false, HERE);

async function made(files: Readonly<Record<string, string>>): Promise<string> {
  const spec = bench.spec(1);
  await createAttempt(spec);
  const dir = attemptDir(spec.lab, spec.attempt);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return dir;
}

const CLAIM = `boot ${HERE.bootId}\nhost ${HERE.host}\ntoken \n`;
const NOTES = JSON.stringify({ ...HERE, foldersBefore: [], logSizes: {}, oomKills: 0 });

describe("an attempt", () => {
  it("with a claim has not started and is not lost while any of its files cannot be read", async () => {
    const files = { claim: CLAIM, pid: "", exit: "0\n\n", "notes.json": NOTES };
    const dir = await made(files);
    const before = await readAttempt(dir, HERE);
    assert.equal(before.kind, "ended");
    for (const name of [".", "exit"]) {
      const state = await whileUnreadable(join(dir, name), () => readAttempt(dir, HERE));
      assert.equal(state.kind, "unreadable", name);
      assert.match(state.kind === "unreadable" ? state.why : "", /EACCES[^]*k7f3-1/);
    }
    assert.deepEqual(await readAttempt(dir, HERE), before);
  });

  it("is neither lost nor restarted while what its shim recorded cannot be read", async () => {
    const dir = await made({ claim: CLAIM, pid: "" });
    for (const name of ["pid", "claim"]) {
      const state = await whileUnreadable(join(dir, name), () => readAttempt(dir, LATER));
      assert.equal(state.kind, "unreadable", name);
    }
    assert.equal((await readAttempt(dir, LATER)).kind, "lost");
  });

  it("whose notes cannot be read, or are not what was written, may have been claimed before", async () => {
    const dir = await made({ "notes.json": NOTES });
    const notes = join(dir, "notes.json");
    assert.equal((await readAttempt(dir, LATER)).kind, "lost");
    const state = await whileUnreadable(notes, () => readAttempt(dir, LATER));
    assert.equal(state.kind, "unreadable");
    for (const text of [NOTES.slice(0, 40), "{}x", '{"bootId":7}', "[]", "null", ""]) {
      writeFileSync(notes, text);
      const torn = await readAttempt(dir, LATER);
      assert.equal(torn.kind, "unreadable", text);
      await assert.rejects(takeNotes(bench.spec(1)), /notes\.json is not what was written/);
    }
    writeFileSync(notes, NOTES);
    await whileUnreadable(notes, () => assert.rejects(takeNotes(bench.spec(1)), /EACCES/));
    assert.equal((await readNotes(bench.spec(1)))?.bootId, HERE.bootId, "they are as they were");
  });

  it("starts once, when its folder can be read", async () => {
    bench.write("train.py", "");
    const dir = await made({});
    const marks = join(bench.lab, "started");
    const argv = ["sh", "-c", `echo x >>"$0"`, marks];
    mkdirSync(join(bench.lab, "x"));
    const ends: AttemptEnd[] = [];
    // Not as another user: what is asked is who tells, and that it goes on.
    const unread = supervisor.stateOf(bench.spec(1));
    assert.equal((await unread).kind, "never-started");
    let waiting: Promise<unknown> = Promise.resolve();
    await whileUnreadable(dir, async () => {
      waiting = supervisor.stateOf(bench.spec(1)).then((state) => told.push(state.kind));
      await until("it is told", () => told.length === 1);
      supervisor.onExit(bench.spec(1), (end) => ends.push(end));
      assert.match(told[0] ?? "", /EACCES/);
    });
    await waiting;
    assert.deepEqual(told.slice(1), [undefined, "never-started"]);
    assert.ok(!existsSync(marks));
    await supervisor.start(bench.spec(1), argv, process.env, 60_000);
    assert.equal((await until("its end", () => ends[0])).kind, "ended");
    assert.equal(ends.length, 1);
  });

  it("that the ledger does not know holds its command back while it cannot be looked at", async () => {
    const dir = await made({ claim: CLAIM });
    for (const path of [dirname(dir), dir, join(dir, "spec.json")]) {
      await whileUnreadable(path, () => assert.rejects(look(), /EACCES/, path));
    }
    assert.equal((await look()).claim?.attempt, "k7f3-1");
  });
});
