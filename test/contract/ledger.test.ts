// The ledger and the lab's lock on a real disk.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { DatabaseSync } from "node:sqlite";
import { lockLab } from "../../src/effects/state/lab-lock.ts";
import { openLedger, type LedgerRow } from "../../src/effects/state/ledger.ts";
import { commandId, experimentPath, labPath } from "../../src/base/ids.ts";
import { replay } from "../../src/domain/replay.ts";
import type { Fact } from "../../src/domain/fact.ts";

const root = mkdtempSync(join(tmpdir(), "nightlab ledger 'x' "));
after(() => rmSync(root, { recursive: true, force: true }));

const known = (lab: string): Fact => ({
  kind: "experiment-known",
  atMs: 1,
  lab: labPath(lab),
  experiment: experimentPath(`${lab}/exp "ü"`),
  foreign: false,
});

test("facts come back in order, those of the asked labs and of the machine only", () => {
  const dir = join(root, "order");
  const ledger = openLedger(dir);
  const paused: Fact = { kind: "queue-paused", atMs: 2, paused: true };
  ledger.append([{ lab: labPath("/a"), fact: known("/a") }]);
  ledger.append([
    { lab: labPath("/b"), fact: known("/b") },
    { lab: "", fact: paused },
  ]);
  ledger.close();
  const again = openLedger(dir);
  assert.deepEqual(again.read([labPath("/a")]), [known("/a"), paused]);
  assert.deepEqual(again.read([labPath("/b"), labPath("/a")]), [known("/a"), known("/b"), paused]);
  again.close();
});

const queued = (id: string): Fact => ({
  kind: "command-state",
  atMs: 2,
  id: commandId(id),
  state: "queued",
});

test("facts are found by a part of their text or by their kind, and long ones are not searched", () => {
  const ledger = openLedger(join(root, "having"));
  const aligned: Fact = {
    kind: "journal-aligned",
    atMs: 3,
    experiment: experimentPath("/a/exp"),
    commands: [commandId("k7f3")],
  };
  const lab = labPath("/a");
  const facts = [known("/a"), queued("k7f3"), aligned, queued("k7f3.2"), queued("m2qd")];
  ledger.append(facts.map((fact) => ({ lab, fact })));
  ledger.append([{ lab: labPath("/b"), fact: queued("k7f3") }]);
  assert.deepEqual(ledger.having([lab], ['"k7f3"']), [queued("k7f3")]);
  assert.deepEqual(ledger.having([lab], ['"k7f3"', '"k7f3.'], ["experiment-known"]), [
    known("/a"),
    queued("k7f3"),
    queued("k7f3.2"),
  ]);
  assert.deepEqual(ledger.having([lab], [], ["journal-aligned"]), [aligned]);
  assert.deepEqual(ledger.having([lab], []), []);
  ledger.close();
});

const at = (lab: string, name: string): LedgerRow => ({
  lab: labPath(lab),
  fact: { ...known(lab), experiment: experimentPath(`${lab}/${name}`) } as Fact,
});
const move = (from: string, to?: string): LedgerRow => ({
  lab: "",
  fact: { kind: "lab-moved", atMs: 2, from: labPath(from), ...(to && { to: labPath(to) }) },
});

test("a moved lab brings its facts, and none of another lab that was at one of its paths", () => {
  const dir = join(root, "moved");
  const ledger = openLedger(dir);
  const [a, b] = [labPath("/a"), labPath("/b")];
  ledger.append([at("/a", "one"), at("/b", "old"), move("/b"), move("/a", "/b")]);
  ledger.append([at("/b", "two"), at("/a", "another")]);
  const names = (lab: typeof a): readonly string[] => [
    ...replay(ledger.read([lab])).experiments.keys(),
  ];
  assert.deepEqual(names(b), ["/b/one", "/b/two"]);
  assert.deepEqual(names(a), ["/a/another"]);
  // Back again: the lab that was at `/a` meanwhile is another one.
  ledger.append([move("/a"), move("/b", "/a"), at("/a", "three")]);
  assert.deepEqual(names(a), ["/a/one", "/a/two", "/a/three"]);
  assert.deepEqual(names(b), []);
  ledger.append([move("/a")]);
  assert.deepEqual(names(a), []);
  assert.ok(ledger.knows(a) && !ledger.knows(labPath("/c")));
  ledger.close();
});

