import assert from "node:assert/strict";
import { test } from "node:test";
import { changedArguments } from "../../../src/domain/changed-arguments.ts";

const changed = (line: string, option: string, to: string): string | undefined =>
  changedArguments(line.split(" "), [{ option, to }])?.args.join(" ");

test("a number is divided and multiplied, whole ones stay whole", () => {
  assert.equal(changed("--batch-size 64", "--batch-size", "/2"), "--batch-size 32");
  assert.equal(changed("--batch-size=33 --x", "--batch-size", "/2"), "--batch-size=16 --x");
  assert.equal(changed("--accumulate 2", "--accumulate", "*2"), "--accumulate 4");
  assert.equal(changed("--lr 1e-4", "--lr", "/10"), "--lr 0.00001");
  assert.equal(changed("--lr 0.5", "--lr", "*1.5"), "--lr 0.75");
});

test("the last one of an option counts, as for the script", () => {
  assert.equal(changed("--b 8 --b 4", "--b", "/2"), "--b 8 --b 2");
});

test("a value as written replaces what was there, or is added", () => {
  assert.equal(changed("--precision 32", "--precision", "16"), "--precision 16");
  assert.equal(changed("--a 1", "--checkpointing", "on"), "--a 1 --checkpointing on");
});

test("what cannot be changed so is not tried", () => {
  assert.equal(changed("--b 1", "--b", "/2"), undefined);
  assert.equal(changed("--b 0", "--b", "*2"), undefined);
  assert.equal(changed("--b adam", "--b", "/2"), undefined);
  assert.equal(changed("--other 1", "--b", "/2"), undefined);
  assert.equal(changed("--b", "--b", "/2"), undefined);
  assert.equal(changed("--b 9007199254740993", "--b", "*3"), undefined);
});
