import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import { shellWord } from "../../../src/base/shell-word.ts";

describe("shellWord", () => {
  it("is read by a shell as the text itself", () => {
    const texts = ["a/b.md", "a b", "a'; echo foo", "$(touch x)", "größe", "`x`", '"', "a\nb", ""];
    for (const text of texts) {
      const read = execFileSync("sh", ["-c", `printf %s ${shellWord(text)}`], { encoding: "utf8" });
      assert.equal(read, text);
    }
  });

  it("leaves plain paths as they are", () => {
    assert.equal(shellWord("nightlab-demo/.nightlab/state"), "nightlab-demo/.nightlab/state");
  });
});