const sample = (value: number, token: string) => {
  return { key: "loss", value, token, file: "logs/train.log", line: 1, offset: 0 };
};

test("values that are not finite are what the log says, also when they are read back", () => {
  const dir = join(root, "not finite");
  const nan = { key: "loss", count: 2, notFiniteCount: 2 };
  const metrics = [{ ...nan, first: sample(-Infinity, "-inf"), last: sample(NaN, "nan") }];
  const outcome = { ending: "done", cause: { kind: "success" }, metrics, findings: [], plots: [] };
  const ended = { kind: "run-ended", atMs: 1, id: commandId("k7f3"), endedAtMs: 1, outcome };
  const ledger = openLedger(dir);
  ledger.append([{ lab: labPath("/a"), fact: ended as unknown as Fact }]);
  assert.deepEqual(ledger.read([labPath("/a")]), [ended]);
  assert.deepEqual(ledger.some([labPath("/a")], 0, 5).facts, [ended]);
  ledger.close();
});

test("a turn whose facts cannot all be written leaves none of them", () => {
  const dir = join(root, "whole");
  const ledger = openLedger(dir);
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  const bad = {
    kind: "command-released",
    atMs: 1,
    id: commandId("k7f3"),
    circular,
  } as unknown as Fact;
  assert.throws(() =>
    ledger.append([
      { lab: labPath("/a"), fact: known("/a") },
      { lab: labPath("/a"), fact: bad },
    ]),
  );
  assert.deepEqual(ledger.read([labPath("/a")]), []);
  ledger.append([{ lab: labPath("/a"), fact: known("/a") }]);
  assert.deepEqual(ledger.read([labPath("/a")]), [known("/a")]);
  ledger.close();
});

test("a ledger that a daemon is just making is read as an empty one", () => {
  // The file is there before its table is.
  const dir = mkdtempSync(join(tmpdir(), "nightlab-ledger-"));
  writeFileSync(join(dir, "ledger.sqlite"), "");
  const ledger = openLedger(dir, { readOnly: true });
  try {
    assert.deepEqual(ledger.read([labPath("/lab")]), []);
    assert.deepEqual(
      [ledger.last(), ledger.lastPause(), ledger.row(1)],
      [undefined, undefined, undefined],
    );
  } finally {
    ledger.close();
    rmSync(dir, { recursive: true });
  }
});

test("a ledger of a newer release is refused with what to do", () => {
  const dir = join(root, "newer");
  openLedger(dir).close();
  const db = new DatabaseSync(join(dir, "ledger.sqlite"));
  db.exec("PRAGMA user_version = 99");
  db.close();
  assert.throws(() => openLedger(dir), /newer nightlab .*NIGHTLAB_STATE_DIR/);
});

test("a lab's lock is refused while its holder lives, and free once it was killed", async () => {
  const lab = labPath(join(root, "lab"));
  const state = join(root, "lab's state");
  const source = `
    const { lockLab } = await import(${JSON.stringify(new URL("../../src/effects/state/lab-lock.ts", import.meta.url).href)});
    // Kept, or the lock would go with the next collection of garbage.
    globalThis.lock = lockLab(process.argv[1], process.argv[2]);
    console.log("release" in globalThis.lock);
    setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ["--input-type=module", "-e", source, lab, state]);
  const [said] = (await once(holder.stdout, "data")) as [Buffer];
  assert.equal(said.toString().trim(), "true");
  assert.deepEqual(lockLab(lab, state), { heldBy: holder.pid });
  holder.kill("SIGKILL");
  await once(holder, "exit");
  const lock = lockLab(lab, state);
  assert.ok("release" in lock);
  lock.release();
});

test("a state folder that others can write to, or that is another user's, is refused", () => {
  const open = join(root, "open");
  mkdirSync(open);
  chmodSync(open, 0o777);
  assert.throws(() => openLedger(open), /others may write to it; `chmod go-w '.*open'`/);
  chmodSync(open, 0o755);
  openLedger(open).close();
  if (process.getuid?.() !== 0) return;
  const theirs = join(root, "theirs");
  mkdirSync(theirs);
  chownSync(theirs, 65_534, 65_534);
  assert.throws(() => openLedger(theirs), /belongs to the user with the id 65534/);
});
