// Runs that a person starts by hand, and runs that they set aside: plots and report follow.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { JOURNAL, openLab, trainScript, type TestLab } from "./lab.ts";

let it: TestLab;
before(async () => {
  it = await openLab({ journal: JOURNAL, train: trainScript("") });
  mkdirSync(join(it.experiment, "runs"));
  await it.start();
});
after(() => it.close());

const report = (): string => {
  const path = join(it.experiment, "REPORT.md");
  return existsSync(path) ? readFileSync(path, "utf8") : "";
};
const line = (step: number, loss: number): string =>
  `2025-02-02 14:30:00 | INFO | metric {"step": ${step}, "val/loss": ${loss}}\n`;

test("a run started by hand gets its plots, and the report tells of it while it goes on", async () => {
  const run = join(it.experiment, "runs", "2025-02-02T14-30-00-by-hand");
  for (const part of ["logs", "plots"]) mkdirSync(join(run, part), { recursive: true });
  appendFileSync(join(run, "logs", "train.log"), line(1, 0.75) + line(2, 0.625));
  await it.until("its plot is there", () => existsSync(join(run, "plots", "val-loss.webp")));
  await it.until("the report shows it", () => report().includes("0.625"));
  appendFileSync(join(run, "logs", "train.log"), line(3, 0.515));
  await it.until("the report shows the next line", () => report().includes("0.515"));
});

test("a run named in IGNORED_RUNS.md leaves the results, and is named with its reason", async () => {
  await it.write("IGNORED_RUNS.md", "- by-hand: the wrong data\n");
  await it.until("it is gone from the results", () => !report().includes("0.515"));
  assert.match(report(), /the wrong data/);
});
