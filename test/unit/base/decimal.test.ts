import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../../properties.ts";
import {
  arithmetic,
  compareDecimals,
  decimalText,
  meanOf,
  parseDecimal,
  toNumber,
  type Decimal,
} from "../../../src/base/decimal.ts";

const d = (token: string): Decimal => {
  const value = parseDecimal(token);
  assert.ok(value !== undefined, `${token} is a number`);
  return value;
};

test("a near miss stays a miss: .75886 is not .759", () => {
  assert.equal(compareDecimals(d(".75886"), d(".759")), -1);
  assert.equal(compareDecimals(d("0.7590"), d(".759")), 0);
});

test("values that are one double apart or none are still told apart", () => {
  assert.equal(compareDecimals(d("0.1000000000000000055"), d("0.1")), 1);
  assert.equal(decimalText(arithmetic("+", d("0.1"), d("0.2"))), "0.3");
});

test("exponents, signs, groups and bare points are read", () => {
  assert.equal(compareDecimals(d("6.44E+00"), d("6.44")), 0);
  assert.equal(compareDecimals(d("1,602,557"), d("1602557")), 0);
  assert.equal(compareDecimals(d("-1e-4"), d("-.0001")), 0);
  assert.equal(compareDecimals(d("+5."), d("5")), 0);
  assert.equal(compareDecimals(d("1.1k"), d("1100")), 0);
  assert.equal(compareDecimals(d("2.3M"), d("2300000")), 0);
});

test("what is no number, or too large a one, is none", () => {
  for (const token of ["", ".", "-", "1e", "abc", "1,60", "1e99999", "0x10", "1_000"]) {
    assert.equal(parseDecimal(token), undefined, token);
  }
});

test("NaN stands in no order, infinities stand at the ends", () => {
  assert.equal(compareDecimals(d("nan"), d("1")), undefined);
  assert.equal(compareDecimals(d("Infinity"), d("1e308")), 1);
  assert.equal(compareDecimals(d("-inf"), d("-1e308")), -1);
  assert.equal(compareDecimals(d("inf"), d("Infinity")), 0);
  assert.equal(arithmetic("/", d("1"), d("0")).kind, "nan");
});

test("derived numbers are written whole up to twelve digits, else marked as shortened", () => {
  assert.equal(decimalText(arithmetic("*", d("0.98"), d("0.412"))), "0.40376");
  assert.equal(decimalText(arithmetic("/", d("1"), d("3"))), "≈ 0.333333");
  assert.equal(decimalText(arithmetic("/", d("2"), d("3"))), "≈ 0.666667");
  assert.equal(decimalText(d("1500000")), "1500000");
  assert.equal(decimalText(d("-1e-7")), "-1e-7");
  assert.equal(decimalText(d("1.5e20")), "1.5e20");
  assert.equal(decimalText(d("0.9999999999999")), "≈ 1");
});

test("the mean of tokens is exact", () => {
  const mean = meanOf(["0.1", "0.2", "0.3"].map(d));
  assert.equal(compareDecimals(mean, d("0.2")), 0);
});

test("every double survives being written and read, and keeps its order", () => {
  const double = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(double, double, (a, b) => {
      const [left, right] = [d(String(a)), d(String(b))];
      assert.equal(toNumber(left), a + 0);
      assert.equal(compareDecimals(left, right), a < b ? -1 : a > b ? 1 : 0);
    }),
    { numRuns: 300, verbose: true },
  );
});
