import assert from "node:assert/strict";
import { test } from "node:test";
import { steadyClock } from "../../../../src/effects/os/clock.ts";

function settable(notBeforeMs: number) {
  const at = { wallMs: 1_000_000, monotonicMs: 0 };
  const jumps: number[] = [];
  const now = steadyClock({
    notBeforeMs,
    onJump: (byMs) => jumps.push(byMs),
    wallMs: () => at.wallMs,
    monotonicMs: () => at.monotonicMs,
  });
  const pass = (ms: number): void => {
    at.wallMs += ms;
    at.monotonicMs += ms;
  };
  return { at, now, pass, jumps };
}

test("it tells the wall's time, and its small steps ahead without a word", () => {
  const { at, now, pass, jumps } = settable(0);
  assert.equal(now(), 1_000_000);
  pass(500);
  at.wallMs += 20;
  assert.equal(now(), 1_000_520);
  assert.deepEqual(jumps, []);
});

test("where the wall goes back it goes on, at its own pace", () => {
  const { at, now, pass, jumps } = settable(0);
  at.wallMs -= 600_000;
  assert.equal(now(), 1_000_000);
  pass(250);
  assert.equal(now(), 1_000_250);
  at.wallMs += 600_000;
  assert.equal(now(), 1_000_250);
  assert.deepEqual(jumps, []);
});

test("a jump ahead is followed, and told once before the first time after it", () => {
  const { at, now, pass, jumps } = settable(0);
  at.wallMs += 3_600_000;
  assert.equal(now(), 4_600_000);
  pass(10);
  assert.equal(now(), 4_600_010);
  assert.deepEqual(jumps, [3_600_000]);
});

test("a ledger from the wall's future is gone on from", () => {
  const { now, pass, jumps } = settable(9_000_000);
  assert.equal(now(), 9_000_000);
  pass(700);
  assert.equal(now(), 9_000_700);
  assert.deepEqual(jumps, []);
});
