// A pause that one daemon recorded, as another one on the same machine comes to know of it.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { apply } from "../../src/domain/apply.ts";
import { openLedger, type Ledger } from "../../src/effects/state/ledger.ts";
import { watchPause, type PauseWatch } from "../../src/effects/state/machine-pause.ts";
import type { PauseFact } from "../../src/domain/fact.ts";
import { emptyWorld } from "../../src/domain/world.ts";

let stateDir: string;
let theirs: Ledger;
let ours: Ledger;
let pauses: PauseWatch;
const told: PauseFact[] = [];
const world = emptyWorld();

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "nightlab-pause-"));
  theirs = openLedger(stateDir);
  ours = openLedger(stateDir);
  told.length = 0;
  pauses = watchPause(stateDir, ours, world, (fact) => {
    told.push(fact);
    apply(world, fact);
  });
});
afterEach(() => {
  pauses.close();
  theirs.close();
  ours.close();
  rmSync(stateDir, { recursive: true });
});

const record = (paused: boolean, atMs: number): void =>
  theirs.append([{ lab: "", fact: { kind: "queue-paused", paused, atMs } }]);

test("who looks knows at once what was recorded before, and is told of it once", () => {
  record(true, 1_000);
  assert.deepEqual(told, []);
  pauses.look();
  pauses.look();
  assert.deepEqual(
    told.map(({ paused }) => paused),
    [true],
  );
  record(false, 2_000);
  pauses.look();
  assert.equal(world.paused, false);
});

test("who does not look is told soon", async () => {
  record(true, 3_000);
  const deadline = Date.now() + 30_000;
  while (told.length === 0 && Date.now() < deadline) await wait(20);
  assert.equal(told[0]?.atMs, 3_000);
});
