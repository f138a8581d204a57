import assert from "node:assert/strict";
import { test } from "node:test";
import { verifyFindings } from "../../../oracle/verify-page.ts";
import { nameWithoutSeed } from "../../../../src/base/seed-name.ts";
import { groupsOf, runSeed } from "../../../../src/judge/groups.ts";
import type { ReportRun } from "../../../../src/judge/input.ts";
import { renderReport } from "../../../../src/report/page/page.ts";
import { sweepOf } from "../../../../src/judge/sweep.ts";
import { input, run } from "../../judge/given.ts";

const made = (name: string, args: readonly string[], token: string, fields = {}): ReportRun => ({
  ...run(name, [token], { args: [name, ...args], long: false, ...fields }),
  folder: `2025-02-02T14-30-00-${name}`,
});
const seeds = (name: string, tokens: readonly string[], from = 0): readonly ReportRun[] =>
  tokens.map((token, i) => made(`${name}-${i}`, ["--w", name, "--seed", String(from + i)], token));
/** Like `seeds`, with one name for all, as a person writes it again and again. */
const again = (name: string, tokens: readonly string[], from = 0): readonly ReportRun[] =>
  tokens.map((token, i) => ({
    ...made(name, ["--seed", String(from + i)], token),
    folder: `2025-02-02T14-3${i}-00-${name}`,
    path: `runs/2025-02-02T14-3${i}-00-${name}`,
  }));
const lossOnly = { metrics: [{ key: "val/loss", direction: "min" as const }] };

function against(base: readonly ReportRun[], runs: readonly ReportRun[]): string {
  const [first] = base;
  assert.ok(first !== undefined);
  const baseline = { kind: "run" as const, target: "base", run: first, group: base };
  const page = renderReport(
    input({ ...lossOnly, baseline: "base" }, [...base, ...runs], { baseline }),
  );
  return page.slice(page.indexOf("### Against the baseline"), page.indexOf("## Discussion"));
}

test("a seed is known from the record, the arguments or the name, and parts no group", () => {
  assert.equal(nameWithoutSeed("full-seed-3"), "full");
  assert.equal(nameWithoutSeed("seed-3"), "seed-3");
  assert.equal(nameWithoutSeed("lr-s3-wide"), "lr-wide");
  assert.equal(nameWithoutSeed("resnet50"), "resnet50");
  assert.equal(runSeed(made("a", ["--seed=7"], "1")), "7");
  assert.equal(runSeed(made("a-seed-4", [], "1")), "4");
  assert.equal(runSeed(made("a", [], "1", { seed: "9" })), "9");
  assert.equal(runSeed(made("a", [], "1")), undefined);
  assert.deepEqual(
    groupsOf([...again("full", ["1", "2"]), made("wide", [], "3")]).map(({ runs }) => runs.length),
    [2, 1],
  );
});

