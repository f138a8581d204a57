import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { finalReceipt } from "../../../src/cli/demo-receipt.ts";

const JOURNAL = `# A

run: de-risk

> **done** \`k7f3\` · 2025-02-02 14:30:00, 41 s
>
> ![val/loss](runs/x/plots/val-loss.webp)

run: again

> **running** \`m2qd\` · since 14:41
`;

describe("receiptBelow", () => {
  it("gives the lines of a final receipt as they stand", () => {
    const receipt = finalReceipt(JOURNAL, "k7f3");
    assert.equal(receipt?.split("\n").length, 3);
    assert.match(receipt ?? "", /val-loss\.webp\)$/);
  });

  it("gives nothing while the receipt is not final, absent, or another's", () => {
    assert.equal(finalReceipt(JOURNAL, "m2qd"), undefined);
    assert.equal(finalReceipt(JOURNAL, "zzzz"), undefined);
    assert.equal(finalReceipt("", "k7f3"), undefined);
  });

  it("reads a journal that ends with the receipt, and one with CRLF", () => {
    assert.equal(finalReceipt("> **failed** `k7f3`", "k7f3"), "> **failed** `k7f3`");
    assert.equal(finalReceipt("> **lost** `k7f3`\r\n\r\nx", "k7f3"), "> **lost** `k7f3`");
  });
});
