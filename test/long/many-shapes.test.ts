// The tests that are cheap for a few cases and say more for many: so many as a person would wait for
// over a coffee. Each is the file of the short form, called with its variable.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

const MANY = [
  ["property/linear.test.ts", { NIGHTLAB_SHAPES: "200" }],
  ["property/mutated-labs.test.ts", { NIGHTLAB_MUTATED_LABS: "400" }],
  ["property/deletions.test.ts", { NIGHTLAB_PROPERTY_RUNS: "400" }],
  ["sim/edits.test.ts", { NIGHTLAB_EDITS: "400" }],
  ["sim/life.test.ts", { SIM_RUNS: "1000" }],
  ["sim/typed.test.ts", { TYPED_MINUTES: "60" }],
  ["property/audit.test.ts", { NIGHTLAB_AUDITS: "200" }],
  ["e2e/kill-rounds.test.ts", { NIGHTLAB_KILLS: "100" }],
] as const;

for (const [file, variable] of MANY) {
  test(`${file} with ${Object.entries(variable).flat().join(" ")}`, () => {
    const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const run = spawnSync(process.execPath, ["--test", path], {
      env: { ...env, ...variable },
      encoding: "utf8",
    });
    assert.equal(run.status, 0, run.stdout.slice(-8_000));
  });
}
