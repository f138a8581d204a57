import assert from "node:assert/strict";
import { test } from "node:test";
import { defined } from "../../../src/base/defined.ts";

test("only what is undefined is left out, and the order stays", () => {
  const missing = undefined as number | undefined;
  const values = { no: missing, zero: 0, empty: "", none: null, not: false, nan: Number.NaN };
  const kept = defined(values);
  assert.deepEqual(kept, { zero: 0, empty: "", none: null, not: false, nan: Number.NaN });
  assert.deepEqual(Object.keys(kept), ["zero", "empty", "none", "not", "nan"]);
  const typed: { readonly no?: number; readonly zero: number } = kept;
  assert.equal("no" in typed, false);
});
