// A claim on the lab's disk of which the ledger knows nothing: only a person's word, given after they
// were told, starts the command.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../properties.ts";
import { startNight, type Night } from "./night.ts";

const HEAD = "# A night\n\n## 2025-02-02\n\n";
const MINUTE = 60_000;
const base = { text: HEAD, durationMs: () => MINUTE, exitCode: () => 0, delayMs: () => 5 };

test("a go from before the hold starts nothing, one after it starts an attempt of its own", () => {
  const night = startNight({ ...base, forgotten: new Set(["big"]) });
  night.save(`${HEAD}run: big !\n\nrun: small\n`);
  night.pass(10 * MINUTE);
  assert.deepEqual(
    night.starts.map(({ name }) => name),
    ["small"],
  );
  assert.match(
    night.text(),
    /\*\*held\*\* `(\w+)` · a run of it was claimed .* \(\1-1\), of which/,
  );
  night.save(night.text().replace("- [ ] start", "- [x] start"));
  night.pass(10 * MINUTE);
  assert.deepEqual(
    night.starts.map(({ name }) => name),
    ["small", "big"],
  );
  const [big] = night.world().commands.values();
  assert.equal(big?.run?.attempt, `${big?.id}-2`);
  assert.equal(big?.state, "done");
});

test("a retry counts on from the number that was free", () => {
  const codes = [1, 0];
  const night = startNight({
    ...base,
    forgotten: new Set(["big"]),
    exitCode: () => codes.shift() ?? 0,
    cause: () => ({ kind: "gpu-out-of-memory" }),
  });
  night.save(`${HEAD}run: big retry=2\n`);
  night.pass(10 * MINUTE);
  night.save(night.text().replace("- [ ] start", "- [x] start"));
  night.pass(30 * MINUTE);
  const [big] = night.world().commands.values();
  const attempts = [...(big?.earlierRuns ?? []), big?.run].map((run) => run?.attempt);
  assert.deepEqual(attempts, [`${big?.id}-2`, `${big?.id}-3`]);
});

test("a sweep is held for its first run, and each other run for itself", () => {
  const night = startNight({ ...base, forgotten: new Set(["big-seed-0", "big-seed-1"]) });
  night.save(`${HEAD}run: big seeds=3\n`);
  night.pass(10 * MINUTE);
  assert.deepEqual(night.starts, []);
  assert.match(night.text(), /\*\*held\*\*/);
  night.save(night.text().replace("- [ ] start", "- [x] start"));
  night.pass(20 * MINUTE);
  assert.deepEqual(
    night.starts.map(({ name }) => name),
    ["big-seed-0", "big-seed-2"],
  );
  night.save(night.text().replace("- [ ] start", "- [x] start"));
  night.pass(20 * MINUTE);
  assert.deepEqual(
    night.starts.map(({ name }) => name),
    ["big-seed-0", "big-seed-2", "big-seed-1"],
  );
  const ended = [...night.world().commands.values()].map(({ state }) => state);
  assert.deepEqual(new Set(ended), new Set(["done"]));
});

/** What happens to a lab whose ledger is put back now and then. */
type Step =
  | { readonly kind: "line"; readonly option: string }
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "put back"; readonly facts: number; readonly downMs: number }
  | { readonly kind: "crash"; readonly effects: number };

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("line" as const),
    option: fc.constantFrom("", " !", " seeds=2", " retry=2", " priority=3"),
  }),
  fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 100, max: 3 * MINUTE }) }),
  fc.record({
    kind: fc.constant("put back" as const),
    facts: fc.integer({ min: 1, max: 30 }),
    downMs: fc.constantFrom(100, 5_000, 5 * MINUTE),
  }),
  fc.record({ kind: fc.constant("crash" as const), effects: fc.integer({ min: 0, max: 20 }) }),
);

/** `NIGHTLAB_RUNS` lives: 400 in the long form. */
const RUNS = Number(process.env["NIGHTLAB_RUNS"] ?? 50);
let putBack = 0;

function play(night: Night, step: Step, number: number): void {
  switch (step.kind) {
    case "line":
      night.save(`${night.text().trimEnd()}\n\nrun: r${number}${step.option}\n`);
      return;
    case "pass":
      night.pass(step.ms);
      return;
    case "crash":
      night.crashAtEffect(step.effects, 1_000);
      return;
    case "put back": {
      const known = night.facts().length;
      // A ledger from before the lab was first opened knows of no experiment that it made.
      if (known <= FIRST_FACTS) return;
      putBack += 1;
      night.putBackLedger(Math.max(FIRST_FACTS, known - step.facts), step.downMs);
    }
  }
}

/** The facts of a lab that has just been opened. */
const FIRST_FACTS = 3;

test("whatever a ledger forgets, and when: nothing runs twice", () => {
  let started = 0;
  fc.assert(
    fc.property(fc.array(steps, { minLength: 4, maxLength: 25 }), fc.nat(), (all, salt) => {
      const night = startNight({
        ...base,
        durationMs: (name) => 1_000 + ((salt + name.length * 7_919) % (3 * MINUTE)),
      });
      night.pass(1_000);
      all.forEach((step, number) => play(night, step, number));
      night.pass(10 * MINUTE);
      const names = night.starts.map(({ name }) => name);
      started += names.length;
      assert.deepEqual(names, [...new Set(names)], night.text());
    }),
    { numRuns: RUNS },
  );
  assert.ok(started > RUNS && putBack > RUNS / 2, `${started} starts, ${putBack} put back`);
});
