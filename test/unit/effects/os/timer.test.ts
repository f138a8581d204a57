import assert from "node:assert/strict";
import { test } from "node:test";
import { wakeUp, type Timer } from "../../../../src/effects/os/timer.ts";

const HOUR = 3_600_000;

/** Timers that stand still while the machine sleeps, and a clock that does not. */
function machine() {
  let awakeMs = 0;
  let sleptMs = 0;
  let timers: { readonly atMs: number; readonly callback: () => void }[] = [];
  const timer: Timer = (callback, ms) => {
    const own = { atMs: awakeMs + ms, callback };
    timers.push(own);
    return () => {
      timers = timers.filter((one) => one !== own);
    };
  };
  const pass = (ms: number): void => {
    const untilMs = awakeMs + ms;
    for (;;) {
      const [next] = timers.toSorted((a, b) => a.atMs - b.atMs);
      if (next === undefined || next.atMs > untilMs) break;
      timers = timers.filter((one) => one !== next);
      awakeMs = next.atMs;
      next.callback();
    }
    awakeMs = untilMs;
  };
  const sleep = (ms: number): void => {
    sleptMs += ms;
  };
  return { timer, now: () => awakeMs + sleptMs, sleep, pending: () => timers.length, pass };
}

test("it wakes at the time asked for last, once, and never before", () => {
  const { timer, now, pass, pending } = machine();
  const woken: number[] = [];
  const alarm = wakeUp(now, timer);
  alarm.at(2 * HOUR, () => woken.push(-1));
  alarm.at(HOUR, () => woken.push(now()));
  pass(HOUR - 1);
  assert.equal(woken.length, 0);
  pass(3 * HOUR);
  assert.equal(woken.join(), String(HOUR + 1));
  alarm.at(now() + 2 ** 40, () => woken.push(now()));
  assert.equal(pending(), 1);
  alarm.at(undefined, () => undefined);
  alarm.at(now() + HOUR, () => woken.push(-2));
  alarm.cancel();
  pass(2 * HOUR);
  assert.equal(woken.length, 1);
});

test("a machine that slept over the time is woken within half a minute of its own", () => {
  const { timer, now, pass, sleep } = machine();
  const woken: number[] = [];
  wakeUp(now, timer).at(8 * HOUR, () => woken.push(now()));
  pass(HOUR);
  sleep(10 * HOUR);
  pass(30_001);
  assert.equal(woken.length, 1);
});
