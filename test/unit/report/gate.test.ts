import assert from "node:assert/strict";
import { test } from "node:test";
import { gateFindings } from "../../../src/report/gate.ts";
import { renderReport } from "../../../src/report/page.ts";
import { markOf } from "../../../src/report/seal.ts";
import { audited, experimentOf } from "../../property/audit-case.ts";

const values = Array.from({ length: 40 }, (_, i) => 2_000 + 37 * i);
const shape = { seeds: 5, settings: 2, baseline: 5, crashed: true, notFinite: false, values };
const given = experimentOf({ ...shape, criterion: 2, direction: "min" });
const page = renderReport(given.input);
const lineOf = (path: string, line: number): string | undefined =>
  given.lines.get(`${path}#${line}`);

/** The page as if nightlab itself had written another text for a block. */
function forged(from: string, to: string): string {
  const block = page.split("\n\n").find((one) => one.includes(from)) ?? "";
  const text = block.replace(from, to);
  assert.notEqual(block, text);
  return page
    .replace(block, text)
    .replace(markOf({ key: "", text: block }).text, markOf({ key: "", text }).text);
}

test("a true page passes the gate", () => {
  assert.deepEqual(gateFindings(page, lineOf), []);
  assert.deepEqual(audited(page, given).findings, []);
});

test("a number that is not its operands' mean, or not its source's token, is refused", () => {
  const mean = /\| (≈ 0\.\d+) \| ≈/.exec(page)?.[1] ?? "";
  const wrong = forged(mean, "≈ 0.987654");
  assert.match(gateFindings(wrong, lineOf)[0]?.message ?? "", /^its operands give 0\./);
  const cited = /\| (0\.\d+) \[1\]/.exec(page)?.[1] ?? /(0\.\d+) \[1\]/.exec(page)?.[1] ?? "";
  const other = forged(`${cited} [1]`, "0.1357 [1]");
  assert.match(gateFindings(other, lineOf)[0]?.message ?? "", /^its source says 0\./);
});

test("a person's own number does not keep the page from being saved", () => {
  const mine = page.replace("## Discussion\n", "## Discussion\n\nI hoped for 0.777 [1].\n");
  assert.deepEqual(gateFindings(mine, lineOf), []);
  assert.equal(audited(mine, given).findings.length, 1);
});
