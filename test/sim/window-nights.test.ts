// Nights drawn at random: windows, budgets, deaths and sleep, and no start where none may be.
// `NIGHTLAB_NIGHTS` is how many are played.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../properties.ts";
import type { Occurrence, TimeWindow } from "../../src/domain/window.ts";
import { occurrenceAt } from "../../src/domain/windows.ts";
import { readLabSettings } from "../../src/settings/lab.ts";
import { Gpus } from "./gpus.ts";
import { startNight, type Night } from "./night.ts";

const NIGHTS = Number(process.env["NIGHTLAB_NIGHTS"] ?? 12);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const HEAD = "# A night\n\n## 2026-10-24\n\n";

/** The evening before clocks are put back, or any other. */
const evening = fc.constantFrom(
  "2026-10-24T18:00:00+02:00",
  "2026-03-28T18:00:00+01:00",
  "2026-11-23T18:00:00+01:00",
);

const drawn = fc.record({
  evening,
  gpus: fc.integer({ min: 1, max: 3 }),
  gpuHours: fc.integer({ min: 1, max: 2 }),
  times: fc.constantFrom(
    ["22:00", "3h"],
    ["22:00", "9h"],
    ["02:30", "3h"],
    ["0 1 * * *", "8h"],
    ["*/30 2-4 * * *", "25m"],
  ),
  atEnd: fc.constantFrom("finish", "stop"),
  runs: fc.array(
    fc.record({
      minutes: fc.integer({ min: 10, max: 60 }),
      limit: fc.integer({ min: 10, max: 60 }),
    }),
    { minLength: 3, maxLength: 12 },
  ),
  deaths: fc.array(
    fc.record({
      afterMin: fc.integer({ min: 1, max: 600 }),
      forMin: fc.integer({ min: 1, max: 90 }),
    }),
    { maxLength: 3 },
  ),
  sleeps: fc.boolean(),
});
type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never;

const settingsOf = ({ times: [start, length], atEnd, gpuHours }: Drawn): string =>
  `time-zone: Europe/Berlin\nwindows:\n  shift: { start: "${start}", length: ${length}, ` +
  `at-end: ${atEnd}, gpu-hours: ${gpuHours} }\n`;

/** The limits of this machine's scripts are kept by themselves. */
function minutesOf({ runs }: Drawn, name: string): number {
  const { minutes = 1, limit = 1 } = runs[Number(name.slice(1))] ?? {};
  return Math.min(minutes, limit);
}

function play(one: Drawn): Night {
  const night = startNight({
    text: HEAD,
    durationMs: (name) => minutesOf(one, name) * MINUTE,
    exitCode: () => 0,
    delayMs: () => 10,
    powerOnMs: Date.parse(one.evening),
    pollMs: 10 * MINUTE,
    gpus: new Gpus(one.gpus, { releaseMs: () => 0 }),
    settings: settingsOf(one),
  });
  const lines = one.runs.map(({ limit }, i) => `run: r${i} when=shift timeout=${limit}m !`);
  night.save(`${HEAD}${lines.join("\n\n")}\n`);
  let passedMin = 0;
  for (const { afterMin, forMin } of one.deaths.toSorted((a, b) => a.afterMin - b.afterMin)) {
    night.pass(Math.max(0, afterMin - passedMin) * MINUTE);
    passedMin = Math.max(passedMin, afterMin);
    night.crashAtEffect(0, forMin * MINUTE);
  }
  if (one.sleeps) night.setClock(2 * HOUR);
  night.pass(14 * HOUR);
  return night;
}

/** Hours that the lab's GPUs were held in an occurrence, by the ledger. */
function heldMs(night: Night, { startMs, endMs }: Occurrence): number {
  return [...night.world().commands.values()].reduce((sum, { run }) => {
    if (run?.spec.place?.kind !== "gpus") return sum;
    const untilMs = run.exitedAtMs ?? night.now();
    return sum + Math.max(0, Math.min(untilMs, endMs) - Math.max(run.claimedAtMs, startMs));
  }, 0);
}

test("whatever dies or sleeps, runs start in their window only, once, and within its GPU hours", () => {
  let started = 0;
  fc.assert(
    fc.property(drawn, (one) => {
      const night = play(one);
      const [window] = readLabSettings(settingsOf(one), "UTC").value.windows ?? [];
      assert.ok(window !== undefined);
      const names = night.starts.map(({ name }) => name);
      assert.equal(new Set(names).size, names.length, "a run started twice");
      started += names.length;
      for (const { run, spec } of night.world().commands.values()) {
        if (run === undefined) continue;
        const occurrence = occurrenceAt(window, run.claimedAtMs);
        assert.ok(occurrence !== undefined, `${spec.target} started outside of its window`);
        checkEnd(one, window, occurrence, run.exitedAtMs);
        const held = heldMs(night, occurrence);
        // What a dead daemon did not see end is held by its books until it is back.
        const deadMs = one.deaths.reduce((sum, { forMin }) => sum + forMin * MINUTE, 0);
        const slackMs = one.gpus * (deadMs + (one.sleeps ? 2 * HOUR : 0)) + MINUTE;
        assert.ok(held <= one.gpuHours * HOUR + slackMs, `${held / HOUR} h of ${one.gpuHours}`);
      }
    }),
    { numRuns: NIGHTS },
  );
  assert.ok(started > 0, "no night had any start");
});

function checkEnd(one: Drawn, window: TimeWindow, occurrence: Occurrence, exitedAtMs = 0): void {
  if (window.atEnd !== "stop" || one.deaths.length > 0 || one.sleeps) return;
  const overMs = exitedAtMs - occurrence.endMs;
  assert.ok(overMs < MINUTE, `a run went on for ${overMs / MINUTE} min after its window`);
}
