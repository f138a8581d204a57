import assert from "node:assert/strict";
import { test } from "node:test";
import { renderReport, reportBlocks } from "../../../../src/report/page/page.ts";
import { recordTrouble } from "../../../../src/judge/record-shape.ts";
import { input, record, run } from "../../judge/given.ts";
import { cpuMs } from "../../../cpu-ms.ts";

const CRITERIA = { success: "val/loss <= 0.4", metrics: [{ key: "val/loss" }] };
const plots = [{ metric: "val/loss", file: "plots/val-loss.webp" }];

/** The page of a run with a flag, and a line of the journal that is tagged RESOLVED. */
function resolvedBy(text: string): string {
  const entries = [{ tags: ["RESOLVED" as const], text, line: 12 }];
  return renderReport(input(CRITERIA, [run("full", ["NaN"])], { reading: { entries } }));
}

test("the same input gives the same bytes", () => {
  const given = input(CRITERIA, [run("full", ["0.9", "0.3"])]);
  assert.equal(renderReport(given), renderReport(given));
});

test("no block holds a blank line, so that each can be told from a person's part", () => {
  const text = "One.\n\n```\ncode\n\nmore\n```\n\n- a";
  const sections = [{ title: "Background", depth: 2, line: 9, text }];
  const blocks = reportBlocks(
    input({ ...CRITERIA, hypothesis: "a\n\nb" }, [run("full", ["0.3"])], { reading: { sections } }),
  );
  for (const block of blocks) assert.doesNotMatch(block.text, /^\s*$/m, block.key);
  const keys = blocks.map((block) => block.key);
  assert.equal(new Set(keys).size, keys.length, "every block has a key of its own");
});

test("every cited number has its line in Sources, and the other way round", () => {
  const runs = ["0.31", "0.32", "NaN"].map((token, seed) =>
    run(`full-seed-${seed}`, ["0.9", token]),
  );
  const page = renderReport(input({ ...CRITERIA, success: "min(val/loss) < 1" }, runs));
  const [body = "", sources = ""] = page.split("## Sources");
  const cited = new Set([...body.matchAll(/ \[(\d+)\]/g)].map(([, n]) => n));
  const listed = new Set([...sources.matchAll(/^\[(\d+)\] /gm)].map(([, n]) => n));
  assert.deepEqual(
    [...cited].map(Number).toSorted((a, b) => a - b),
    [...listed].map(Number),
  );
  assert.match(sources, /logs\/train\.log#L2\) · val\/loss = 0\.31 {2}$/m);
});

test("a name that means something to Markdown or to a URL does no harm", () => {
  const odd = { ...run("x", ["0.3"], {}, "val|loss`*"), plots };
  const named = { ...odd, folder: "a'; echo $(x) [é]", path: "runs/a'; echo $(x) [é]" };
  const page = renderReport(input({ ...CRITERIA, hypothesis: "<b> *x* | [y]" }, [named]));
  assert.ok(page.includes("runs/a%27%3B%20echo%20%24%28x%29%20%5B%C3%A9%5D"));
  assert.ok(page.includes(String.raw`val\|loss\`\*`));
  assert.ok(page.includes(String.raw`“\<b\> \*x\* \| \[y\]”`));
});

test("a thousand runs give a page of bounded figures that says how many it leaves out", () => {
  const many = Array.from({ length: 1000 }, (_, i) => ({
    ...run(`try-${i}`, ["0.5"], { long: i === 3 }),
    folder: `2025-02-02T14-30-00-try-${i}`,
    path: `runs/2025-02-02T14-30-00-try-${i}`,
    plots,
  }));
  let page = "";
  const tookMs = cpuMs(() => (page = renderReport(input(CRITERIA, many))));
  assert.ok(tookMs < 1_500, `${tookMs} ms`);
  assert.equal(page.match(/^!\[/gm)?.length, 12);
  assert.ok(page.includes("Of 1000 runs, the 12 below are shown"));
  assert.ok(page.includes("988 runs are left out here; Methods lists them"));
  assert.ok(page.includes("### `try-3`\n"), "the run that is evidence is shown");
  assert.ok(page.includes("| [try-500](runs/2025-02-02T14-30-00-try-500)"));
});

test("runs of one name are told apart by their folders", () => {
  const again = { ...run("full", ["0.2"]), folder: "2025-03-01T10-00-00-full" };
  const page = renderReport(input(CRITERIA, [run("full", ["0.3"]), again]));
  assert.ok(page.includes("### `2025-02-02T14-30-00-full`"));
  assert.ok(page.includes("### `2025-03-01T10-00-00-full`"));
});

test("an entry that names a run's id resolves its flags, or the one it speaks of", () => {
  assert.match(resolvedBy("idfull"), /- \[RESOLVED\] `full`: val\/loss is NaN/);
  assert.match(resolvedBy("idfull val/loss was a typo"), /- \[RESOLVED\] `full`/);
  assert.match(resolvedBy("idfull the spike"), /- \[WEIRD\] `full` \(open\): /);
  assert.match(resolvedBy("idother"), /- \[WEIRD\] `full`/);
});

test("a record whose fields have other types is none, and the field is named", () => {
  const sound: object = record("full");
  assert.equal(recordTrouble(sound), undefined);
  const odd: readonly (readonly [string, unknown])[] = [
    ["gpus", "none"],
    ["gpus", [{ name: 3 }]],
    ["args", [1]],
    ["limitMs", "2h"],
    ["criteria", { success: 1 }],
    ["ending", "finished"],
    ["cause", { kind: "toString" }],
    ["cause", { kind: "exit-code" }],
    ["git", { commit: 1 }],
    ["seconds", null],
    ["verb", "walk"],
    ["startedAt", undefined],
  ];
  for (const [field, value] of odd) {
    assert.match(recordTrouble({ ...sound, [field]: value }) ?? "", new RegExp(`"${field}"`));
  }
  for (const value of [null, 3, "x", [], undefined])
    assert.notEqual(recordTrouble(value), undefined);
});
