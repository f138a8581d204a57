// What a journal says in the evening and in the morning of a night in which commands wait for time,
// for other runs and for hours of a GPU. Who changes a text here reads it as a person would.
// `NIGHTLAB_GOLDEN=write` writes them anew.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Gpus } from "../sim/gpus.ts";
import { startNight, type Night } from "../sim/night.ts";
import { untraced } from "../untraced.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const pathOf = (name: string): string =>
  fileURLToPath(new URL(`nights/${name}`, import.meta.url));
const golden = (name: string): string => readFileSync(pathOf(name), "utf8");

const LONG: Readonly<Record<string, number>> = { full: 150, wide: 60, slow: 110 };

const night: Night = startNight({
  text: "",
  settings: golden("nightlab.yaml"),
  powerOnMs: Date.parse("2026-11-23T18:00:00+01:00"),
  pollMs: 10 * MINUTE,
  gpus: new Gpus(1, { releaseMs: () => 0 }),
  durationMs: (name) => (LONG[name] ?? 0.5) * MINUTE,
  exitCode: () => 0,
  delayMs: () => 10,
  metrics: () => ({ "val/loss": "0.31" }),
});
night.save(golden("before.md"));

for (const [name, afterMs] of [
  ["evening.md", 2 * HOUR],
  ["late.md", 4 * HOUR],
  ["morning.md", 8 * HOUR],
] as const) {
  test(`the journal reads as in ${name}`, () => {
    night.pass(afterMs);
    if (process.env["NIGHTLAB_GOLDEN"] === "write") writeFileSync(pathOf(name), untraced(night.text()));
    assert.equal(untraced(night.text()), golden(name));
  });
}
