// The receipt of a sweep as a person reads it, raw; what its lines mean when they are changed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { format } from "prettier";
import type { CommandState } from "../../../../src/domain/command-state.ts";
import { readJournal } from "../../../../src/journal/read/read.ts";
import { receiptInputs } from "../../../../src/journal/read/receipt-inputs.ts";
import { receiptBlocks, type ReceiptContext } from "../../../../src/journal/receipt/receipt.ts";
import { pieceHash, renderJournal } from "../../../../src/journal/receipt/render.ts";
import type { Finding } from "../../../../src/domain/finding.ts";
import {
  attemptId,
  commandId,
  experimentPath,
  memberId,
  runFolder,
} from "../../../../src/base/ids.ts";
import type { RunOutcome } from "../../../../src/domain/run.ts";
import type { MetricSummary } from "../../../../src/domain/sample.ts";
import type { Command, Run } from "../../../../src/domain/world.ts";
import type { Measure } from "../../../../src/judge/comparisons.ts";

const START_MS = Date.UTC(2025, 1, 2, 22, 0, 12);
const HEAD = commandId("w9ce");
const TEXT =
  "# A\n\n```yaml\nrun: lr-sweep\nsweep: { lr: [1e-4, 3e-4, 1e-3], seed: [0, 1, 2] }\n```\n";

function metric(key: string, token: string): MetricSummary {
  const sample = { key, token, value: Number(token), file: "logs/train.log", line: 9, offset: 0 };
  return { key, count: 1, first: sample, last: sample, notFiniteCount: 0 };
}

const spike = (line: number): Finding => ({
  rule: "not-finite",
  tier: "A",
  metric: "train/loss",
  atMs: START_MS + 31_000,
  message: "train/loss ×4.1 at step 412",
  evidence: { file: "logs/train.log", line, offset: 0 },
  count: 1,
  blocking: false,
});

const done = (loss: string, findings: readonly Finding[] = []): Partial<RunOutcome> => ({
  ending: "done",
  cause: { kind: "success" },
  metrics: [metric("train/loss", "0.2"), metric("val/loss", loss)],
  findings,
});

function ran(
  number: number,
  name: string,
  outcome: Partial<RunOutcome> | undefined,
  resolved: readonly string[] = [],
): Run {
  const attempt = attemptId(`${memberId(HEAD, number)}-1`);
  const startedAtMs = START_MS + number * 60_000;
  return {
    attempt,
    claimedAtMs: startedAtMs - 100,
    startedAtMs,
    limitMs: 120_000,
    exited: outcome !== undefined,
    plotted: true,
    resolved,
    folder: runFolder(`2025-02-02T22-0${number}-12-${name}`),
    spec: {
      attempt,
      command: memberId(HEAD, number),
      verb: "run",
      name,
      lab: "/lab",
      experiment: "/lab/exp",
      script: "train.py",
      args: [name],
      env: {},
      limitMs: 120_000,
      place: { kind: "gpus", gpus: [{ uuid: "GPU-1", index: 1 }], share: 1 },
    },
    start: { codeHash: "", runner: "uv", said: "", queuedAtMs: 0, long: false, criteria: {} },
    ...(outcome === undefined
      ? {}
      : {
          endedAtMs: startedAtMs + 41_300,
          outcome: {
            ending: "done",
            cause: { kind: "success" },
            metrics: [],
            findings: [],
            plots: [],
            ...outcome,
          },
        }),
  };
}

function command(change: Partial<Command>): Command {
  return {
    id: HEAD,
    experiment: experimentPath("/lab/exp"),
    spec: { verb: "run", target: "lr-sweep", args: [], go: false },
    canonical: "c",
    form: "fence",
    source: "run: lr-sweep",
    heading: "",
    line: 3,
    state: "running",
    approved: true,
    acceptedAtMs: START_MS,
    stateSinceMs: START_MS,
    notes: [],
    shownInWrite: 0,
    ...change,
  };
}

const GRID = ["1e-4", "3e-4", "1e-3"].flatMap((lr) =>
  ["0", "1", "2"].map((seed) => [lr, seed] as const),
);

