// A ticked start box is a word of the person's: it stays ticked in the file until it is acted upon,
// however soon the daemon may write, and it is acted upon once.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../properties.ts";
import { startNight, type Night, type NightOptions } from "./night.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HEAD = "# A night\n\n## 2025-02-02\n\n";

function nightWith(settings: string, options: Partial<NightOptions> = {}): Night {
  return startNight({
    text: HEAD,
    settings,
    durationMs: () => MINUTE,
    exitCode: () => 0,
    delayMs: () => 10,
    ...options,
  });
}

const tick = (night: Night): void => night.save(night.text().replace("- [ ] start", "- [x] start"));

test("a tick starts its run where the daemon may write at once, and is never unticked before", () => {
  const night = nightWith("quiet: 0s\n");
  night.save(`${HEAD}run: long timeout=3h\n`);
  night.pass(20 * SECOND);
  assert.match(night.text(), /- \[ \] start/);
  tick(night);
  night.pass(900);
  assert.match(night.text(), /- \[x\] start/);
  night.pass(10 * SECOND);
  assert.equal(night.starts.length, 1);
  assert.doesNotMatch(night.text(), /start \(/);
});

test("a tick is taken back by unticking it before it has settled", () => {
  const night = nightWith("quiet: 0s\n");
  night.save(`${HEAD}run: long timeout=3h\n`);
  night.pass(20 * SECOND);
  tick(night);
  night.pass(500);
  night.save(night.text().replace("[x]", "[ ]"));
  night.pass(MINUTE);
  assert.equal(night.starts.length, 0);
  tick(night);
  night.pass(10 * SECOND);
  assert.equal(night.starts.length, 1);
});

test("a tick is acted upon once: what holds the command again needs another one", () => {
  let there = false;
  const night = nightWith("quiet: 5s\n", { scriptMissing: () => !there });
  night.save(`${HEAD}run: long timeout=3h\n`);
  night.pass(30 * SECOND);
  tick(night);
  night.pass(4 * SECOND);
  const held = night
    .facts()
    .filter((fact) => fact.kind === "command-state" && fact.state === "held");
  assert.equal(held.length, 2, "held for its length, and once more for its script");
  // Typing goes on below while the box is still ticked in the file.
  night.save(`${night.text()}\nA note.\n`);
  there = true;
  night.pass(MINUTE);
  assert.equal(night.starts.length, 0);
  assert.match(night.text(), /- \[ \] start/);
  tick(night);
  night.pass(MINUTE);
  assert.equal(night.starts.length, 1);
});

test("a tick starts its run whatever the pauses, and whatever other receipts change meanwhile", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("0s", "1s", "3s", "5s"),
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 0, max: 40_000 }),
      (quiet, seconds, tickedMs) => {
        const night = nightWith(`quiet: ${quiet}\n`, { durationMs: () => seconds * SECOND });
        night.save(`${HEAD}run: a !\n\nrun: long timeout=3h\n\nrun: b !\n\nrun: c after=b !\n`);
        night.pass(25 * SECOND);
        assert.match(night.text(), /- \[ \] start/);
        night.pass(tickedMs);
        tick(night);
        night.pass(4 * MINUTE);
        assert.ok(
          night.starts.some(({ name }) => name === "long"),
          night.text(),
        );
      },
    ),
    { numRuns: 30 },
  );
});
