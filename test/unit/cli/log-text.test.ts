import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../../properties.ts";
import { logText } from "../../../src/cli/log-text.ts";

function shown(...pieces: readonly Uint8Array[]): string {
  const text = logText();
  return pieces.map((piece) => text.next(piece)).join("") + text.end();
}

test("a terminal gets a log without colours, a line for each redraw, and nothing to obey", () => {
  const log =
    "\u001B[1;32mINFO\u001B[0m é\r\n10 %\r20 %\r\n\u001B]0;title\u0007\u001B[2J\u009B1mé\t1\n";
  assert.equal(
    shown(Buffer.from(log)),
    "INFO é\n10 %\n20 %\n" + String.raw`\x1b]0;title\x07\x1b[2J\u009b1mé` + "\t1\n",
  );
  assert.equal(shown(Buffer.from("end \u001B[3")), String.raw`end \x1b[3`);
});

test("how a log comes in pieces does not change what is shown", () => {
  const part = fc.constantFrom(
    "\u001B[31m",
    "\u001B[",
    "\r",
    "\n",
    "é漢",
    "x",
    "\u001B]",
    "\u009B",
  );
  fc.assert(
    fc.property(fc.array(part), fc.array(fc.nat(40)), (parts, cuts) => {
      const bytes = Buffer.from(parts.join(""));
      const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length];
      at.sort((a, b) => a - b);
      const pieces = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
      assert.equal(shown(...pieces), shown(bytes));
    }),
  );
});