function member(number: number, state: CommandState, run?: Run): Command {
  const [lr, seed] = GRID[number - 1] ?? [String(number), "0"];
  const swept = [
    { key: "lr", value: lr },
    { key: "seed", value: seed },
  ];
  const spec = {
    verb: "run",
    target: `lr-sweep-lr-${lr}-seed-${seed}`,
    args: [],
    go: true,
  } as const;
  const id = memberId(HEAD, number);
  return command({ id, spec, state, swept, parent: HEAD, ...(run === undefined ? {} : { run }) });
}

const MEASURE: Measure = { name: "val/loss", aggregation: "last", better: "min" };

function sweep(
  members: readonly Command[],
  state: CommandState,
): { head: Command; context: ReceiptContext } {
  const shown = { timeZone: "UTC", promised: ["val/loss"] };
  return {
    head: command({ state, members: members.map(({ id }) => id) }),
    context: { ...shown, sweep: { ...shown, members, measures: [MEASURE] } },
  };
}

/** The journal with that receipt, as it stands in the file. */
function written(members: readonly Command[], state: CommandState, text = TEXT): string {
  const { head, context } = sweep(members, state);
  const receipts = new Map([[0, receiptBlocks(head, context)]]);
  return renderJournal({ text, reading: readJournal(text), rendered: new Set(), receipts }).text;
}

const crash: Partial<RunOutcome> = {
  ending: "failed",
  cause: { kind: "exit-code", code: 1 },
  lastLine: { text: "ValueError: a | b", file: "logs/console.log", line: 4 },
};

const HALF: readonly Command[] = [
  member(1, "done", ran(1, "lr-sweep-lr-1e-4-seed-0", done("0.312"))),
  member(2, "done", ran(2, "lr-sweep-lr-1e-4-seed-1", done("0.309", [spike(418)]))),
  member(3, "failed", ran(3, "lr-sweep-lr-1e-4-seed-2", crash)),
  member(4, "done", ran(4, "lr-sweep-lr-3e-4-seed-0", done("0.299", [spike(96)]))),
  member(5, "failed", ran(5, "lr-sweep-lr-3e-4-seed-1", crash)),
  member(6, "running", ran(6, "lr-sweep-lr-3e-4-seed-2", undefined)),
  member(7, "queued"),
  member(8, "queued"),
  member(9, "cancelled"),
];

test("nine runs are a table that reads well raw, what they have alike is told once", () => {
  assert.equal(
    written(HALF, "running").slice(TEXT.length),
    `
> **running** \`w9ce\` · since 22:01 · 3 of 9 done, 2 failed, 1 cancelled, 1 running, 2 queued
>
> | run      | lr   | seed | state          | time        | val/loss | flags |
> | -------- | ---- | ---- | -------------- | ----------- | -------- | ----- |
> | \`w9ce.1\` | 1e-4 | 0    | done           | 41 s        | 0.312    |       |
> | \`w9ce.2\` | 1e-4 | 1    | done           | 41 s        | 0.309    | 1     |
> | \`w9ce.3\` | 1e-4 | 2    | failed         | 41 s        |          |       |
> | \`w9ce.4\` | 3e-4 | 0    | done           | 41 s        | 0.299    | 1     |
> | \`w9ce.5\` | 3e-4 | 1    | failed         | 41 s        |          |       |
> | \`w9ce.6\` | 3e-4 | 2    | running, GPU 1 | since 22:06 |          |       |
> | \`w9ce.7\` | 1e-3 | 0    | queued         |             |          |       |
> | \`w9ce.8\` | 1e-3 | 1    | queued         |             |          |       |
> | \`w9ce.9\` | 1e-3 | 2    | cancelled      |             |          |       |
>
> Best of 2 settings so far, by the mean over their runs: the lowest last val/loss is that of lr 3e-4. It was picked after the results were seen.
>
> - \`w9ce.3\` and \`w9ce.5\` failed: exit code 1 \`ValueError: a | b\` ([console.log:4](runs/2025-02-02T22-03-12-lr-sweep-lr-1e-4-seed-2/logs/console.log))
> - 22:00:43 [WEIRD] \`w9ce.2\` and \`w9ce.4\`: train/loss ×4.1 at step 412 ([train.log:418](runs/2025-02-02T22-02-12-lr-sweep-lr-1e-4-seed-1/logs/train.log))
`,
  );
});

