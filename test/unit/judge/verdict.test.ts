import assert from "node:assert/strict";
import { test } from "node:test";
import type { Plan } from "../../../src/domain/journal.ts";
import { verifyFindings } from "../../oracle/verify-page.ts";
import { settingOf } from "../../../src/judge/groups.ts";
import type { ReportInput, ReportRun } from "../../../src/judge/input.ts";
import { renderReport } from "../../../src/report/page/page.ts";
import { verdictsOf, type Verdict } from "../../../src/judge/verdict.ts";
import { input, run } from "./given.ts";

function only(given: ReportInput): Verdict {
  const [verdict] = verdictsOf(given);
  assert.ok(verdict !== undefined);
  return verdict;
}
const judge = (asked: Partial<Plan>, ...runs: readonly ReportRun[]): Verdict =>
  only(input(asked, runs));
const why = (verdict: Verdict): string =>
  [...verdict.obstacles, ...verdict.blocking.map(({ finding }) => ({ text: finding.message }))]
    .map((one) => one.text)
    .join("; ");

const seeds = (...tokens: readonly string[]): readonly ReportRun[] =>
  tokens.map((token, seed) => run(`full-seed-${seed}`, [token]));

const pageOf = (runs: readonly ReportRun[]): string =>
  renderReport(input({ success: "val/loss < 1" }, runs));
const noLines = (): undefined => undefined;
const settingWith = (env: Readonly<Record<string, string>>): string =>
  settingOf(run("a", ["1"], { env }));

test("one long run meets or misses the criterion by its last logged token", () => {
  const success = "val/loss <= 0.759";
  assert.equal(judge({ success }, run("full", ["0.9", "0.75886"])).word, "MET");
  assert.equal(judge({ success: "val/loss >= 0.759" }, run("full", ["0.75886"])).word, "NOT MET");
  assert.equal(judge({ success: "val/loss < 0.31" }, run("full", ["0.310"])).word, "NOT MET");
});

test("spellings of one metric are the same metric", () => {
  assert.equal(judge({ success: "val_loss < 1" }, run("full", ["0.5"])).word, "MET");
  const spaced = run("full", ["0.5"], {}, "val loss");
  assert.equal(judge({ success: "val/loss < 1" }, spaced).word, "MET");
  assert.equal(judge({ success: "train/loss < 1" }, run("full", ["0.5"])).word, "NOT EVALUABLE");
});

test("best, min and max pick their value, best by the promised or the asked direction", () => {
  const bumpy = run("full", ["0.5", "0.2", "0.9"]);
  assert.equal(judge({ success: "best(val/loss) <= 0.2" }, bumpy).word, "MET");
  assert.equal(judge({ success: "best(val/loss) >= 0.9" }, bumpy).word, "MET");
  const metrics = [{ key: "val/loss", direction: "min" as const }];
  assert.equal(judge({ success: "best(val/loss) >= 0.9", metrics }, bumpy).word, "NOT MET");
  assert.equal(judge({ success: "max(val/loss) - min(val/loss) == 0.7" }, bumpy).word, "MET");
});

test("a short run is no evidence unless it is named", () => {
  const short = run("de-risk", ["0.1"], { long: false, limitMs: 120_000 });
  assert.match(why(judge({ success: "val/loss < 1" }, short)), /no run is evidence yet/);
  assert.equal(judge({ success: "val/loss < 1", evidence: ["de-risk"] }, short).word, "MET");
});

test("several long runs of different settings are not evaluable unless named", () => {
  const runs = [run("a", ["0.1"]), run("b", ["0.9"])];
  assert.match(why(judge({ success: "val/loss < 1" }, ...runs)), /differ in more than their seed/);
  const named = judge({ success: "val/loss < 0.5", evidence: ["a"] }, ...runs);
  assert.equal(named.word, "MET");
  assert.equal(named.runs.length, 1);
});

test("runs of several settings have no mean: each is judged by itself", () => {
  const swept = ["0.1", "0.2", "0.9"].map((token, i) =>
    run(`lr-${i}`, [token], { args: [`lr-${i}`, "--lr", String(i)] }),
  );
  const asked = { success: "val/loss < 0.5", evidence: ["lr-0", "lr-1", "lr-2"] };
  const verdict = judge(asked, ...swept);
  assert.deepEqual([verdict.word, verdict.passing], ["INCONCLUSIVE", 2]);
  assert.equal(verdict.judged[0]?.margin, undefined);
  assert.equal(judge({ ...asked, success: "val/loss < 1" }, ...swept).word, "MET");
  assert.match(
    why(judge({ ...asked, success: "mean(val/loss) < 1" }, ...swept)),
    /a mean over seeds, and the evidence is of 3 settings/,
  );
  const page = renderReport(input(asked, swept));
  assert.match(
    page,
    /The runs are of 3 settings: each is judged by itself, and no mean is taken\./,
  );
  assert.doesNotMatch(page, /t-interval|t-bound/);
  assert.match(page, /3 runs are evidence, of 3 settings/);
  const found = verifyFindings(page, noLines).filter((one) => one.kind !== "changed-source");
  assert.deepEqual(found, []);
});