test("one run against one is a difference observed, not tested, and nobody is better", () => {
  const text = against(again("base", ["0.5"]), again("wide", ["0.4"]));
  assert.match(text, /\| -0\.1 +\| +\| difference observed, not tested \|/);
  assert.doesNotMatch(text, /better|lower \(/);
});

test("shared seeds are paired, other seeds are not, and both say so", () => {
  const base = again("base", ["0.50", "0.60", "0.70", "0.80"]);
  const paired = against(base, again("wide", ["0.49", "0.585", "0.69", "0.788"]));
  assert.match(paired, /lower \(paired t, shared seeds, p ≈ 0\.\d+\)/);
  const welch = against(base, again("wide", ["0.49", "0.585", "0.69", "0.788"], 10));
  assert.match(welch, /no difference shown \(Welch's t, p ≈ 0\.9\d+\)/);
  assert.match(welch, /One difference is tested, so its p needs no correction/);
});

test("paired values stand in the order of their seeds on both sides, whichever started first", () => {
  const base = again("base", ["0.50", "0.60", "0.70"]);
  const [first, second, third] = again("wide", ["0.49", "0.585", "0.69"]);
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  const text = against(base, [second, third, first]);
  assert.match(text, /\| 0\.49 \[\d+\], 0\.585 \[\d+\], 0\.69 \[\d+\] +\| 0\.50 \[/);
});

test("several differences are corrected together", () => {
  const base = again("base", ["0.50", "0.51", "0.52"]);
  const wide = again("wide", ["0.46", "0.48", "0.47"], 10);
  const alone = /Welch's t, p ≈ ([\d.]+)/.exec(against(base, wide))?.[1];
  const both = against(base, [...wide, ...again("deep", ["0.5", "0.55", "0.45"], 20)]);
  const corrected = /Welch's t, p ≈ ([\d.]+)/.exec(both)?.[1];
  assert.ok(Math.abs(Number(corrected) - 2 * Number(alone)) < 1e-4, `${corrected} of ${alone}`);
  assert.match(both, /2 differences are tested; each p is corrected for that by Holm's method/);
});

test("a run that crashed has no place in the means, and is named", () => {
  const cause = { kind: "exit-code", code: 1 } as const;
  const crashed = { ...again("wide", ["0.1"], 30)[0], folder: "2025-02-03T10-00-00-wide" };
  const wide = again("wide", ["0.4", "0.41", "0.42"], 10);
  const [first] = wide;
  assert.ok(first?.record !== undefined);
  const failed: ReportRun = {
    ...first,
    ...crashed,
    record: { ...first.record, ending: "failed", exitCode: 1, cause, seed: "30" },
  };
  const text = against(again("base", ["0.5", "0.51", "0.52"]), [...wide, failed]);
  assert.match(text, /`2025-02-03T10-00-00-wide` has no place in it: not ended well/);
  assert.match(text, /-0\.1 /);
});

test("a sweep is the settings that give the same options other values", () => {
  const sweep = sweepOf([
    made("a", ["--lr", "0.1", "--deep"], "1"),
    made("b", ["--lr=0.2", "--deep"], "2"),
    made("c", ["--lr", "-0.3", "--deep"], "3"),
    made("d", ["--width", "5"], "4"),
    made("e", [], "5"),
  ]);
  assert.deepEqual(sweep?.options, ["--lr"]);
  assert.equal(sweep?.groups.length, 3);
  assert.equal(sweepOf([made("a", ["--lr", "1"], "1"), made("b", ["--lr", "1"], "1")]), undefined);
  assert.equal(sweepOf(seeds("x", ["1", "2"])), undefined, "seeds alone are no sweep");
});

test("the best of a sweep is called what it is, and of how many it was picked", () => {
  const runs = ["0.5", "0.3", "0.4"].map((token, i) =>
    made(`lr-${i}`, ["--lr", `0.${i + 1}`], token),
  );
  const page = renderReport(input(lossOnly, runs));
  assert.match(
    page,
    /The smallest last `val\/loss` of 3 settings and 3 runs is 0\.3 \[\d+\], in `lr-1`\./,
  );
  assert.match(
    page,
    /best of a sweep was picked after the results were seen; it confirms nothing\./,
  );
  const tied = renderReport(input(lossOnly, [...runs, made("lr-3", ["--lr", "0.4"], "0.30")]));
  assert.match(tied, /4 settings and 4 runs is 0\.3 \[\d+\], in `lr-1` and `lr-3`\./);
  const empty = renderReport(input(lossOnly, [...runs, made("lr-3", ["--lr", "0.4"], "NaN")]));
  assert.match(empty, /smallest last `val\/loss` of 3 settings and 3 runs is 0\.3/);
  assert.deepEqual(
    verifyFindings(empty, () => undefined).filter(({ message }) => /its table/.test(message)),
    [],
  );
  assert.doesNotMatch(empty, /The criteria judge|No run is evidence for the criteria/);
});

test("runs of one setting with names of their own are one setting, to the oracle as well", () => {
  const runs = ["0.5", "0.3", "0.4"].map((token, i) =>
    made(`run-${i}`, ["--lr", i === 0 ? "0.1" : "0.2"], token),
  );
  const page = renderReport(input(lossOnly, runs));
  assert.match(page, / of 2 settings and 3 runs is 0\.3 /);
  assert.deepEqual(
    verifyFindings(page, () => undefined).filter(({ kind }) => kind !== "changed-source"),
    [],
  );
});
