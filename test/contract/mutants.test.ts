// The search for changes that no test notices: which changes it makes, and that a trial tells what
// becomes of one without touching the file.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { mutantsOf, nameOf, type Mutant } from "../search/mutants.ts";
import { mutated } from "../search/mutated.ts";
import { ROOT, runTests } from "../search/trial.ts";

const SOURCE = `import { a } from "./a.ts";
const BY = 0.5;
export function isFar(x: number): boolean {
  if (x < 3 && !a) a.push(1);
  return [x - BY].some((one) => one === 2);
}
`;

test("mutants are one change each, of what decides, and stay readable", () => {
  const all = mutantsOf("src/x.ts", SOURCE);
  const told = all.map((one) => {
    const was = SOURCE.slice(one.start, one.end);
    return `${one.line}:${one.column} ${was} -> ${one.becomes}`;
  });
  assert.deepEqual(told, [
    "2:12 0.5 -> 1",
    "3:44  ->  return true;",
    "3:44  ->  return false;",
    "4:7 x < 3 && !a -> true",
    "4:7 x < 3 && !a -> false",
    "4:9 < -> <=",
    "4:11 3 -> 4",
    "4:13 && -> ||",
    "4:16 !a -> a",
    "4:20 a.push(1); -> ;",
    "4:27 1 -> 2",
    "5:11 x - BY -> BY - x",
    "5:13 - -> +",
    "5:19 some -> every",
    "5:37 === -> !==",
    "5:41 2 -> 3",
  ]);
  for (const one of all) {
    assert.doesNotThrow(() => mutantsOf("src/x.ts", mutated(SOURCE, one)), nameOf(one));
  }
  assert.equal(new Set(all.map(nameOf)).size, all.length);
});

const FILE = "src/rules/overfitting.ts";
const TEST = "test/unit/rules/edges.test.ts";
const text = readFileSync(join(ROOT, FILE), "utf8");
const change = (was: string, becomes: string): Mutant => {
  const start = text.indexOf(was);
  assert.ok(start > 0, was);
  return { file: FILE, line: 1, column: 1, start, end: start + was.length, becomes };
};

const endOf = async (mutant?: Mutant): Promise<string> => {
  const { ended } = await runTests([TEST], 3_000, mutant === undefined ? {} : { mutant });
  return ended;
};

test("a trial kills what a test notices, ends what goes on for ever, and changes no file", async () => {
  assert.equal(await endOf(), "passed");
  assert.equal(await endOf(change("rise < by", "rise <= by")), "failed");
  assert.equal(await endOf(change("above its best", "over its best")), "passed");
  assert.equal(await endOf(change("at += 1", "at += 0")), "took too long");
  assert.equal(await endOf(change("rise < by", "rise < by by")), "failed", "it cannot be loaded");
  assert.equal(readFileSync(join(ROOT, FILE), "utf8"), text);
});
