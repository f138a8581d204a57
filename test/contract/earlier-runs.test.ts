// Runs on a real disk that are laid beside one another: by the daemon at their end, and by the
// report later, with the same answer.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createEarlierRuns, earlierOf } from "../../src/effects/run-store/earlier-runs.ts";
import { readExperimentFiles } from "../../src/effects/run-store/experiment-files.ts";
import { record } from "../unit/judge/given.ts";

let lab = "";
let experiment = "";
before(() => {
  lab = mkdtempSync(join(tmpdir(), "nightlab-earlier-"));
  experiment = join(lab, "it's an experiment");
  mkdirSync(experiment);
  writeFileSync(join(experiment, "JOURNAL.md"), "# Seeds\n");
  writeFileSync(join(lab, "nightlab.yaml"), "rules: { dead-metric: off }\n");
  run(10, "one", ["--seed", "1"], 1);
  run(11, "two", ["--seed", "2"], 1);
  run(12, "three", ["--seed", "3"], 1.05);
  run(13, "three", ["--seed", "3"], 1.2);
  run(14, "wide", ["--seed", "3"], 1.5);
});
after(() => rmSync(lab, { recursive: true, force: true }));

/** A run that took from `hour` to half past. */
function run(hour: number, name: string, args: readonly string[], level: number): void {
  const folder = `2025-02-02T${hour}-00-00-${name}`;
  const dir = join(experiment, "runs", folder);
  mkdirSync(join(dir, "logs"), { recursive: true });
  const lines = Array.from({ length: 12 }, (_, i) => {
    const value = (level * (2 / (1 + i) + 0.123456)).toFixed(6);
    return `2025-02-02 ${hour}:00:${String(i).padStart(2, "0")} | INFO | metric {"step": ${i}, "val/loss": ${value}}\n`;
  });
  writeFileSync(join(dir, "logs", "train.log"), lines.join(""));
  const written = record(name, {
    folder,
    args: [name, ...args],
    codeHash: "same",
    startedAt: `2025-02-02T${hour}:00:00Z`,
    endedAt: `2025-02-02T${hour}:30:00Z`,
  });
  writeFileSync(join(dir, "run.json"), JSON.stringify(written));
}

test("the report flags equal values of another seed, and other values of the same seed", async () => {
  const { input } = await readExperimentFiles(experiment, { labDir: lab });
  const said = input.runs.map(({ name, findings }) => [name, findings.map(({ rule }) => rule)]);
  assert.deepEqual(said, [
    ["one", []],
    ["two", ["identical-runs"]],
    ["three", []],
    ["three", ["disagrees"]],
    ["wide", []],
  ]);
  assert.deepEqual(input.journal.plan.rulesOff, ["dead-metric"]);
});

test("only runs that had ended when a run started are earlier", async () => {
  const all = await createEarlierRuns().of(experiment);
  assert.equal(all.length, 5);
  const [one, two, three] = all;
  assert.ok(one !== undefined && two !== undefined && three !== undefined);
  assert.deepEqual(earlierOf(one, all), []);
  assert.deepEqual(earlierOf(three, all), [one, two]);
  assert.deepEqual([two.seed, two.args], ["2", []]);
  assert.deepEqual(earlierOf({ ...three, startedAtMs: two.startedAtMs + 60_000 }, all), [one]);
});

test("a run that goes on, and one whose record is broken, are passed over", async () => {
  const runs = createEarlierRuns();
  const dir = join(experiment, "runs", "2025-02-02T15-00-00-broken");
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "run.json"), "{");
  assert.equal((await runs.of(experiment)).length, 5);
  assert.equal((await runs.of(join(lab, "nowhere"))).length, 0);
  rmSync(dir, { recursive: true });
});

test("runs of a sweep that start within one second are in the order of the sweep", async () => {
  const sweep = join(lab, "sweep");
  mkdirSync(sweep);
  writeFileSync(join(sweep, "JOURNAL.md"), "# Sweep\n");
  for (const [member, name] of ["lr-3e-4", "lr-1e-3", "lr-1e-4"].entries()) {
    const folder = `2025-02-02T10-00-00-${name}`;
    mkdirSync(join(sweep, "runs", folder), { recursive: true });
    const written = record(name, { folder, id: `k7f3.${member + 9}` });
    writeFileSync(join(sweep, "runs", folder, "run.json"), JSON.stringify(written));
  }
  const { input } = await readExperimentFiles(sweep, { labDir: lab });
  assert.deepEqual(
    input.runs.map(({ name }) => name),
    ["lr-3e-4", "lr-1e-3", "lr-1e-4"],
  );
});
