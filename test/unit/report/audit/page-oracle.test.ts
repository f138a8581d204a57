import assert from "node:assert/strict";
import { test } from "node:test";
import { verifyFindings } from "../../../oracle/verify-page.ts";
import { renderReport } from "../../../../src/report/page/page.ts";
import { markOf } from "../../../../src/base/page-signature.ts";
import { audited, experimentOf } from "../../../property/audit-case.ts";
import { input, run } from "../../judge/given.ts";

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

test("the oracle has nothing against a true page", () => {
  assert.deepEqual(verifyFindings(page, lineOf), []);
  assert.deepEqual(audited(page, given).findings, []);
});

test("a number that is not its operands' mean, or not its source's token, is refused", () => {
  const mean = /\| (≈ 0\.\d+) \| ≈/.exec(page)?.[1] ?? "";
  const wrong = forged(mean, "≈ 0.987654");
  assert.match(verifyFindings(wrong, lineOf)[0]?.message ?? "", /^its operands give 0\./);
  const cited = /\| (0\.\d+) \[1\]/.exec(page)?.[1] ?? /(0\.\d+) \[1\]/.exec(page)?.[1] ?? "";
  const other = forged(`${cited} [1]`, "0.1357 [1]");
  assert.match(verifyFindings(other, lineOf)[0]?.message ?? "", /^its source says 0\./);
});

test("a name that reads like a formula or like HTML is shown as it is, and passes", () => {
  const named = input({}, [run("full", ["0.5"], {}, "$a$ &lt; b")]);
  const shown = renderReport(named);
  assert.match(shown, /\| \\\$a\\\$ \\&lt; b /);
  const line = '2025-02-02 14:30:00 | INFO | metric {"step": 0, "$a$ &lt; b": 0.5}';
  assert.deepEqual(
    verifyFindings(shown, () => line),
    [],
  );
});

test("a person's own number does not keep the page from being saved", () => {
  const mine = page.replace("## Discussion\n", "## Discussion\n\nI hoped for 0.777 [1].\n");
  assert.deepEqual(verifyFindings(mine, lineOf), []);
  assert.equal(audited(mine, given).findings.length, 1);
});

/** A page with a part for each thing that the oracle works out again. */
const many = experimentOf({
  ...shape,
  seeds: 12,
  settings: 3,
  baseline: 1,
  values: values.map((value, i) => value + 300 * (i % 7)),
  criterion: 0,
  direction: "min",
});
const manyPage = renderReport(many.input);
const manyLines = (path: string, line: number): string | undefined =>
  many.lines.get(`${path}#${line}`);

function refusals(text: string, pattern: RegExp, to: string, lines = manyLines): readonly string[] {
  const from = pattern.exec(text)?.[0] ?? "";
  assert.notEqual(from, "", String(pattern));
  const block = text.split("\n\n").find((one) => one.includes(from)) ?? "";
  const other = block.replace(from, from.replace(pattern, to));
  assert.notEqual(block, other, String(pattern));
  const forgedPage = text
    .replace(block, () => other)
    .replace(markOf({ key: "", text: block }).text, markOf({ key: "", text: other }).text);
  return verifyFindings(forgedPage, lines).map((one) => one.message);
}

