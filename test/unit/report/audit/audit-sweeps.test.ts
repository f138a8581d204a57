// Every number in a sweep's receipt is looked up again: its table's cells, its best, its flags.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readJournal } from "../../../../src/journal/read/read.ts";
import { auditReceipts } from "../../../../src/report/audit/audit-receipts.ts";
import type { ReportRun } from "../../../../src/judge/input.ts";
import { input, run } from "../../judge/given.ts";

const member = (number: number, lr: string, token: string, fields = {}): ReportRun =>
  run(`lr-sweep-lr-${lr}`, ["1.5", token], {
    id: `w9ce.${number}`,
    attempt: `w9ce.${number}-1`,
    sweep: { id: "w9ce", name: "lr-sweep" },
    ...fields,
  });
const RUNS = [
  member(1, "1e-4", "0.312"),
  member(2, "3e-4", "0.299"),
  member(3, "1e-3", "0.9", { ending: "failed", cause: { kind: "exit-code", code: 1 } }),
];

const JOURNAL = `# A

\`\`\`yaml
run: lr-sweep
sweep: { lr: [1e-4, 3e-4, 1e-3] }
\`\`\`

> **failed** \`w9ce\` · 2025-02-02 14:30:00, 3 min · 2 of 3 done, 1 failed
>
> | run      | lr   | state  | time | val/loss | flags |
> | -------- | ---- | ------ | ---- | -------- | ----- |
> | \`w9ce.1\` | 1e-4 | done   | 41 s | 0.312    |       |
> | \`w9ce.2\` | 3e-4 | done   | 41 s | 0.299    |       |
> | \`w9ce.3\` | 1e-3 | failed | 41 s | 0.9      | 1     |
>
> Best of 2 runs that are done: last val/loss 0.299, \`w9ce.2\` (lr 3e-4). It was picked after the results were seen.
`;

function found(text: string): readonly string[] {
  const reading = readJournal(text);
  const given = input({}, RUNS, { reading });
  return auditReceipts({ ...given, journal: reading }, text).findings.map(
    ({ line, said, message }) => `${line} ${said}: ${message}`,
  );
}

test("a sweep's receipt that says what the logs say has nothing to find", () => {
  assert.deepEqual(found(JOURNAL), []);
  const reading = readJournal(JOURNAL);
  assert.ok(auditReceipts({ ...input({}, RUNS), journal: reading }, JOURNAL).claims > 8);
});

test("a negative value, whose minus Markdown would read as a list, is the logged one", () => {
  const text = JOURNAL.replace("0.312    |", "\\-1.9e-09 |").replace(
    "| 0.299    |",
    "| NaN      |",
  );
  const runs = [member(1, "1e-4", "-1.9e-09"), member(2, "3e-4", "NaN"), ...RUNS.slice(2)];
  const reading = readJournal(text);
  const told = auditReceipts({ ...input({}, runs, { reading }), journal: reading }, text);
  assert.deepEqual(
    told.findings.map(({ line }) => line),
    [16],
    "the best of them alone",
  );
});

test("each cell that says something else is told at its line", () => {
  assert.deepEqual(found(JOURNAL.replace("| 0.299    |", "| 0.289    |")), [
    "13 0.289: runs/2025-02-02T14-30-00-lr-sweep-lr-3e-4/logs/train.log:2 says 0.299",
  ]);
  assert.deepEqual(found(JOURNAL.replace("| failed | 41 s", "| done   | 41 s")), [
    "14 done: run.json says failed",
  ]);
  assert.deepEqual(found(JOURNAL.replace("| done   | 41 s", "| done   | 9 s")), [
    "12 9 s: run.json says another time",
  ]);
  assert.deepEqual(found(JOURNAL.replace("| val/loss |", "| val/gain |")).length, 3);
});

test("a best value that no run logged is told", () => {
  assert.deepEqual(found(JOURNAL.replace("last val/loss 0.299", "last val/loss 0.2")), [
    "16 val/loss 0.2: runs/2025-02-02T14-30-00-lr-sweep-lr-3e-4/logs/train.log:2 says 0.299",
  ]);
});
