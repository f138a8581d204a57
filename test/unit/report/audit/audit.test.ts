import assert from "node:assert/strict";
import { test } from "node:test";
import type { AuditFinding } from "../../../../src/report/audit/audit-finding.ts";
import { audited, experimentOf, type Experiment } from "../../../property/audit-case.ts";
import { renewPage } from "../../../../src/report/page/preserve-user-edits.ts";
import { withLineMarks } from "../../../../src/report/audit/line-marks.ts";
import { renderReport, reportTree } from "../../../../src/report/page/page.ts";
import { cpuMs } from "../../../cpu-ms.ts";

const values = Array.from({ length: 40 }, (_, i) => 2_000 + 37 * i);
const experiment = (seeds: number, baseline: number): Experiment =>
  experimentOf({
    seeds,
    settings: 1,
    baseline,
    crashed: false,
    notFinite: false,
    values,
    criterion: 0,
    direction: "min",
  });
const three = experiment(3, 4);
const page = renderReport(three.input);

function withWords(words: string, of = three): readonly AuditFinding[] {
  const text = renderReport(of.input).replace("## Discussion\n", `## Discussion\n\n${words}\n`);
  return audited(text, of).findings;
}
const kinds = (words: string, of?: Experiment): readonly string[] =>
  withWords(words, of).map((one) => one.kind);

/** A value that a run logged, and its number in the list of sources. */
function cited(): { readonly token: string; readonly number: string } {
  const match = /\| `lr0-seed-1` +\| (\S+) (\[\d+\])/.exec(page);
  return { token: match?.[1] ?? "", number: match?.[2] ?? "" };
}

test("a person's own true sentences are not doubted", () => {
  const { token, number } = cited();
  assert.deepEqual(withWords(`In \`lr0-seed-1\` val/loss ends at ${token} ${number}.`), []);
  assert.deepEqual(
    withWords(`lr0-seed-1 ended at ${token}, which is ≈ ${Number(token).toFixed(2)}.`),
    [],
  );
  assert.deepEqual(withWords("There are 3 runs with lr 0.01, each of 3 values."), []);
});

test("what is quoted, code, a link, a date, a label or a number of a figure is no claim", () => {
  const said = [
    "“it fell by 12.7 %” was the hope, see `lr=0.777` and [the page](https://x.org/9.99).",
    "On 2025-03-04 at 15:16 the H100 ran Python 3.12.4; Figure 77 and table 31 show it.",
    "> 0.123 was said elsewhere",
    "```\n0.4711\n```",
  ];
  assert.deepEqual(withWords(said.join("\n\n")), []);
});

test("a number that nothing gives is an orphan, with its place", () => {
  const [finding, ...others] = withWords("We reach 0.1234 after\ntwo days.");
  assert.deepEqual(others, []);
  assert.deepEqual([finding?.kind, finding?.said], ["orphan", "0.1234"]);
  const line = page.split("\n").indexOf("## Discussion") + 3;
  assert.equal(finding?.line, line);
  assert.deepEqual(kinds("A second line\nholds 0.1234 here."), ["orphan"]);
});

test("a value of another run is an orphan in a sentence that names its run", () => {
  const { token } = cited();
  assert.deepEqual(kinds(`\`lr0-seed-2\` ends at ${token}.`), ["orphan"]);
});

test("a rounded value is told, unless it says that it is rounded", () => {
  const { token, number } = cited();
  const short = Number(token).toFixed(2);
  assert.deepEqual(kinds(`It ends at ${short} ${number}.`), ["rounded"]);
  assert.deepEqual(kinds(`It ends at ≈ ${short} ${number}.`), []);
  assert.deepEqual(kinds(`It ends at ≈ 0.99 ${number}.`), ["differs"]);
  assert.deepEqual(kinds(`It ends at ${token} [999].`), ["orphan"]);
});

test("better is borne out only by a tested difference", () => {
  const words = "`lr0` is better than the baseline in val/loss.";
  assert.deepEqual(kinds(words), ["comparison"]);
  assert.deepEqual(kinds(words, experiment(1, 1)), ["comparison"]);
  const known = three.input.runs.map((run) => run.name);
  assert.ok(known.includes("lr0-seed-0"));
});

test("a source whose line says something else is told, and so is one without its line", () => {
  const lines = new Map(three.lines);
  const [place] = [...lines.keys()].filter((key) => key.includes("lr0-seed-0"));
  assert.ok(place !== undefined);
  lines.set(place, (lines.get(place) ?? "").replace(/"val\/loss": 0\.\d/, '"val/loss": 1.9'));
  const changed = audited(page, { ...three, lines }).findings;
  assert.deepEqual([...new Set(changed.map((one) => one.kind))], ["changed-source"]);
  assert.match(changed[0]?.message ?? "", /train\.log:1 says val\/loss 1\.9/);
  lines.delete(place);
  const gone = audited(page, { ...three, lines }).findings;
  assert.match(gone[0]?.message ?? "", /has no line 1$/);
});

test("what was taken out of the report is told with its place, what is only old is not", () => {
  const without = page.replace(/\nOne of the values|\n- 3 runs are evidence\./, "");
  assert.notEqual(without, page);
  const [found, ...others] = audited(without, three).findings;
  assert.deepEqual(others, []);
  assert.deepEqual([found?.kind, found?.said], ["deleted", "- 3 runs are evidence."]);
  const heading = page.split("\n").indexOf("### Limits") + 1;
  assert.equal(found?.line, heading);
  // The same page before the logs gave more: nothing was taken out.
  const fewer = renderReport(experiment(2, 4).input);
  assert.ok(audited(fewer, three).findings.every((one) => one.kind !== "deleted"));
  assert.ok(audited(fewer, three).absent > 0);
});

test("a clause that is cut out of a sentence is told, a single word is style", () => {
  const clause = " A difference is the mean of the runs less that of the baseline.";
  const cut = audited(page.replace(clause, ""), three).findings;
  assert.equal(new Set(cut.map((one) => one.kind)).size, 1);
  assert.deepEqual(audited(page.replace("its folder is", "its directory is"), three).findings, []);
});

test("a cited line that was changed elsewhere than in its number is another line", () => {
  const blocks = withLineMarks(reportTree(three.input), (path, line) =>
    three.lines.get(`${path}#${line}`),
  );
  const renewed = renewPage(undefined, blocks);
  assert.ok(renewed.kind === "page");
  assert.deepEqual(audited(renewed.text, three).findings, []);
  const lines = new Map(
    [...three.lines].map(([place, text]) => [place, text.replace("14:30:02", "15:30:02")] as const),
  );
  const found = audited(renewed.text, { ...three, lines }).findings;
  assert.ok(found.length > 0);
  assert.ok(found.every((one) => one.kind === "changed-source"));
  assert.match(found[0]?.message ?? "", /is not the line any more that the page was made from$/);
});

test("a page that is nobody's, empty or odd is read without harm", () => {
  for (const odd of [
    "",
    "\uFEFF",
    "```",
    "---",
    "| a |\n|---|",
    `[nightlab]: # "`,
    "#".repeat(9),
  ]) {
    assert.deepEqual(audited(odd, three).findings, []);
  }
  const long = "`".repeat(50_000) + "[".repeat(50_000) + "“".repeat(50_000) + "1.".repeat(50_000);
  assert.ok(cpuMs(() => audited(long, three)) < 3_000);
});