test("a formatter leaves it as it is, and one that draws the table's rule otherwise is known", async () => {
  const text = written(HALF, "running");
  assert.equal(await format(text, { parser: "markdown", proseWrap: "preserve" }), text);
  const { head, context } = sweep(HALF, "running");
  const pieces = receiptBlocks(head, context);
  const rendered = new Set(pieces.map(pieceHash));
  const drawn = text.replaceAll(/-{3,}/g, "---").replaceAll(/ {2,}\|/g, " |");
  assert.notEqual(drawn, text);
  const again = renderJournal({
    text: drawn,
    reading: readJournal(drawn),
    rendered,
    receipts: new Map([[0, pieces]]),
  });
  assert.equal(again.text, text);
});

test("a line of the table that a person edits is theirs, with a fresh table above it", () => {
  const { head, context } = sweep(HALF, "running");
  const pieces = receiptBlocks(head, context);
  const rendered = new Set(pieces.map(pieceHash));
  const edited = written(HALF, "running").replace("| 0.312    |", "| 0.312 !  |");
  const again = renderJournal({
    text: edited,
    reading: readJournal(edited),
    rendered,
    receipts: new Map([[0, pieces]]),
  }).text;
  assert.match(again, /0\.312 {4}\|[\s\S]*0\.312 ! {2}\|/);
});

test("marking a flag that several runs share resolves it for each of them", () => {
  const { head, context } = sweep(HALF, "running");
  const pieces = receiptBlocks(head, context);
  const text = written(HALF, "running").replace("[WEIRD]", "[RESOLVED]");
  const commands = new Map([head, ...HALF].map((one) => [one.id, one]));
  const inputs = receiptInputs(readJournal(text), new Set(pieces.map(pieceHash)), commands);
  assert.deepEqual(
    inputs.resolved.map(({ id, flag }) => `${id} ${flag}`),
    ["w9ce.2 not-finite train/loss", "w9ce.4 not-finite train/loss"],
  );
  const marked = HALF.map((one) =>
    one.run === undefined
      ? one
      : { ...one, run: { ...one.run, resolved: ["not-finite train/loss"] } },
  );
  assert.match(written(marked, "running"), /\[RESOLVED\] `w9ce\.2` and `w9ce\.4`: train\/loss/);
  assert.doesNotMatch(written(marked, "running"), /\| flags \|/);
});

test("one run for each setting is named with its value, seeds alone have no best", () => {
  const losses = ["0.4", "0.299", "0.5"];
  const one = [1, 4, 7].map((number, i) =>
    member(number, "done", ran(number, "a", done(losses[i] ?? ""))),
  );
  assert.match(
    written(one, "done"),
    /> Best of 3 runs: last val\/loss 0\.299, `w9ce\.4` \(lr 3e-4\)\. It was picked after the results were seen\.\n/,
  );
  const seeds = [1, 2, 3].map((number, i) =>
    member(number, "done", ran(number, "a", done(losses[i] ?? ""))),
  );
  assert.doesNotMatch(written(seeds, "done"), /Best/);
});

test("hundreds of runs keep the table short: what failed, what runs, then the first", () => {
  const many = Array.from({ length: 300 }, (_, i) => {
    const number = i + 1;
    if (number === 250) return member(number, "failed", ran(9, "a", crash));
    if (number === 251) return member(number, "running", ran(9, "a", undefined));
    return number < 250
      ? member(number, "done", ran(9, "a", done("0.3")))
      : member(number, "queued");
  });
  const lines = written(many, "running").split("\n");
  const rows = lines.filter((line) => line.startsWith("> | `"));
  assert.equal(rows.length, 24);
  assert.match(rows.at(-2) ?? "", /w9ce\.250` .* failed/);
  assert.match(rows.at(-1) ?? "", /w9ce\.251` .* running, GPU 1/);
  assert.ok(
    lines.includes(
      "> 276 more are not shown: 227 done, 49 queued; `nightlab status w9ce` has them all.",
    ),
  );
});

test("values of any kind stay in their cells", () => {
  const odd = member(1, "done", ran(1, "a", done("0.3")));
  const swept = [{ key: "a|b", value: "x|y\n**z** `q` <b>" }];
  const text = written(
    [{ ...odd, swept }, member(2, "queued")].map((one) => ({ ...one, swept })),
    "running",
  );
  const rows = text.split("\n").filter((line) => line.startsWith("> |"));
  assert.equal(rows.length, 4);
  for (const row of rows.filter((line) => !line.includes("---"))) {
    assert.equal(row.split(/(?<!\\)\|/).length, rows[1]?.split("|").length, row);
  }
});
