import assert from "node:assert/strict";
import { test } from "node:test";
import { exportBody, exportDocument } from "../../../../src/report/export/export-html.ts";
import {
  exportTree,
  picturesOf,
  type ExportAround,
} from "../../../../src/report/export/export-tree.ts";
import { lineExcerpt } from "../../../../src/report/audit/page-sources.ts";
import { renderReport } from "../../../../src/report/page/page.ts";
import { experimentOf } from "../../../property/audit-case.ts";

const values = Array.from({ length: 40 }, (_, i) => 2_000 + 37 * i);
const shape = { seeds: 3, settings: 1, baseline: 0, crashed: false, notFinite: false, values };
const given = experimentOf({ ...shape, criterion: 0, direction: "min" });
const page = renderReport(given.input);
const around: ExportAround = {
  medium: "screen",
  lineOf: (path, line) => given.lines.get(`${path}#${line}`),
  hrefOf: (target) => (target.includes(":") ? undefined : `../${target}`),
  imageOf: (target) => (target === "a.webp" ? "data:image/webp;base64,AAAA" : undefined),
};
const html = (text: string, more: Partial<ExportAround> = {}): string =>
  exportDocument(exportTree(text, { ...around, ...more }), { generator: 'nightlab "0"' });
const body = (text: string): string => html(text).slice(html(text).indexOf("<main>"));

test("each citation leads to its source, and each source shows its line of the log", () => {
  const made = body(page);
  const cited = [...made.matchAll(/<a class="cite" href="#source-(\d+)"/g)].map((one) => one[1]);
  const listed = [...made.matchAll(/<span id="source-(\d+)">/g)].map((one) => one[1]);
  assert.ok(listed.length >= 6);
  assert.deepEqual(new Set(cited), new Set(listed));
  assert.equal(new Set(listed).size, listed.length);
  for (const line of given.lines.values()) {
    if (line.includes('"step": 200'))
      assert.ok(made.includes(line.replaceAll('"', "&#x22;")) || made.includes(line), line);
  }
  assert.ok(!made.includes("[nightlab"));
  assert.ok(!body(`${page}\n[nightlab-lines]: # "Marks\nabcdefgh"\n`).includes("Marks"));
});

test("a source whose line says something else by now says so", () => {
  const gone = html(page, { lineOf: () => undefined });
  assert.match(gone, /This source does not hold: runs\/\S+ has no line 1\./);
  assert.doesNotMatch(html(page), /does not hold/);
});

test("links lead there from the new place; a script or raw HTML of a page does not come along", () => {
  const odd =
    "# Ü\n\n[a](runs/x) [b](javascript:alert) <b onclick=x>c</b> [d](#ü)\n\n<script>e</script>\n";
  assert.match(
    body(odd),
    /<h1 id="ü">Ü<\/h1>\n<p><a href="..\/runs\/x">a<\/a> b c <a href="#%C3%BC">d<\/a>/,
  );
  assert.doesNotMatch(body(odd), /script|onclick|javascript/);
});

test("pictures become part of the file, with their captions; one that is missing is named", () => {
  const text = "![an a](a.webp)  \n_Figure 1. A._\n\n![b](b.webp)\n\n![c](https://x.org/c.png)\n";
  assert.deepEqual(picturesOf(text), ["a.webp", "b.webp", "https://x.org/c.png"]);
  assert.match(
    body(text),
    /<figure><img src="data:image\/webp;base64,AAAA" alt="an a"><figcaption>\s*<em>Figure 1. A.<\/em><\/figcaption><\/figure>/,
  );
  assert.match(body(text), /<em>b \(the picture b\.webp is missing\)<\/em>/);
  assert.match(body(text), /<a href="https:\/\/x\.org\/c\.png">c<\/a>/);
});

test("for paper, the title stands for itself, wide tables get widths and long names may break", () => {
  const wide = `# T\n\n| a | b |\n|---|---|\n| ${"word ".repeat(30)} | ${"x-".repeat(20)} |\n`;
  const made = exportBody(exportTree(wide, { ...around, medium: "print" }));
  assert.match(made, /<title>T<\/title>/);
  assert.doesNotMatch(made, /<h1/);
  assert.match(
    made,
    /<colgroup><col style="width: [\d.]+%"><col style="width: [\d.]+%"><\/colgroup>/,
  );
  assert.match(made, /x-\u200Bx-/);
  assert.doesNotMatch(html(wide), /colgroup|\u200B/);
});

test("on paper a number is not broken, and each column has room for its longest word", () => {
  const long = "0.518463485484478, 0.531863563961853, 0.525976428384790";
  const rows = `| ${long} | ${long} | ${long} | 0.518463485484478 |`;
  const columns = `# T\n\n| a | b | c | d |\n|---|---|---|---|\n${rows}\n`;
  const made = exportBody(exportTree(columns, { ...around, medium: "print" }));
  assert.match(made, />0\.518463485484478</);
  const widths = [...made.matchAll(/width: ([\d.]+)%/g)].map((match) => Number(match[1]));
  assert.ok((widths[3] ?? 0) > (100 * 17) / 88, String(widths));
});

test("a number stays on one line with its sign and its unit", () => {
  assert.match(
    body("It took 41 s, is ≈ -0.5 and 2 % of 3 sorts.\n"),
    /41\u00A0s, is ≈\u00A0-0\.5 and 2\u00A0% of 3 sorts/,
  );
});

test("of a long line the part around the token is shown", () => {
  const source = {
    number: "1",
    path: "p",
    line: 1,
    key: "val/loss",
    token: "0.125",
    at: 1,
    label: "",
  };
  const line = `${"a ".repeat(500)}"loss": 0.125, ${"b ".repeat(500)}`;
  const shown = lineExcerpt(line, source);
  assert.match(shown, /^… .*"loss": 0\.125, .* …$/);
  assert.ok(shown.length < 260);
  assert.equal(lineExcerpt("\u001B[1mloss 0.125\u0007", source), "[1mloss 0.125");
});

test("any page is exported, however odd or long", () => {
  for (const odd of ["", "\uFEFF", "[1]", "| a |\n|---|", '[nightlab]: # "', "> ".repeat(99)]) {
    assert.match(html(odd), /^<!doctype html>/);
  }
  assert.equal(html("a [1] `b` | ".repeat(1_000)).match(/<code>b<\/code>/g)?.length, 1_000);
});
