// The plain YAML that is read without the library means what the library says, to the offset.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readPlainYaml } from "../../src/base/plain-yaml.ts";
import { readYamlMap, type YamlEntry, type YamlValue } from "../../src/base/yaml-map.ts";
import { cpuMs } from "../cpu-ms.ts";
import * as fc from "../properties.ts";

const TIMES = Number(process.env["NIGHTLAB_TEST_FUZZ"] ?? 1);

/** A comment above is not plain, so that the library reads what is below it. */
const COMMENT = "# c\n";

function byLibrary(text: string): readonly YamlEntry[] | "faults" {
  const { entries, faults } = readYamlMap(COMMENT + text);
  return faults.length > 0 ? "faults" : entries.map(movedUp);
}

const movedUp = ({ key, offset, value }: YamlEntry): YamlEntry => ({
  key,
  offset: offset - COMMENT.length,
  value: valueUp(value),
});

function valueUp(value: YamlValue): YamlValue {
  const offset = value.offset - COMMENT.length;
  switch (value.kind) {
    case "list":
      return { ...value, offset, items: value.items.map(valueUp) };
    case "map":
      return { ...value, offset, entries: value.entries.map(movedUp) };
    case "text":
    case "empty":
    case "unreadable":
      return { ...value, offset };
  }
}

const word = fc.constantFrom(
  "full",
  "1e-4",
  "-0.5",
  "0x1F",
  "null",
  "~",
  "true",
  "a/b",
  "ü",
  "é.x",
  "2h",
  "_",
  "-",
  "...",
  "---",
  "a-",
  "-a",
  "<<",
  "a:",
  ":a",
  "*a",
  "&a",
  "!a",
  "%a",
  "@a",
  "?",
  "? a",
  "#a",
  "a#",
  "'a'",
  '"a"',
  "|",
  ">",
);
const sign = fc.constantFrom(
  " ",
  "  ",
  ", ",
  ",",
  "<=",
  " >",
  "=",
  "(",
  ") ",
  "- ",
  " #",
  ": ",
  "\t",
  "\u0085",
);
const plain = fc.array(fc.oneof(word, sign), { maxLength: 5 }).map((parts) => parts.join(""));
const { flow } = fc.letrec<{ flow: string }>((tie) => ({
  flow: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    word,
    fc.array(tie("flow"), { maxLength: 3 }).map((items) => `[${items.join(", ")}]`),
    fc.array(tie("flow"), { maxLength: 3 }).map((items) => `[ ${items.join(" ,")} ]`),
    fc
      .array(fc.tuple(fc.constantFrom("lr", "seed", "null", "a b"), tie("flow")), { maxLength: 3 })
      .map((pairs) => `{ ${pairs.map(([key, value]) => `${key}: ${value}`).join(", ")} }`),
  ),
}));
const mostly = (usual: fc.Arbitrary<string>, ...others: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: fc.constantFrom(...others) });
const key = mostly(
  fc.constantFrom("run", "stop on", "time-zone", "null", "y", "seed", "a_b"),
  "a.b",
  " run",
  "-",
  "run ",
);
const line = fc
  .tuple(
    key,
    mostly(fc.constantFrom(": ", ":  "), ":", ":\t"),
    fc.oneof(word, plain, flow),
    mostly(fc.constantFrom("", " "), " # c"),
  )
  .map((parts) => parts.join(""));
const end = mostly(fc.constant("\n"), "\n\n", "\r\n", "\n  ", "\n...\n");
const text = fc
  .array(fc.tuple(line, end), { minLength: 1, maxLength: 4 })
  .map((lines) => lines.flat().join(""));

test("what is read as plain YAML is what the library reads", () => {
  let plainly = 0;
  const property = fc.property(text, (yaml) => {
    const entries = readPlainYaml(yaml);
    if (entries === undefined) return;
    plainly += 1;
    assert.deepEqual(entries, byLibrary(yaml));
  });
  fc.assert(property, { numRuns: 10_000 * TIMES });
  assert.ok(plainly > 300, `${plainly} texts were plain`);
});

test("fences and frontmatters as people write them are plain", () => {
  const yaml =
    "run: lr-sweep --fast\ngpus: 1\ntimeout: 90m\nsweep: { lr: [1e-4, 3e-4], seed: [0, 1, 2] }\n" +
    "hypothesis: If it is warmed up for 500 steps, val/loss drops by at least 2 %.\n" +
    "success: val/loss <= 0.98\nmetrics: [train/loss, acc]\nstop on: [not-finite]";
  assert.deepEqual(readPlainYaml(yaml), byLibrary(yaml));
});

test("no text takes long to be found not plain", () => {
  const rows = [" ", "-", "a ", "[", "{a: ", "a,", "a-"].map((part) => part.repeat(30_000));
  for (const row of rows) {
    assert.ok(cpuMs(() => readPlainYaml(`run: a${row}x:`)) < 500);
    assert.ok(cpuMs(() => readPlainYaml(`run: [a${row}x:`)) < 500);
  }
});