test("variables that a command sets are part of its setting, a seed among them is not", () => {
  assert.notEqual(settingWith({ WIDTH: "64" }), settingWith({ WIDTH: "128" }));
  assert.equal(settingWith({ SEED: "1" }), settingWith({ SEED: "2" }));
});

test("two runs that disagree are inconclusive", () => {
  const runs = ["1", "2"].map((seed) =>
    run(`full-seed-${seed}`, [`0.${seed}`], { args: [`full-seed-${seed}`, "--seed", seed] }),
  );
  const verdict = judge({ success: "val/loss < 0.15" }, ...runs);
  assert.equal(verdict.word, "INCONCLUSIVE");
  assert.equal(verdict.passing, 1);
});

test("from three runs on, the mean and its one-sided bound must agree", () => {
  const success = "val/loss <= 0.5";
  assert.equal(judge({ success }, ...seeds("0.40", "0.41", "0.42")).word, "MET");
  assert.equal(judge({ success }, ...seeds("0.60", "0.61", "0.62")).word, "NOT MET");
  assert.equal(judge({ success }, ...seeds("0.3", "0.45", "0.6")).word, "INCONCLUSIVE");
  assert.equal(judge({ success }, ...seeds("0.5", "0.50", "5e-1")).word, "MET");
  assert.equal(judge({ success: "val/loss < 0.5" }, ...seeds("0.5", "0.5", "0.5")).word, "NOT MET");
});

test("all comparisons of a criterion must hold", () => {
  const full = run("full", ["0.4"]);
  assert.equal(judge({ success: "val/loss < 1 and val/loss > 0" }, full).word, "MET");
  assert.equal(judge({ success: "val/loss < 1 and val/loss > 0.5" }, full).word, "NOT MET");
});

test("a failed, lost or running run is not evaluable, and never dropped in silence", () => {
  const success = "val/loss < 1";
  const good = run("full-seed-1", ["0.1"]);
  for (const ending of ["failed", "stopped", "lost"] as const) {
    const bad = run("full-seed-2", ["0.1"], { ending, cause: { kind: "lost" } });
    const verdict = judge({ success }, good, bad);
    assert.equal(verdict.word, "NOT EVALUABLE");
    assert.match(why(verdict), new RegExp(`(?:^| )${ending}$`));
  }
  const { ending: _ending, cause: _cause, ...going } = run("full", ["0.1"]).record ?? {};
  const running = { ...run("full", ["0.1"]), record: going as NonNullable<ReportRun["record"]> };
  assert.match(why(judge({ success }, running)), /has not ended yet/);
});

test("what keeps many runs from being judged is said once, with their number", () => {
  const going = Array.from({ length: 7 }, (_, seed) => {
    const made = run(`full-seed-${seed}`, ["0.1"]);
    const { ending: _ending, cause: _cause, ...record } = made.record ?? {};
    return { ...made, record: record as NonNullable<ReportRun["record"]> };
  });
  const many = pageOf(going);
  assert.match(many, / 7 of the runs have not ended yet\.\n/);
  assert.deepEqual(
    verifyFindings(many, noLines).filter(({ kind }) => kind === "differs"),
    [],
  );
  assert.match(pageOf(going.slice(0, 2)), /`full-seed-0` has not ended yet\. `full-seed-1` has/);
});

test("a value that is not finite, or was never logged, is not evaluable", () => {
  const nan = judge({ success: "val/loss < 1" }, run("full", ["0.5", "NaN"]));
  assert.equal(nan.word, "NOT EVALUABLE");
  assert.match(why(nan), /val\/loss is NaN/);
  const missing = judge({ success: "val/los < 1" }, run("full", ["0.5"]));
  assert.equal(missing.word, "NOT EVALUABLE");
  assert.match(why(missing), /val\/los/);
});

test("a criterion that cannot be read is told with the way to mend it", () => {
  assert.match(
    why(judge({ success: "loss drops" }, run("full", ["1"]))),
    /not expected here; write/,
  );
});

test("the baseline's value is computed with exactly, and a broken baseline judges nothing", () => {
  const success = "val/loss <= 0.98 * baseline.val/loss";
  const base = run("base", ["0.5"], { long: false });
  const given = (tokens: readonly string[], baseline: ReportRun): Verdict =>
    only(
      input({ success, baseline: "base" }, [run("full", tokens)], {
        baseline: { kind: "run", target: "base", run: baseline },
      }),
    );
  assert.equal(given(["0.49"], base).word, "MET");
  assert.equal(given(["0.4900000000000001"], base).word, "NOT MET");
  assert.equal(given(["0.49"], run("base", ["NaN"])).word, "NOT EVALUABLE");
  const failed = run("base", ["0.5"], { ending: "failed" });
  assert.match(why(given(["0.49"], failed)), /^failed$/);
  assert.match(why(judge({ success }, run("full", ["1"]))), /`baseline:` names no run/);
});

