import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../../properties.ts";
import { m4 } from "../../../src/base/m4.ts";

const VALUE = fc.oneof(
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 1),
);

test("each column keeps its first, smallest, largest and last finite value", () => {
  fc.assert(
    fc.property(
      fc.array(VALUE, { minLength: 1, maxLength: 400 }),
      fc.integer({ min: 1, max: 40 }),
      (list, columns) => {
        const values = Float64Array.from(list);
        const steps = values.map((_, i) => i);
        const { kept } = m4(steps, values, columns, 0, values.length - 1);
        const keptValues = new Map<number, number[]>();
        const all = new Map<number, number[]>();
        const column = (i: number): number =>
          values.length === 1
            ? 0
            : Math.min(columns - 1, Math.floor(i * (columns / (values.length - 1))));
        for (const i of kept) keptValues.set(column(i), [...(keptValues.get(column(i)) ?? []), i]);
        for (let i = 0; i < values.length; i += 1) {
          if (Number.isFinite(values[i])) all.set(column(i), [...(all.get(column(i)) ?? []), i]);
        }
        assert.equal(keptValues.size, all.size);
        for (const [id, indices] of all) {
          const found = keptValues.get(id) ?? [];
          const of = (some: readonly number[]) => some.map((i) => values[i] ?? 0);
          assert.ok(found.length <= 4);
          assert.equal(found[0], indices[0]);
          assert.equal(found.at(-1), indices.at(-1));
          assert.equal(Math.min(...of(found)), Math.min(...of(indices)));
          assert.equal(Math.max(...of(found)), Math.max(...of(indices)));
        }
        assert.deepEqual(
          [...kept],
          [...kept].toSorted((a, b) => a - b),
        );
      },
    ),
  );
});

test("two kept samples are joined exactly where all values between them are finite", () => {
  fc.assert(
    fc.property(
      fc.array(VALUE, { maxLength: 300 }),
      fc.integer({ min: 1, max: 20 }),
      (list, columns) => {
        const values = Float64Array.from(list);
        const steps = values.map((_, i) => i);
        const { kept, stretch } = m4(steps, values, columns, 0, values.length - 1);
        for (let k = 1; k < kept.length; k += 1) {
          const between = values.subarray(kept[k - 1] ?? 0, kept[k] ?? 0);
          assert.equal(stretch[k] === stretch[k - 1], between.every(Number.isFinite));
        }
      },
    ),
  );
});

test("a one-step spike among two million values stays, and few points come out", () => {
  const values = new Float64Array(2_000_000).fill(1);
  values[1_234_567] = 9;
  const steps = values.map((_, i) => i);
  const { kept } = m4(steps, values, 640, 0, values.length - 1);
  assert.ok([...kept].includes(1_234_567));
  assert.ok(kept.length <= 4 * 640);
});

test("each kind of value that is not finite is marked once in a column", () => {
  const values = [Number.NaN, Number.NaN, Infinity, 1, -Infinity, Infinity];
  const { holes, kept } = m4(new Float64Array(6), Float64Array.from(values), 640, 0, 0);
  assert.deepEqual([...holes], [0, 2, 4]);
  assert.deepEqual([...kept], [3]);
});

test("where the step falls a new line begins, and columns keep what the second pass holds", () => {
  const steps = Float64Array.from([0, 1, 2, 0, 1, 2]);
  const values = Float64Array.from([1, 2, 3, 4, 5, 6]);
  const { kept, stretch } = m4(steps, values, 3, 0, 2);
  assert.deepEqual([...kept], [0, 1, 2, 3, 4, 5]);
  assert.deepEqual([...stretch], [0, 0, 0, 1, 1, 1]);
});

test("an empty series gives nothing", () => {
  const { kept, holes } = m4(new Float64Array(0), new Float64Array(0), 640, 0, 0);
  assert.equal(kept.length + holes.length, 0);
});
