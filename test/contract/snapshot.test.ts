// The snapshot beside a real ledger: it says what the ledger says, or it is passed by.
import assert from "node:assert/strict";
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { DatabaseSync } from "node:sqlite";
import { labPath } from "../../src/base/ids.ts";
import { replay } from "../../src/domain/replay.ts";
import type { Fact } from "../../src/domain/fact.ts";
import { openLedger } from "../../src/effects/state/ledger.ts";
import { readWorldOf, writeSnapshot, type ReadWorld } from "../../src/effects/state/snapshot.ts";
import { at, flag, gpus, known, LAB, members, metric, ran, written } from "../golden/lab-nights.ts";
import { canonical } from "../sim/canonical-world.ts";

function stateOf(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "nightlab-snapshot-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function append(dir: string, facts: readonly Fact[]): void {
  const ledger = openLedger(dir);
  ledger.append(facts.map((fact) => ({ lab: "lab" in fact || "id" in fact ? LAB : "", fact })));
  ledger.close();
}

async function keep(dir: string): Promise<void> {
  const ledger = openLedger(dir);
  await writeSnapshot(dir, [LAB], ledger, readWorldOf(dir, [LAB], ledger));
  ledger.close();
}

/** The world as it is read, which has to be that of all facts. */
function read(dir: string): ReadWorld {
  const ledger = openLedger(dir);
  const found = readWorldOf(dir, [LAB], ledger);
  assert.equal(canonical(found.world), canonical(replay(ledger.read([LAB]))));
  ledger.close();
  return found;
}

const plotted = (id: string): Fact => ({
  kind: "run-plotted",
  atMs: at("02-02 11:01"),
  id: id as never,
  plots: [],
});

const HISTORY: readonly Fact[] = [
  ...known("warm-up", "other"),
  ...ran({
    id: "aaaa",
    name: "a",
    from: "02-02 10:00",
    to: "02-02 11:00",
    place: gpus(0, 1),
    folder: "2025-02-02T10-00-00-a",
    outcome: {
      cause: { kind: "success" },
      metrics: [{ ...metric("loss", "nan"), notFiniteCount: 1 }],
      findings: [flag("spike", "ü, 1 time", at("02-02 10:30"))],
    },
  }),
  plotted("aaaa"),
  ...ran({ id: "bbbb", name: "b", from: "02-02 12:00" }),
  written("sw33", "s", "02-02 13:00", "running"),
  ...members("sw33", [{ id: "sw33.1", name: "s-1", from: "02-02 13:05" }], "02-02 13:04"),
];
const LATER: readonly Fact[] = [
  { kind: "queue-paused", atMs: at("02-02 14:00"), paused: true },
  { kind: "flag-resolved", atMs: at("02-02 14:02"), id: "aaaa" as never, flag: "spike" },
];

/** The snapshot's path, which is alone in its folder. */
function pathOf(dir: string): string {
  const names = readdirSync(join(dir, "snapshots"));
  assert.equal(names.length, 1);
  return join(dir, "snapshots", names[0] ?? "");
}

test("a snapshot and what followed it are what all facts are", async (t) => {
  const dir = stateOf(t);
  append(dir, HISTORY);
  assert.equal(read(dir).facts, HISTORY.length);
  await keep(dir);
  assert.equal(read(dir).facts, 0);
  append(dir, LATER);
  assert.equal(read(dir).facts, LATER.length);
  await keep(dir);
  assert.equal(read(dir).facts, 0);
});

test("wherever its writing ends, and whatever byte is lost, all facts are read", async (t) => {
  const dir = stateOf(t);
  append(dir, HISTORY);
  await keep(dir);
  const path = pathOf(dir);
  const whole = readFileSync(path);
  const all = HISTORY.length;
  for (let size = 0; size < whole.length; size += 97) {
    truncateSync(path, size);
    assert.equal(read(dir).facts, all, `${size} bytes`);
    writeFileSync(path, whole);
    const torn = Buffer.from(whole);
    torn[size] = (torn[size] ?? 0) ^ 1;
    writeFileSync(path, torn);
    assert.equal(read(dir).facts, all, `byte ${size}`);
    writeFileSync(path, whole);
  }
  // It ended before its name was given to it: the one before stands.
  writeFileSync(`${path}.new`, whole.subarray(0, 100));
  assert.equal(read(dir).facts, 0);
  await keep(dir);
  assert.deepEqual(readdirSync(join(dir, "snapshots")).length, 1);
});

test("one of another ledger, of rows that are gone, or of other labs is passed by", async (t) => {
  const dir = stateOf(t);
  append(dir, HISTORY);
  await keep(dir);
  const path = pathOf(dir);
  copyFileSync(join(dir, "ledger.sqlite"), join(dir, "kept"));
  const db = new DatabaseSync(join(dir, "ledger.sqlite"));
  db.exec("DELETE FROM facts WHERE seq = 4");
  db.close();
  assert.equal(read(dir).facts, HISTORY.length - 1, "a ledger that was mended");
  rmSync(join(dir, "ledger.sqlite"));
  append(dir, [...known("another"), ...HISTORY]);
  assert.equal(read(dir).facts, HISTORY.length + 1, "another one");
  rmSync(join(dir, "ledger.sqlite"));
  append(dir, HISTORY.slice(0, 5));
  assert.equal(read(dir).facts, 5, "an older copy");
  renameSync(join(dir, "kept"), join(dir, "ledger.sqlite"));
  assert.equal(read(dir).facts, 0);
  writeFileSync(path, readFileSync(path, "utf8").replace(/"code":"./, '"code":"z'));
  assert.equal(read(dir).facts, HISTORY.length, "of another release");
});

test("a lab that moved is read as a whole", async (t) => {
  const dir = stateOf(t);
  append(dir, HISTORY);
  await keep(dir);
  const ledger = openLedger(dir);
  const from = labPath("/labs/away");
  ledger.append([{ lab: "", fact: { kind: "lab-moved", atMs: at("02-03 10:00"), from, to: LAB } }]);
  ledger.close();
  assert.ok(read(dir).facts > 0);
});
