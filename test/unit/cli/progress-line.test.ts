import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { progressLine } from "../../../src/cli/progress-line.ts";

function shown(isTTY: boolean, texts: readonly string[]): string {
  let written = "";
  const out = { isTTY, columns: 40, write: (text: string) => (written += text) };
  const line = progressLine(out);
  for (const text of texts) line.show(text);
  line.end();
  return written;
}

describe("progressLine", () => {
  it("redraws one line on a terminal, cut to its width", () => {
    const written = shown(true, ["running 1 s", "running 1 s", "x".repeat(100)]);
    assert.equal(written.split("\r").length - 1, 2);
    assert.equal(written.split("\n").length - 1, 2);
    assert.ok(!written.includes("x".repeat(36)));
  });

  it("writes only what is news where no line can be redrawn", () => {
    const written = shown(false, ["queued", "running 1 s", "running 2 s", "done; receipt"]);
    assert.equal(written, "  … queued\n  … running 1 s\n  … done; receipt\n\n");
  });

  it("writes nothing where there was nothing to show", () => {
    assert.equal(shown(true, []), "");
  });
});
