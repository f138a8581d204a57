import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { test } from "node:test";
import { inTurns } from "../../../../src/effects/os/in-turns.ts";

/** Parts of a millisecond each until `isOver`, counted. */
function* endless(isOver: () => boolean): Generator<undefined, number, undefined> {
  let parts = 0;
  while (!isOver()) {
    const until = performance.now() + 1;
    while (performance.now() < until);
    parts += 1;
    yield;
  }
  return parts;
}

test("a hundred answers in a row do not each wait for a turn of long work", async () => {
  let over = false;
  const work = inTurns(endless(() => over));
  for (let i = 0; i < 100; i += 1) await stat(import.meta.filename);
  over = true;
  const parts = await work;
  assert.ok(parts > 0, "the work went on");
  assert.ok(parts < 120, `${parts} parts of the work were done before the hundredth answer`);
});
