import assert from "node:assert/strict";
import { test } from "node:test";
import { replay } from "../../../src/domain/replay.ts";
import type { Effect } from "../../../src/domain/effect.ts";
import type { NewEvent } from "../../../src/effects/daemon/effect-handlers.ts";
import type { Fact } from "../../../src/domain/fact.ts";
import { commandId } from "../../../src/base/ids.ts";
import { step } from "../../../src/scheduler/step.ts";
import { at, known, LAB, ran, written } from "../../golden/lab-nights.ts";

type Compose = Extract<Effect, { kind: "compose-night" }>;

const BLOCKS = [{ key: "night", text: "## The night" }];
const opened: NewEvent = {
  kind: "lab-opened",
  lab: LAB,
  settings: { settleMs: 10_000, quietMs: 5_000, timeZone: "UTC" },
  problems: [],
};

/** A daemon on the facts of a ledger: what it asks for, and what it keeps. */
function daemon(facts: readonly Fact[]) {
  const ledger = [...facts];
  const world = replay(ledger);
  const effects: Effect[] = [];
  let wakeAtMs: number | undefined;
  const post = (when: string, event: NewEvent): void => {
    const outcome = step(world, { ...event, atMs: at(when) });
    ledger.push(...outcome.facts);
    effects.push(...outcome.effects);
    wakeAtMs = outcome.wakeAtMs;
  };
  return {
    ledger,
    post,
    wakeAtMs: () => wakeAtMs,
    start(when: string) {
      post(when, opened);
      post(when, { kind: "daemon-started" });
    },
    /** The nights that were asked for since the last call. */
    asked(): readonly Compose[] {
      return effects.splice(0).filter((one) => one.kind === "compose-night");
    },
    answer(when: string, { lab, night, asOfMs }: Compose, made = true) {
      const blocks = made ? { blocks: BLOCKS } : {};
      post(when, { kind: "night-composed", lab, night, asOfMs, ...blocks });
    },
    /** What LAB.md was made to say since the last call. */
    shown(): readonly (readonly string[])[] {
      return effects
        .splice(0)
        .flatMap((one) =>
          one.kind === "show-lab-page" ? [one.digest.map(({ text }) => text)] : [],
        );
    },
  };
}

const DONE = ran({
  id: "aaaa",
  name: "a",
  from: "02-02 23:00",
  to: "02-03 01:00",
  outcome: { cause: { kind: "success" } },
});

test("a night is told when it is over, once", () => {
  const here = daemon([...known("warm-up"), ...DONE]);
  here.start("02-03 06:00");
  // The night before is over too, and had nothing to tell.
  assert.deepEqual(here.asked(), []);
  assert.equal(here.wakeAtMs(), at("02-03 07:00"));
  here.post("02-03 07:00", { kind: "tick" });
  const [one, ...more] = here.asked();
  assert.ok(one !== undefined && more.length === 0);
  assert.deepEqual([one.night.startMs, one.asOfMs], [at("02-02 22:00"), at("02-03 07:00")]);
  here.post("02-03 07:01", { kind: "tick" });
  assert.deepEqual(here.asked(), [], "it is being made");
  here.answer("02-03 07:01", one);
  assert.deepEqual(here.shown(), [["## The night"]]);
  here.post("02-03 20:00", { kind: "tick" });
  assert.deepEqual(here.asked(), []);
  const again = daemon(here.ledger);
  again.start("02-03 21:00");
  assert.deepEqual(again.shown(), [["## The night"]], "what was told is shown after a restart");
});

test("it is told once more when its last run has ended, and then no more", () => {
  const long = ran({ id: "bbbb", name: "b", from: "02-03 02:00" });
  const here = daemon([...known("warm-up"), ...DONE, ...long]);
  here.start("02-03 06:00");
  here.post("02-03 07:00", { kind: "tick" });
  const [first] = here.asked();
  assert.ok(first !== undefined);
  here.answer("02-03 07:00", first);
  here.post("02-03 09:00", { kind: "tick" });
  assert.deepEqual(here.asked(), []);
  const ended = ran({
    id: "bbbb",
    name: "b",
    from: "02-03 02:00",
    to: "02-03 09:30",
    outcome: { cause: { kind: "success" } },
  }).slice(long.length);
  const later = daemon([...here.ledger, ...ended]);
  later.start("02-03 09:31");
  const [second, ...more] = later.asked();
  assert.ok(second !== undefined && more.length === 0);
  assert.deepEqual([second.night, second.asOfMs], [first.night, at("02-03 09:30")]);
  later.answer("02-03 09:31", second);
  later.post("02-03 10:00", { kind: "tick" });
  assert.deepEqual(later.asked(), []);
});

test("a night that could not be told is tried again later", () => {
  const here = daemon([...known("warm-up"), ...DONE]);
  here.start("02-03 08:00");
  const [one] = here.asked();
  assert.ok(one !== undefined);
  here.answer("02-03 08:00", one, false);
  assert.equal(here.wakeAtMs(), at("02-03 08:10"));
  here.post("02-03 08:05", { kind: "tick" });
  assert.deepEqual(here.asked(), []);
  here.post("02-03 08:10", { kind: "tick" });
  assert.equal(here.asked().length, 1);
});

test("a command that has been held for days is no news; one that was held yesterday is", () => {
  const held = written("cccc", "c", "02-02 12:00", "held", { reason: "your go" });
  const here = daemon([...known("warm-up"), held]);
  here.start("02-03 08:00");
  const [one] = here.asked();
  assert.ok(one !== undefined);
  here.answer("02-03 08:00", one);
  here.post("02-04 07:00", { kind: "tick" });
  assert.deepEqual(here.asked(), []);
  assert.deepEqual(here.shown(), []);
  here.post("02-04 20:00", { kind: "stop-asked", id: commandId("cccc") });
  here.post("02-05 07:00", { kind: "tick" });
  assert.deepEqual(here.asked(), [], "it is cancelled");
});
