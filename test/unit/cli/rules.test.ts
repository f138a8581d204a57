import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { rules } from "../../../src/cli/rules.ts";
import { RULES } from "../../../src/domain/finding.ts";
import { RULE_BOOK } from "../../../src/rules/rule-book.ts";

test("all rules are listed with what they mean and how to change them", () => {
  const { text, exitCode } = rules(undefined, { json: false });
  assert.equal(exitCode, 0);
  for (const rule of RULES) assert.match(text, new RegExp(`^${rule} \\([ABC], `, "m"));
  assert.match(text, /^ {4}by: 0\.05 {2}/m);
  assert.match(text, /stop on: \[not-finite, diverged\]/);
});

test("one rule is shown by its name, and an unknown name is told", () => {
  assert.match(rules("spike", { json: false }).text, /^spike \(B, a flag when it lasts; may stop/);
  const { text, exitCode } = rules("spikes", { json: false });
  assert.equal(exitCode, 2);
  assert.match(text, /No rule is called "spikes"; there are not-finite, /);
});

test("programs get the same as data", () => {
  const all = JSON.parse(rules(undefined, { json: true }).text) as { name: string; tier: string }[];
  assert.deepEqual(
    all.map(({ name }) => name),
    RULES,
  );
  assert.equal(all.find(({ name }) => name === "warning-flood")?.tier, "C");
});

test("the page on rules has each of them, with its tier, sentence and numbers as they are", () => {
  const page = readFileSync(new URL("../../../docs/rules.md", import.meta.url), "utf8");
  for (const rule of RULES) {
    const part = page.split(`\n### ${rule}\n`)[1]?.split("\n### ")[0] ?? "";
    const { tier, says, numbers } = RULE_BOOK[rule];
    assert.ok(part.includes(`Tier ${tier}`) && part.includes(says), `${rule} in docs/rules.md`);
    for (const [key, { value }] of Object.entries(numbers)) {
      assert.match(part, new RegExp(`^\\| \`${key}\` +\\| ${value} +\\| `, "m"), `${rule}: ${key}`);
    }
    assert.match(page, new RegExp(`^\\| ${rule} +\\| ${tier} +\\| [01]\\.\\d{3} `, "m"), rule);
  }
});
