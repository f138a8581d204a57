import assert from "node:assert/strict";
import { test } from "node:test";
import { standsIn } from "../../../../src/report/audit/token-in-line.ts";

test("a token stands in a line by itself, whatever is around it", () => {
  for (const line of [
    "loss=0.5",
    '"loss": 0.5,',
    "loss 0.5.",
    "0.5s (0.5)",
    "lr=[0.5, 1]",
    "\u001B[36m0.5\u001B[0m",
    "0.\u001B[1m5\u001B[0m",
    "0.7\b5",
    "10%|#  |\rloss 0.5",
    "\u001B[3\rloss 0.5",
    "x0.5",
    "0.5.7",
  ]) {
    assert.ok(standsIn(line, "0.5"), JSON.stringify(line));
  }
  assert.ok(standsIn("1.2.3", ".3"));
  assert.ok(standsIn("tensor(nan)", "nan"));
});

test("as a part of a longer number it does not", () => {
  for (const line of ["0.55", "10.5", "3.0.5", "0,5", "0 .5", "", "loss"]) {
    assert.ok(!standsIn(line, "0.5"), line);
  }
  assert.ok(!standsIn("7.25", "7"));
  assert.ok(!standsIn("12", "1"));
});