test("an ignored run is no evidence, even when it is named", () => {
  const ignored = [{ target: "full", line: 7, file: "IGNORED_RUNS.md" }];
  const verdict = only(
    input({ success: "val/loss < 1", evidence: ["full"] }, [run("full", ["0.1"])], { ignored }),
  );
  assert.match(why(verdict), /listed among the ignored runs/);
});

test("a criterion that names an ignored run has no value of it", () => {
  const success = "val/loss < base.val/loss";
  const runs = [run("full", ["0.1"]), run("base", ["0.2"], { long: false, limitMs: 120_000 })];
  assert.equal(judge({ success }, ...runs).word, "MET");
  const ignored = [{ target: "base", line: 7, file: "IGNORED_RUNS.md" }];
  const verdict = only(input({ success }, runs, { ignored }));
  assert.equal(verdict.word, "NOT EVALUABLE");
  assert.match(why(verdict), /has no value of `base\.val\/loss`/);
});

test("a mean over seeds is judged from three runs on", () => {
  const success = "mean(val/loss) < 0.4";
  assert.equal(judge({ success }, ...seeds("0.30", "0.31", "0.32")).word, "MET");
  assert.equal(judge({ success }, ...seeds("0.50", "0.51", "0.52")).word, "NOT MET");
  assert.equal(judge({ success }, ...seeds("0.10", "0.20", "0.80")).word, "INCONCLUSIVE");
  assert.match(
    why(judge({ success }, ...seeds("0.30", "0.31"))),
    /needs three runs, and 2 runs are/,
  );
  assert.match(why(judge({ success }, ...seeds("0.30"))), /needs three runs, and one run is/);
});

const other = (fields = {}): ReportRun => run("lr-3", ["0.4"], { long: false, ...fields });

test("another run is named before the metric, and a run that failed judges nothing", () => {
  const full = run("full", ["0.3"]);
  const success = "val/loss <= lr-3.val/loss - 0.1";
  assert.equal(judge({ success }, full, other()).word, "MET");
  assert.equal(judge({ success: "val/loss > lr-3.val/loss" }, full, other()).word, "NOT MET");
  assert.equal(judge({ success: "lr-3.val/loss > val/loss" }, full, other()).word, "MET");
  assert.match(why(judge({ success: "test.loss > 1" }, full)), /test\.loss was promised/);
  const failed = other({ ending: "failed", exitCode: 1, cause: { kind: "exit-code", code: 1 } });
  assert.match(why(judge({ success }, full, failed)), /has no value of `lr-3\.val\/loss`/);
});

test("several baseline runs are partners by seed, or nothing is judged", () => {
  const base = ["0.5", "0.6", "0.7"].map((token, seed) =>
    run(`base-seed-${seed}`, [token], { long: false }),
  );
  const [first] = base;
  assert.ok(first !== undefined);
  const asked = { success: "val/loss < baseline.val/loss", baseline: "base" };
  const given = (group: readonly ReportRun[]): ReportInput =>
    input(asked, [...seeds("0.45", "0.55", "0.66"), ...base], {
      baseline: { kind: "run", target: "base", run: first, group },
    });
  const verdict = only(given(base));
  assert.deepEqual([verdict.word, verdict.passing], ["MET", 3]);
  assert.match(
    why(only(given(base.slice(0, 2)))),
    /means 2 runs, whose seeds are not those of the/,
  );
});

test("a criterion that was another one when a run with a result started is changed", () => {
  const then = run("full", ["0.3"], { criteria: { success: "val/loss < 0.2" } });
  assert.equal(judge({ success: "val/loss < 0.4" }, then).changed, true);
  assert.equal(judge({ success: "val/loss < 0.2" }, then).changed, false);
  const without = run("full", [], { criteria: { success: "val/loss < 0.2" } });
  assert.equal(judge({ success: "val/loss < 0.4" }, without).changed, false);
});

test("the best value of a failure criterion is the best one, not the one that it fears", () => {
  const bumpy = run("full", ["0.5", "0.2", "0.9"]);
  const failed = verdictsOf(input({ failure: "best(val/loss) > 0.4" }, [bumpy]));
  assert.deepEqual(
    failed.map((one) => one.word),
    ["NOT MET"],
  );
});

test("a quick try before the plan was written binds no criterion", () => {
  const then = { success: "val/loss < 0.2" };
  const tried = run("de-risk", ["0.3"], { long: false, criteria: then });
  const full = run("full", ["0.3"], { criteria: { success: "val/loss < 0.4" } });
  assert.equal(judge({ success: "val/loss < 0.4" }, tried, full).changed, false);
  const named = judge({ success: "val/loss < 0.4", evidence: ["de-risk"] }, tried);
  assert.equal(named.changed, true);
});
