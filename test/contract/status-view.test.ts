import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { ENDED } from "../../src/domain/command-state.ts";
import { openLedger } from "../../src/effects/state/ledger.ts";
import {
  keepStatusView,
  readStatusView,
  VIEW_ENDED,
  VIEW_FACTS,
} from "../../src/effects/state/status-view.ts";
import { replay } from "../../src/domain/replay.ts";
import type { Fact } from "../../src/domain/fact.ts";
import { at, known, LAB, members, ran, written } from "../golden/lab-nights.ts";

function stateOf(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "nightlab-view-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function append(dir: string, facts: readonly Fact[]): void {
  const ledger = openLedger(dir);
  ledger.append(facts.map((fact) => ({ lab: LAB, fact })));
  ledger.close();
}

const ended = (count: number, prefix: string): readonly Fact[] =>
  Array.from({ length: count }, (_, i) =>
    ran({
      id: `${prefix}${i}`,
      name: `${prefix}-${i}`,
      from: "02-02 10:00",
      to: "02-02 11:00",
      outcome: { cause: { kind: "success" } },
    }),
  ).flat();

/** What the view says must be what the whole ledger says. */
function agrees(dir: string): void {
  const ledger = openLedger(dir, { readOnly: true });
  const whole = replay(ledger.read([LAB]));
  ledger.close();
  const view = readStatusView(dir, LAB);
  const all = [...whole.commands.values()];
  const open = all.filter(({ state }) => !ENDED.has(state));
  const seen = [...view.world.commands.values()];
  assert.deepEqual(
    seen.filter(({ state }) => !ENDED.has(state)),
    open,
  );
  assert.equal(seen.length + view.earlier, all.length);
  assert.equal(view.world.paused, whole.paused);
  for (const one of seen) assert.deepEqual(one, whole.commands.get(one.id));
}

test("a view with what came after it says what the whole ledger says", (t) => {
  const dir = stateOf(t);
  assert.equal(readStatusView(dir, LAB).world.commands.size, 0);
  const many = Math.ceil(VIEW_FACTS / 5);
  append(dir, [
    ...known("warm-up"),
    ...ended(many, "aa"),
    written("wait", "w", "02-02 12:00", "queued"),
  ]);
  agrees(dir);
  assert.equal(readdirSync(join(dir, "views")).length, 1, "so many facts are not read again");
  assert.equal(readStatusView(dir, LAB).earlier, many - VIEW_ENDED);
  append(dir, [
    ...ran({ id: "rrrr", name: "r", from: "02-02 13:00" }),
    { kind: "queue-paused", atMs: at("02-02 13:00"), paused: true },
    { kind: "command-state", atMs: at("02-02 13:01"), id: "wait" as never, state: "cancelled" },
    { kind: "flag-resolved", atMs: at("02-02 13:02"), id: "aa0" as never, flag: "spike" },
    written("sw33", "s", "02-02 13:00", "running"),
    ...members("sw33", [{ id: "sw33.1", name: "s-1", from: "02-02 13:05" }], "02-02 13:04"),
  ]);
  agrees(dir);
});

test("a view of another ledger, a torn one and one of another release are passed by", (t) => {
  const dir = stateOf(t);
  append(dir, [...known("warm-up"), ...ended(3, "aa")]);
  const ledger = openLedger(dir);
  const world = replay(ledger.read([LAB]));
  keepStatusView(dir, LAB, ledger, { world, earlier: 7 });
  ledger.close();
  assert.equal(readStatusView(dir, LAB).earlier, 7);
  const [name = ""] = readdirSync(join(dir, "views"));
  rmSync(join(dir, "ledger.sqlite"));
  append(dir, [...known("other"), ...ended(4, "bb")]);
  agrees(dir);
  for (const text of ["{", "null", '{"format":0}']) {
    writeFileSync(join(dir, "views", name), text);
    agrees(dir);
  }
});
