import assert from "node:assert/strict";
import { test } from "node:test";
import { readJournal } from "../../../../src/journal/read/read.ts";
import { receiptInputs, type ReceiptInputs } from "../../../../src/journal/read/receipt-inputs.ts";
import { receiptBlocks } from "../../../../src/journal/receipt/receipt.ts";
import { pieceHash, renderJournal } from "../../../../src/journal/receipt/render.ts";
import type { Finding } from "../../../../src/domain/finding.ts";
import { attemptId, commandId, experimentPath, runFolder } from "../../../../src/base/ids.ts";
import type { Command } from "../../../../src/domain/world.ts";
import { SPEC, START } from "../receipt/started-run.ts";

const findings: readonly Finding[] = ["val/loss", "acc"].map((metric) => ({
  rule: "not-finite",
  tier: "A",
  metric,
  atMs: 0,
  message: `${metric} is NaN at step 4`,
  evidence: { file: "logs/train.log", line: 4, offset: 0 },
  count: 1,
  blocking: true,
}));

function command(change: Partial<Command>): Command {
  return {
    id: commandId("k7f3"),
    experiment: experimentPath("/lab/exp"),
    spec: { verb: "run", target: "a", args: [], go: false },
    canonical: "c",
    form: "line",
    source: "run: a",
    heading: "",
    line: 1,
    state: "held",
    approved: false,
    acceptedAtMs: 0,
    stateSinceMs: 0,
    notes: [],
    shownInWrite: 1,
    ...change,
  };
}

const done = command({
  state: "done",
  run: {
    attempt: attemptId("k7f3-1"),
    claimedAtMs: 0,
    spec: SPEC,
    start: START,
    startedAtMs: 0,
    limitMs: 120_000,
    folder: runFolder("2025-02-02T14-30-00-a"),
    exited: true,
    endedAtMs: 1000,
    plotted: true,
    resolved: [],
    outcome: { ending: "done", cause: { kind: "success" }, metrics: [], findings, plots: [] },
  },
});

/** Renders receipts of the commands, lets `edit` change the text, and reads the inputs. */
function inputsAfter(commands: readonly Command[], edit: (text: string) => string): ReceiptInputs {
  const text = commands.map(({ source }) => `${source}\n`).join("\n");
  const pieces = commands.map((one) => receiptBlocks(one, { timeZone: "UTC", promised: [] }));
  const rendered = new Set(pieces.flat().map(pieceHash));
  const receipts = new Map(pieces.entries());
  const shown = renderJournal({ text, reading: readJournal(text), rendered, receipts }).text;
  const byId = new Map(commands.map((one) => [one.id, one]));
  return receiptInputs(readJournal(edit(shown)), rendered, byId);
}

test("an untouched receipt says nothing", () => {
  assert.deepEqual(
    inputsAfter([done, command({ id: commandId("m2qd"), source: "run: b" })], (text) => text),
    { ticked: [], unticked: ["m2qd"], startAll: false, offersAll: false, resolved: [] },
  );
});

test("a ticked start box names its command", () => {
  const held = command({ id: commandId("m2qd"), source: "run: b" });
  for (const tick of ["[x]", "[X]"]) {
    const inputs = inputsAfter([done, held], (text) => text.replace("[ ] start", `${tick} start`));
    assert.deepEqual([inputs.ticked, inputs.unticked], [["m2qd"], []]);
  }
});

test("a box that the person wrote is no input", () => {
  const inputs = inputsAfter([command({})], (text) =>
    text.replace("- [ ] start", "- [ ] start\n> - [x] start the other one"),
  );
  assert.deepEqual(inputs.ticked, []);
});

test("a flag changed to resolved is known by its rule and metric", () => {
  const inputs = inputsAfter([done], (text) => text.replace("[WEIRD] acc", "[RESOLVED] acc"));
  assert.deepEqual(
    inputs.resolved.map(({ id, flag }) => [id, flag]),
    [["k7f3", "not-finite acc"]],
  );
  assert.match(inputs.resolved[0]?.blockText ?? "", /^00:00:00 \[RESOLVED\] acc is NaN at step 4/);
});
