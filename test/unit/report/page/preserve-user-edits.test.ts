import assert from "node:assert/strict";
import { test } from "node:test";
import { renewPage } from "../../../../src/report/page/preserve-user-edits.ts";
import type { PageBlock } from "../../../../src/base/page-signature.ts";

const page = (results: string, ...more: readonly PageBlock[]): readonly PageBlock[] => [
  { key: "title", text: "# Warm-up" },
  { key: "results", text: "## Results" },
  { key: "results.table", text: results },
  ...more,
  { key: "end", text: "## Conclusion" },
];
const renew = (current: string | undefined, blocks: readonly PageBlock[]): string => {
  const renewed = renewPage(current, blocks);
  assert.ok(renewed.kind === "page", renewed.kind);
  return renewed.text;
};
const OLD = page("| loss | 1 |");
const NEW = page("| loss | 2 |");
const fresh = renew(undefined, OLD);

test("a page that nobody touched becomes the new one, byte for byte", () => {
  assert.equal(renew(fresh, NEW), renew(undefined, NEW));
  assert.equal(renew(fresh, OLD), fresh);
});

test("a paragraph that a person added stays where it is", () => {
  const edited = fresh.replace("| loss | 1 |\n", "| loss | 1 |\n\nMine,  with spaces \n");
  const renewed = renew(edited, NEW);
  assert.ok(renewed.includes("## Results\n\n| loss | 2 |\n\nMine,  with spaces \n\n## Conclusion"));
  assert.equal(renew(renewed, NEW), renewed);
});

test("text above the title and below the seal stays there", () => {
  const renewed = renew(`Above.\n\n${fresh}\nBelow, no line end`, NEW);
  assert.ok(renewed.startsWith("Above.\n\n# Warm-up\n"));
  assert.ok(renewed.endsWith('"\n\nBelow, no line end'));
  assert.equal(renew(renewed, NEW), renewed);
});

test("a block that a person edited becomes the person's, below a fresh one", () => {
  const renewed = renew(fresh.replace("| loss | 1 |", "| loss | 1, I think |"), NEW);
  assert.ok(renewed.includes("| loss | 2 |\n\n| loss | 1, I think |\n\n## Conclusion"));
});

test("a line typed right under or above a block is a part of its own", () => {
  const renewed = renew(fresh.replace("| loss | 1 |\n", "| loss | 1 |\ntyped below\n"), NEW);
  assert.ok(renewed.includes("| loss | 2 |\n\ntyped below\n\n## Conclusion"));
  const above = renew(fresh.replace("## Conclusion", "typed above\n## Conclusion"), NEW);
  assert.ok(above.includes("| loss | 2 |\n\ntyped above\n\n## Conclusion"));
});

test("a deleted block comes back", () => {
  assert.equal(renew(fresh.replace("| loss | 1 |\n\n", ""), NEW), renew(undefined, NEW));
});

test("a fence that quotes the page keeps the quoted lines", () => {
  const fence = "```\n## Results\n\n| loss | 1 |\n```";
  const renewed = renew(fresh.replace("## Conclusion", `${fence}\n\n## Conclusion`), NEW);
  assert.ok(renewed.includes(`| loss | 2 |\n\n${fence}\n\n## Conclusion`));
});

test("a fence that nothing closes swallows no block", () => {
  const renewed = renew(fresh.replace("# Warm-up", "# Warm-up\n\n```python"), NEW);
  assert.equal(renewed.match(/## Conclusion/g)?.length, 1);
  assert.ok(renewed.includes("# Warm-up\n\n```python\n\n## Results"));
});

test("a part whose block is gone follows the nearest block above", () => {
  const withFigure = renew(undefined, page("t", { key: "figure", text: "![x](x.webp)" }));
  const edited = withFigure.replace("![x](x.webp)", "![x](x.webp)\n\nOn the figure.");
  assert.ok(renew(edited, page("t")).includes("\nt\n\nOn the figure.\n\n## Conclusion"));
});

test("line ends, a byte-order mark and a formatter's tables change no owner", () => {
  const windows = `\uFEFF${fresh.replace("| loss | 1 |", "| loss |   1 |\n\nMine.").replaceAll("\n", "\r\n")}`;
  const renewed = renew(windows, NEW);
  assert.ok(renewed.includes("| loss | 2 |\r\n\r\nMine.\r\n\r\n## Conclusion\r\n"));
  assert.ok(renewed.startsWith("\uFEFF# Warm-up\r\n"));
  assert.equal(/[^\r]\n/.test(renewed), false);
});

test("a page without a seal is somebody else's", () => {
  assert.equal(renewPage("# My own report\n", OLD).kind, "not-ours");
  assert.equal(renewPage(fresh.replace("[nightlab]:", "[mine]:"), OLD).kind, "not-ours");
});

test("an empty file is nobody's", () => {
  assert.equal(renew("\n \n", OLD), fresh);
});

test("conflict markers stop the renewal, with their line", () => {
  const torn = fresh.replace("## Results", "<<<<<<< HEAD\n## Results\n=======\n>>>>>>> x");
  assert.deepEqual(renewPage(torn, NEW), { kind: "conflicted", line: 3 });
});
