import assert from "node:assert/strict";
import { test } from "node:test";
import { isClaim, sentencesOf } from "../../../../src/report/audit/audit-claims.ts";
import { auditJournal } from "../../../../src/report/audit/audit-journal.ts";
import { knownFacts } from "../../../../src/report/audit/audit-known.ts";
import { renderReport } from "../../../../src/report/page/page.ts";
import { experimentOf } from "../../../property/audit-case.ts";
import { cpuMs } from "../../../cpu-ms.ts";

const values = Array.from({ length: 40 }, (_, i) => 2_000 + 37 * i);
const three = experimentOf({
  seeds: 3,
  settings: 1,
  baseline: 3,
  crashed: false,
  notFinite: false,
  values,
  criterion: 0,
  direction: "min",
});
const logged = three.input.runs.map((run) => ({
  names: [run.name, run.folder],
  all: new Set(run.reading.series.flatMap((series) => [...series.values])),
}));
const known = knownFacts(three.input, renderReport(three.input), (runs) =>
  logged.filter(({ names }) => names.some((name) => runs.includes(name))).map(({ all }) => all),
);
const run = three.input.runs.find((one) => one.name === "lr0-seed-1");
const series = run?.reading.series.find((one) => one.summary.key === "val/loss");
const last = series?.summary.last.token ?? "";
const middle = String(series?.values[1] ?? "");

const told = (text: string): readonly string[] =>
  auditJournal(three.input, text, known).findings.map(
    ({ kind, line, said }) => `${line} ${kind} ${said}`,
  );

test("a value that a named run never logged is told with its line, a true or rounded one is not", () => {
  assert.deepEqual(told(`# A\n\n\`lr0-seed-1\` ends at val/loss ${last}.\n`), []);
  assert.deepEqual(told(`lr0-seed-1 was at val/loss ${middle} in the middle.`), []);
  assert.deepEqual(told(`\`lr0-seed-1\` ends at val/loss ${Number(last).toFixed(2)}.`), []);
  assert.deepEqual(told("# A\n\nFirst.\nThen `lr0-seed-1` ended: val/loss is 0.1234.\n"), [
    "4 orphan val/loss 0.1234",
  ]);
  assert.deepEqual(told("0.1234 in val/loss for [it](runs/x), `lr0-seed-2`."), [
    "1 orphan val/loss 0.1234",
  ]);
});

test("what a person hopes, asks, plans, cites or only mentions is no claim", () => {
  for (const text of [
    "[HUNCH] `lr0-seed-1` gets val/loss 0.1234.",
    "I expect val/loss 0.1234 of `lr0-seed-1`.",
    "Does `lr0-seed-1` reach val/loss 0.1234?",
    "If `lr0-seed-1` ends at val/loss 0.1234, `lr0-seed-2` is better than `base-seed-0`.",
    "The paper has val/loss 0.1234 for `lr0-seed-1`.",
    "We reach val/loss 0.1234.",
    "`lr0-seed-1` ran with dropout 0.1234 and took 12.5 s.",
    "val/loss of `lr0-seed-1` fell by 12.34 %.",
    "“`lr0-seed-1` ends at val/loss 0.1234.”",
    "> `lr0-seed-1` ends at val/loss 0.1234.",
    "```\nlr0-seed-1 val/loss 0.1234\n```",
    "`lr0-seed-1` is better now that it runs at all.",
    "It is better than before.",
    "val/loss of `lr0-seed-1` is ≈ 0.1234.",
  ]) {
    assert.deepEqual(told(text), [], text);
  }
});

test("better than another run is told where no test bears it out", () => {
  assert.deepEqual(told("\n`lr0-seed-1` is better than `base-seed-0`."), ["2 comparison better"]);
  assert.deepEqual(told("`lr0-seed-1` clearly outperforms the baseline in val/loss."), [
    "1 comparison outperforms",
  ]);
  assert.deepEqual(told("`lr0-seed-1` ends lower than `base-seed-0`."), []);
});

test("a number that is rounded to the other side of a criterion is told", () => {
  const journal = { ...three.input.journal };
  const short = Number(last).toFixed(2);
  const between = (Number(short) + Number(last)) / 2;
  const operator = Number(short) < Number(last) ? "<=" : ">=";
  const plan = { ...journal.plan, success: `val/loss ${operator} ${between}` };
  const input = { ...three.input, journal: { ...journal, plan } };
  const found = auditJournal(input, `\`lr0-seed-1\` reaches val/loss ${short}.`, known).findings;
  assert.deepEqual(
    found.map((one) => one.kind),
    ["rounded"],
  );
  assert.match(found[0]?.message ?? "", /would meet another side of `val\/loss /);
});

test("sentences are told apart, and odd text is read without harm", () => {
  assert.deepEqual(
    sentencesOf("A 0.5 is e.g. fine. Then B! “C?” End").map(({ text }) => text.trim()),
    ["A 0.5 is e.g. fine.", "Then B!", "“C?”", "End"],
  );
  assert.ok(isClaim("It is so."));
  assert.ok(!isClaim("It should be so."));
  for (const odd of ["", ". ".repeat(50_000), "`".repeat(50_000), "lr0-seed-1 ".repeat(20_000)]) {
    assert.ok(cpuMs(() => told(odd)) < 10_000);
  }
});
