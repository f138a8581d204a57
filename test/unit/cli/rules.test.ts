import assert from "node:assert/strict";
import { test } from "node:test";
import { rules } from "../../../src/cli/rules.ts";
import { RULES } from "../../../src/model/finding.ts";

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
