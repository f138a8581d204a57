import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { compare } from "../../../src/cli/compare.ts";
import { compareRuns } from "../../../src/judge/compare-runs.ts";
import type { ReportRun } from "../../../src/judge/input.ts";
import { record, run } from "../judge/given.ts";

const CASES = join(import.meta.dirname, "../../golden/report");
const cwd = join(CASES, "baseline-seeds");
const shown = async (...words: readonly string[]): Promise<string> => {
  const { text, exitCode } = await compare(words, { cwd, format: "text" });
  assert.equal(exitCode, 0, text);
  return text;
};

test("two runs are told apart by what differs, and their difference is not tested", async () => {
  const text = await shown("base-seed-0", "warm-seed-1");
  assert.match(text, /^arguments +--warmup 500$/m);
  assert.match(text, /^seed +0 +1$/m);
  assert.match(text, /^The same in all:\n(?: {2}.+\n)* {2}commit: 4f0c2d9b7e6a$/m);
  assert.match(text, /^val\/loss +0\.412 +0\.410\n {2}difference +-0\.002, not tested$/m);
  assert.match(
    text,
    /fewer than three runs on a side, or no spread between them, a difference is observed/,
  );
});

test("a name means all of its seeds, which are paired where both sides have them", async () => {
  const text = await shown("base", "warm", "long", "try");
  assert.match(text, /^val\/loss +0\.412, 0\.433, 0\.405 +0\.391, 0\.410, 0\.386 /m);
  assert.match(text, /-0\.021, 95 % -0\.0259683 to -0\.0160317, paired, p ≈ 0\.006019/);
  assert.match(text, /, Welch, p ≈ 0\.947099 +-0\.216667, not tested$/m);
  assert.match(text, /Differences are to base/);
});

test("JSON keeps every value and the literal tokens, and CSV has one value a row", async () => {
  const words = ["base", "warm"];
  const json = await compare(words, { cwd, format: "json" });
  const { facts, metrics } = JSON.parse(json.text) as {
    facts: { what: string; values: string[][]; differs: boolean }[];
    metrics: { metric: string; groups: { tokens: string[]; difference?: { test: string } }[] }[];
  };
  const seeds = facts.find(({ what }) => what === "seed");
  assert.deepEqual(seeds, {
    what: "seed",
    values: [
      ["0", "1", "2"],
      ["0", "1", "2"],
    ],
    differs: false,
  });
  const loss = metrics.find(({ metric }) => metric === "val/loss");
  assert.deepEqual(loss?.groups[1]?.tokens, ["0.391", "0.410", "0.386"]);
  assert.equal(loss?.groups[1]?.difference?.test, "paired");
  const csv = await compare(words, { cwd, format: "csv" });
  assert.match(csv.text, /^kind,what,group,value,run\n/);
  assert.match(csv.text, /^last,val\/loss,warm,0\.410,2$/m);
  for (const row of csv.text.trim().split("\n")) assert.equal(row.split(",").length, 5, row);
});

test("a run that crashed is shown and stays out of the numbers", async () => {
  const words = ["full-seed-0", "full-seed-1"];
  const { text } = await compare(words, { cwd: join(CASES, "crashed-seed"), format: "text" });
  assert.match(text, /^state +done +failed$/m);
  assert.match(text, /^val\/loss +0\.3120 +none \(1 without\)$/m);
});

/** A run with arguments that logged one value. */
function made(name: string, args: readonly string[], token: string): ReportRun {
  return { ...run(name, [token]), record: record(name, { args: [name, ...args] }) };
}

test("runs of several settings under one name have no mean and are not tested", async () => {
  const { mixed, metrics } = compareRuns([
    { name: "lr", runs: [1, 2, 3].map((lr) => made(`lr-${lr}`, ["--lr", String(lr)], `0.${lr}`)) },
    {
      name: "base",
      runs: [0, 1, 2].map((s) => made(`base-seed-${s}`, ["--seed", String(s)], `0.${s}`)),
    },
  ]);
  assert.deepEqual(mixed, ["lr"]);
  assert.equal(metrics[0]?.groups[0]?.mean, undefined);
  assert.ok(metrics[0]?.groups[1]?.mean !== undefined);
  assert.equal(metrics[0]?.groups[1]?.difference, undefined);
});

test("packages are listed where their versions differ", () => {
  const one = [run("a", ["0.1"])];
  const { facts } = compareRuns([
    { name: "a", runs: one, packages: [["numpy==2.1.0", "torch==2.6.0"]] },
    { name: "b", runs: one, packages: [["numpy==2.2.0", "torch==2.6.0"]] },
  ]);
  const packages = facts.filter(({ what }) => what.startsWith("package"));
  assert.deepEqual(packages, [
    { what: "package numpy", values: [["2.1.0"], ["2.2.0"]], differs: true },
  ]);
});

test("runs of other experiments are named by their path, and a word that fits none is refused", async () => {
  const other = "../three-seeds/runs/2025-02-02T14-00-00-full-seed-0";
  assert.match(await shown("base-seed-0", other), /^val\/loss +0\.412 +0\.3120$/m);
  const absent = await compare(["base", "nobody"], { cwd, format: "text" });
  assert.deepEqual(absent.exitCode, 2);
  assert.match(absent.text, /^Cannot compare: no run is called nobody\./);
});

test("one word means the settings of a sweep, and of one setting what to type is said", async () => {
  const lab = mkdtempSync(join(tmpdir(), "nightlab-compare-"));
  try {
    cpSync(join(CASES, "sweep"), lab, { recursive: true });
    for (const folder of readdirSync(join(lab, "runs")).filter((name) => /-lr-\d$/.test(name))) {
      const file = join(lab, "runs", folder, "run.json");
      const one = JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<string, unknown>>;
      writeFileSync(file, JSON.stringify({ ...one, sweep: { id: "k7f3", name: "search" } }));
    }
    const { text, exitCode } = await compare(["search"], { cwd: lab, format: "text" });
    assert.equal(exitCode, 0, text);
    assert.match(text, /^ +lr-0 +lr-1 +lr-2 +lr-3$/m);
  } finally {
    rmSync(lab, { recursive: true });
  }
  const few = await compare(["base"], { cwd, format: "text" });
  assert.deepEqual(few, {
    text: "Cannot compare: base is one setting, with 3 runs. Name another beside it: `nightlab compare base OTHER`.",
    exitCode: 2,
  });
  const absent = await compare(["nobody"], { cwd, format: "text" });
  assert.match(absent.text, /^Cannot compare: no run is called nobody\./);
});
