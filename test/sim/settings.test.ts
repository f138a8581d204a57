// A nightlab.yaml that is broken, at whatever time and for however long, lets nothing start that
// the last good one would not have let start.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../properties.ts";
import { startNight, type Night, type NightOptions } from "./night.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const HEAD = "# A night\n\n## 2025-02-02\n\n";
/** The machine is switched on at 22:00 UTC; the window is an hour, four hours later. */
const WINDOW = "settle: 30s\nwindows:\n  tonight: { start: 02:00, end: 03:00 }\n";
const OPENS_MS = 4 * HOUR;

const nightWith = (settings: string, options: Partial<NightOptions> = {}): Night =>
  startNight({
    text: HEAD,
    settings,
    durationMs: () => MINUTE,
    exitCode: () => 0,
    delayMs: () => 10,
    pollMs: MINUTE,
    ...options,
  });

const BROKEN = [
  "settle: soon\n",
  "windows:\n  tonight: [\n",
  "windows: { tonight: always }\n",
  "quite: 1s\n",
  "settle: 1s\nwindows:\n  tonight: { start: 22:00 }\n",
];

test("however nightlab.yaml breaks, a command waits for the window that the good one has", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          afterMs: fc.integer({ min: 0, max: 20 * MINUTE }),
          text: fc.constantFrom(WINDOW, ...BROKEN),
          restart: fc.boolean(),
        }),
        { maxLength: 8 },
      ),
      (saves) => {
        const night = nightWith(WINDOW);
        night.save(`${HEAD}run: a when=tonight !\n\nrun: b !\n`);
        for (const { afterMs, text, restart } of saves) {
          night.pass(afterMs);
          night.configure(text);
          if (restart) night.reboot(SECOND);
        }
        night.pass(Math.max(0, 5 * HOUR - night.machineMs()));
        assert.deepEqual(
          night.starts.map(({ name }) => name),
          ["b", "a"],
        );
        const atMs = (night.starts[1]?.atMs ?? 0) - OPENS_MS;
        assert.ok(atMs >= 0 && atMs < HOUR, `a started at ${atMs} ms`);
      },
    ),
    { numRuns: 60 },
  );
});

test("settings that were never good let nothing start, and say so, until they are mended", () => {
  const night = nightWith("quite: 1s\n");
  night.save(`${HEAD}run: a !\n`);
  night.pass(10 * MINUTE);
  assert.equal(night.starts.length, 0);
  assert.match(night.text(), /> \*\*waiting\*\* .* until nightlab.yaml is mended, as LAB.md says/);
  night.configure("quiet: 1s\n");
  night.pass(10 * SECOND);
  assert.equal(night.starts.length, 1);
});

test("a block has stood as long as the mended settings say before it starts", () => {
  const night = nightWith("quite: 1s\n");
  night.save(`${HEAD}run: a\n`);
  night.pass(15 * SECOND);
  night.configure("settle: 40s\n");
  night.pass(20 * SECOND);
  assert.equal(night.starts.length, 0);
  night.pass(10 * SECOND);
  assert.equal(night.starts.length, 1);
});
