import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../../properties.ts";
import { plotNames } from "../../../src/judge/plot-names.ts";

const name = (key: string): string => plotNames([key]).get(key) ?? "";

test("usual keys read as they are logged", () => {
  assert.equal(name("val/loss"), "val-loss");
  assert.equal(name("train_loss"), "train_loss");
  assert.equal(name("précision"), "precision");
});

test("keys that would share a file get one each, also where case does not count", () => {
  const names = [...plotNames(["a/b", "a-b", "A/B", "a b"]).values()];
  assert.equal(names[0], "a-b");
  assert.equal(new Set(names.map((each) => each.toLowerCase())).size, 4);
});

test("no key leads out of the folder, hides a file or is a device", () => {
  for (const key of [
    "..",
    "../../etc/passwd",
    ".",
    "/",
    "",
    "...",
    ".hidden",
    "-rf",
    "aux",
    "CON",
    "nul.x",
  ]) {
    assert.match(name(key), /^[A-Za-z0-9_][A-Za-z0-9._-]*$/, key);
    assert.doesNotMatch(name(key), /^(aux|con|nul)(\.|$)/i, key);
  }
});

test("keys of other scripts and very long ones have short names of their own", () => {
  const keys = [
    "损失/train",
    "精度/train",
    "потери",
    `${"x".repeat(5_000)}1`,
    `${"x".repeat(5_000)}2`,
  ];
  const names = [...plotNames(keys).values()];
  assert.equal(new Set(names).size, keys.length);
  assert.ok(names.every((each) => each.length <= 110));
});

test("any keys: names are safe and differ, and later keys change no earlier name", () => {
  const key = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    fc.constantFrom("a/b", "a-b", "A-b", "a.b", "á-b", "..", "a--b"),
  );
  fc.assert(
    fc.property(fc.uniqueArray(key, { maxLength: 12 }), fc.nat(12), (keys, cut) => {
      const all = plotNames(keys);
      const folded = [...all.values()].map((each) => each.toLowerCase());
      assert.equal(new Set(folded).size, keys.length);
      assert.ok(folded.every((each) => /^[a-z0-9_][a-z0-9._-]*$/.test(each)));
      for (const [early, found] of plotNames(keys.slice(0, cut)))
        assert.equal(all.get(early), found);
    }),
  );
});
