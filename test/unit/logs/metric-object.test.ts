import assert from "node:assert/strict";
import { test } from "node:test";
import { readMetricObject } from "../../../src/logs/metric-object.ts";

/** `key=token` of each number, and `key:value` of each string. */
function read(text: string): string | undefined {
  const object = readMetricObject(text, 0);
  if (object === undefined) return undefined;
  const numbers = object.numbers.map(({ key, token }) => `${key}=${token}`);
  return [...numbers, ...object.strings.map(({ key, value }) => `${key}:${value}`)].join(" ");
}

test("numbers keep their literal token", () => {
  assert.equal(
    read('{"a": 0.50, "b": 1e-05, "c": -0.0, "d": 12345678901234567890.10, "e": 1E+3}'),
    "a=0.50 b=1e-05 c=-0.0 d=12345678901234567890.10 e=1E+3",
  );
});

test("Python's numbers that are no JSON are read", () => {
  const object = readMetricObject(
    '{"a": NaN, "b": Infinity, "c": -Infinity, "d": nan, "e": -inf}',
    0,
  );
  assert.deepEqual(
    object?.numbers.map((entry) => entry.value),
    [Number.NaN, Infinity, -Infinity, Number.NaN, -Infinity],
  );
});

test("a written number too large for a double is not infinite", () => {
  const object = readMetricObject('{"a": 1e999, "b": -1e999}', 0);
  assert.deepEqual(
    object?.numbers.map((entry) => entry.value),
    [Number.MAX_VALUE, -Number.MAX_VALUE],
  );
});

test("nested objects are joined with a slash", () => {
  assert.equal(read('{"val": {"acc": {"top1": 0.5}}, "x": 1}'), "val/acc/top1=0.5 x=1");
});

test("booleans, null and arrays are passed over, strings of the outermost object kept", () => {
  assert.equal(
    read('{"a": true, "b": null, "c": [1, "]", {"x": 2}], "s": "val", "d": 1}'),
    "d=1 s:val",
  );
  assert.equal(read("{'a': True, 'b': None, 'c': (1, 2), 'd': 1,}"), "d=1");
});

test("escapes in keys are resolved", () => {
  assert.equal(read(String.raw`{"a\"bé\\": 1}`), 'a"bé\\=1');
});

test("what follows the object is not looked at", () => {
  assert.equal(read('{"a": 1} and more {'), "a=1");
});

test("an object that is torn, wrong or nested without end is not understood", () => {
  for (const text of [
    "{",
    '{"a',
    '{"a":',
    '{"a": 1',
    '{"a": 1 "b": 2}',
    '{"a": x}',
    '{"a": 1.2.3}',
  ]) {
    assert.equal(read(text), undefined, text);
  }
  assert.equal(read('{"a":'.repeat(100_000)), undefined);
  assert.equal(read(`{"a": ${"[".repeat(100_000)}`), undefined);
  assert.equal(read(`{"${"k".repeat(1_000)}": 1}`), undefined);
});

test("names that objects have of their own are ordinary keys", () => {
  assert.equal(read('{"__proto__": 1, "constructor": 2}'), "__proto__=1 constructor=2");
});