test("the interval of pairs is worked out from the values of one place", () => {
  // Values that go up evenly differ evenly: of such pairs nothing is tested.
  const uneven = Array.from({ length: 37 }, (_, i) => 2_000 + ((i * i * 131) % 977));
  const pairs = experimentOf({ ...shape, values: uneven, criterion: 2, direction: "min" });
  const paired = renderReport(pairs.input);
  const linesOf = (path: string, line: number): string | undefined =>
    pairs.lines.get(`${path}#${line}`);
  assert.deepEqual(verifyFindings(paired, linesOf), []);
  const interval = /≈ -?[\d.]+( to ≈ -?[\d.]+ +\| [a-z ]+\(paired t)/;
  const [wrong] = refusals(paired, interval, "≈ -0.9$1", linesOf);
  assert.match(wrong ?? "", /^its operands give -?0\./);
});

test("median, BCa interval, mean, bound, counts and word of a verdict are worked out again", () => {
  assert.deepEqual(verifyFindings(manyPage, manyLines), []);
  const lies: readonly (readonly [RegExp, string, RegExp])[] = [
    [/(\| ≈ )0\.\d+( \| ≈ [\d.]+ to ≈ [\d.]+ \|)$/m, "$10.1234$2", /^its operands give/],
    [/( to ≈ )0\.\d+( \|)$/m, "$10.9876$2", /^its operands give/],
    [
      /(The mean of the last `val\/loss` over 12 runs is ≈ )0\.\d+/,
      "$10.111",
      /its rows give 0\.|something else/,
    ],
    [/(t-bound ≈ )0\.\d+/, "$10.111", /its rows give a bound|something else/],
    [/asks for at most 0\.4/, "asks for at least 0.4", /its table asks for <=|something else/],
    [/\d+ of 12 runs meet it/, "11 of 12 runs meet it", /its rows give|something else/],
    [/There are (\d+) runs/, "There are 7 runs", /Methods lists 38 runs/],
    [/: 37 done/, ": 36 done", /Methods lists 37 done/],
    [
      /(The smallest last `val\/loss` of \d settings? and \d+ runs? is )0\.\d+/,
      "$10.999",
      /its table gives|its source says/,
    ],
  ];
  for (const [pattern, to, message] of lies) {
    const found = refusals(manyPage, pattern, to);
    assert.ok(
      found.some((one) => message.test(one)),
      `${pattern}: ${found.join("; ")}`,
    );
  }
});

test("tokens of any form that a log may hold are no reason to refuse a page", () => {
  const forms = ["1,234.5", "1e-05", "+0.5", ".5", "5.", "-0.25", "0", "-1.5E+3", "00.7", "1e400"];
  for (const success of ["val/loss <= 0.5", "2 * val/loss - 1 > -val/loss / 3", "val/loss == 0"]) {
    for (const [i, token] of forms.entries()) {
      const tokens = [
        token,
        forms[(i + 3) % forms.length] ?? "",
        forms[(i + 5) % forms.length] ?? "",
      ];
      for (const count of [1, 2, 3]) {
        const runs = tokens.slice(0, count).map((one, seed) => run(`full-seed-${seed}`, [one]));
        const text = renderReport(input({ success, failure: "max(val/loss) > 3" }, runs));
        const found = verifyFindings(text, () => undefined);
        assert.deepEqual(
          found.filter((one) => one.kind !== "changed-source"),
          [],
          tokens.join(" "),
        );
      }
    }
  }
});

test("the word of a verdict follows from its rows, whatever the page says", () => {
  const conclusion = manyPage.slice(manyPage.indexOf("## Conclusion"));
  const word = /The success criterion .* is \*\*([A-Z ]+)\*\*/.exec(conclusion)?.[1] ?? "";
  const other = word === "MET" ? "NOT MET" : "MET";
  const text = manyPage.replaceAll(
    `\`val/loss <= 0.4\` is **${word}**`,
    `\`val/loss <= 0.4\` is **${other}**`,
  );
  const marks = manyPage
    .split("\n\n")
    .map(
      (block) =>
        [
          block,
          block.replaceAll(
            `\`val/loss <= 0.4\` is **${word}**`,
            `\`val/loss <= 0.4\` is **${other}**`,
          ),
        ] as const,
    );
  let sealed = text;
  for (const [before, after] of marks) {
    if (before !== after)
      sealed = sealed.replace(
        markOf({ key: "", text: before }).text,
        markOf({ key: "", text: after }).text,
      );
  }
  const messages = verifyFindings(sealed, manyLines).map((one) => one.message);
  assert.deepEqual(messages, [`its rows give ${word}`]);
});
