import assert from "node:assert/strict";
import { test } from "node:test";
import type { Nodes } from "mdast";
import remarkGfm from "remark-gfm";
import remarkParse from "remark-parse";
import { unified } from "unified";
import {
  problemBlocks,
  receiptBlocks,
  type ReceiptContext,
} from "../../../../src/journal/receipt/receipt.ts";
import { attemptId, commandId, experimentPath, runFolder } from "../../../../src/base/ids.ts";
import type { Finding } from "../../../../src/domain/finding.ts";
import type { Cause, RunOutcome } from "../../../../src/domain/run.ts";
import type { MetricSummary, Sample } from "../../../../src/domain/sample.ts";
import type { Command, Run } from "../../../../src/domain/world.ts";
import { SPEC, START } from "./started-run.ts";

const FOLDER = "2025-02-02T14-30-00-de-risk";
const START_MS = Date.UTC(2025, 1, 2, 14, 30, 0);
const context: ReceiptContext = { timeZone: "UTC", promised: ["val/loss", "acc"] };

function sample(key: string, token: string): Sample {
  const value = Number(token === "nan" ? "NaN" : token);
  return { key, token, value, file: "logs/train.log", line: 9, offset: 0 };
}

function metric(key: string, token: string): MetricSummary {
  const one = sample(key, token);
  return { key, count: 1, first: one, last: one, notFiniteCount: 0 };
}

function finding(change: Partial<Finding> = {}): Finding {
  return {
    rule: "not-finite",
    tier: "A",
    metric: "train/loss",
    atMs: START_MS + 31_000,
    message: "train/loss ×4.1 at step 412",
    evidence: { file: "logs/train.log", line: 418, offset: 0 },
    count: 1,
    blocking: false,
    ...change,
  };
}

function outcome(change: Partial<RunOutcome> = {}): RunOutcome {
  return {
    ending: "done",
    cause: { kind: "success" },
    metrics: [metric("acc", "0.871"), metric("train/loss", "0.2"), metric("val_loss", "0.312")],
    findings: [],
    plots: [],
    ...change,
  };
}

function ran(result: RunOutcome | undefined, change: Partial<Run> = {}): Run {
  return {
    attempt: attemptId("k7f3-1"),
    claimedAtMs: START_MS - 400,
    spec: SPEC,
    start: START,
    limitMs: 120_000,
    startedAtMs: START_MS,
    folder: runFolder(FOLDER),
    exited: result !== undefined,
    plotted: true,
    resolved: [],
    ...(result === undefined ? {} : { outcome: result, endedAtMs: START_MS + 41_300 }),
    ...change,
  };
}

function command(change: Partial<Command> = {}): Command {
  return {
    id: commandId("k7f3"),
    experiment: experimentPath("/lab/exp"),
    spec: { verb: "run", target: "de-risk", args: [], go: false },
    canonical: "c",
    form: "line",
    source: "run: de-risk",
    heading: "",
    line: 3,
    state: "queued",
    approved: false,
    acceptedAtMs: START_MS,
    stateSinceMs: START_MS,
    notes: [],
    shownInWrite: 0,
    ...change,
  };
}

function failed(
  cause: Cause,
  change: Partial<RunOutcome> = {},
  of: Partial<Command> = {},
): Command {
  const result = outcome({ ending: "failed", cause, metrics: [], ...change });
  return command({ state: "failed", run: ran(result), ...of });
}

test("a finished run shows state, time, promised metrics, flags and one plot", () => {
  const plots = [
    { metric: "acc", file: "plots/acc.webp" },
    { metric: "train/loss", file: "plots/train-loss.webp" },
  ];
  const run = ran(outcome({ findings: [finding()], plots }));
  assert.deepEqual(receiptBlocks(command({ state: "done", run }), context), [
    `**done** \`k7f3\` · 2025-02-02 14:30:00, 41 s · val_loss 0.312 · acc 0.871 · [de-risk](runs/${FOLDER})`,
    `- 14:30:31 [WEIRD] train/loss ×4.1 at step 412 ([train.log:418](runs/${FOLDER}/logs/train.log))`,
    `![train/loss](runs/${FOLDER}/plots/train-loss.webp)`,
  ]);
});

test("times are those of the lab's zone", () => {
  const pieces = receiptBlocks(command({ state: "done", run: ran(outcome()) }), {
    ...context,
    timeZone: "Asia/Kolkata",
  });
  assert.match(pieces[0] ?? "", / · 2025-02-02 20:00:00, 41 s · /);
});

test("a resolved flag and a note carry their own tags, and tier C stays in the report", () => {
  const findings = [
    finding({ tier: "note", message: "took longer than 60 s", rule: "over-limit" }),
    finding({ tier: "C", message: "ended early" }),
    finding(),
  ];
  const run = ran(outcome({ findings }), { resolved: ["not-finite train/loss"] });
  const pieces = receiptBlocks(command({ state: "done", run }), context);
  assert.match(pieces[1] ?? "", /^- 14:30:31 \[RESOLVED\] train\/loss ×4\.1/);
  assert.match(pieces[2] ?? "", /^- 14:30:31 took longer than 60 s \(/);
  assert.equal(pieces.length, 3);
});

test("many flags are cut with their number", () => {
  const findings = Array.from({ length: 40 }, (_, i) => finding({ message: `flag ${i}` }));
  const pieces = receiptBlocks(
    command({ state: "done", run: ran(outcome({ findings })) }),
    context,
  );
  assert.equal(pieces.length, 14);
  assert.equal(pieces[13], "- 28 more in [REPORT.md](REPORT.md)");
});

test("without a promised metric the first logged ones are shown, and NaN as NaN", () => {
  const metrics = ["a", "b", "c", "d", "e"].map((key) => metric(key, "1e-4"));
  const first = receiptBlocks(
    command({ state: "done", run: ran(outcome({ metrics })) }),
    context,
  )[0];
  assert.match(first ?? "", / · a 1e-4 · b 1e-4 · c 1e-4 · d 1e-4 · \[de-risk\]/);
  const nan = outcome({ metrics: [metric("val/loss", "nan")] });
  assert.match(
    receiptBlocks(command({ state: "done", run: ran(nan) }), context)[0] ?? "",
    / · val\/loss NaN · /,
  );
});

test("the plot is the flagged metric's, else the first promised one's, else the first", () => {
  const plots = ["lr", "acc", "train/loss"].map((name) => ({ metric: name, file: "plots/x.webp" }));
  const image = (findings: readonly Finding[], promised: readonly string[]): string | undefined =>
    receiptBlocks(command({ state: "done", run: ran(outcome({ findings, plots })) }), {
      ...context,
      promised,
    }).at(-1);
  assert.match(image([finding()], ["acc"]) ?? "", /^!\[train\/loss\]/);
  assert.match(image([], ["val/loss", "acc"]) ?? "", /^!\[acc\]/);
  assert.match(image([], []) ?? "", /^!\[lr\]/);
});

const first = (change: Partial<Command>, more: Partial<ReceiptContext> = {}): string =>
  receiptBlocks(command(change), { ...context, ...more })[0] ?? "";

test("states before the end say what is going on", () => {
  assert.equal(
    first({ state: "running", run: ran(undefined) }),
    `**running** \`k7f3\` · since 14:30 · [de-risk](runs/${FOLDER})`,
  );
  assert.match(
    first({ state: "preparing", run: ran(undefined) }),
    / · its environment, since 14:29/,
  );
  assert.equal(first({ state: "queued" }), "**queued** `k7f3`");
  assert.equal(first({ state: "queued", reason: "your go" }), "**queued** `k7f3` · with your go");
  assert.equal(
    first({ state: "waiting", reason: "after `m2qd`" }),
    "**waiting** `k7f3` · after `m2qd`",
  );
  assert.equal(
    first({ state: "cancelled", reason: "its block was deleted" }),
    "**cancelled** `k7f3` · its block was deleted",
  );
  const stop = { verb: "stop", target: "m2qd", args: [], go: false } as const;
  assert.equal(
    first({ state: "done", spec: stop, reason: "stopping `m2qd`" }),
    "**done** `k7f3` · stopping `m2qd`",
  );
});

test("a held command has its box, with the note of who asks", () => {
  const held = command({ state: "held", reason: "a run over 2 min needs a `because`, or your go" });
  assert.deepEqual(receiptBlocks(held, { ...context, startNote: "up to 2 h; de-risk took 41 s" }), [
    "**held** `k7f3` · a run over 2 min needs a `because`, or your go",
    "- [ ] start (up to 2 h; de-risk took 41 s)",
  ]);
  assert.equal(receiptBlocks(held, context)[1], "- [ ] start");
});

test("a failed run shows its last words, once, and where they stand", () => {
  const lastLine = { text: "ValueError: bad `x`", file: "logs/console.log", line: 12 };
  const cause = { kind: "exit-code", code: 3 } as const;
  assert.deepEqual(receiptBlocks(failed(cause, { lastLine }), context), [
    `**failed** \`k7f3\` · 2025-02-02 14:30:00, 41 s · exit code 3 · [de-risk](runs/${FOLDER})`,
    `\`\` ValueError: bad \`x\` \`\` ([console.log:12](runs/${FOLDER}/logs/console.log))`,
  ]);
  const flag = finding({ rule: "failed-exit", message: "exit code 3: ValueError: bad `x`" });
  const pieces = receiptBlocks(failed(cause, { lastLine, findings: [flag] }), context);
  assert.equal(pieces.filter((piece) => piece.includes("ValueError")).length, 1);
});

const help = (text: string, args: readonly string[]): string | undefined =>
  receiptBlocks(
    failed(
      { kind: "exit-code", code: 2 },
      { lastLine: { text, file: "logs/console.log", line: 4 } },
      { spec: { verb: "run", target: "x", args, go: false } },
    ),
    context,
  )[2];

test("an option that the script does not take is answered with the line that would take it", () => {
  assert.equal(
    help("No such option: --epochs", ["--epochs", "20"]),
    "`train.py` takes no option `--epochs`; this parameter of its `main` would take it: `epochs: int = 20`",
  );
  assert.match(help("No such option: --lr-max", ["--lr-max=1e-4"]) ?? "", /`lr_max: float = 1e-4`/);
  assert.match(help("No such option '--name'.", ["--name", "a b"]) ?? "", /`name: str = "a b"`/);
  assert.match(help("No such option: --fast", ["--fast"]) ?? "", /`fast: bool = False`/);
  assert.match(
    help("train.py: error: unrecognized arguments: --epochs 20", ["--epochs", "20"]) ?? "",
    /`parser\.add_argument\("--epochs", type=int, default=20\)`/,
  );
});

test("processes that a script left behind are named, whatever they are called", () => {
  const leftBehind = [
    { pid: 812, command: "python worker.py", idleMs: 31_000 },
    { pid: 813, command: "a`b\u001b[31m\n> **done**", idleMs: 30_400 },
  ];
  const exit = { code: 0, endedAtMs: START_MS, overLimit: false, leftBehind };
  const run = ran(outcome(), { exit });
  const [, told = ""] = receiptBlocks(command({ state: "done", run }), context);
  assert.match(told, /^left behind and ended: `python worker\.py` \(pid 812\), idle for 31 s; /);
  assert.match(told, / \(pid 813\), idle for 30 s$/);
  assert.ok(!told.includes("\n") && !told.includes("\u001b"));
});

test("each cause is told in words, with the way to mend it where one is known", () => {
  const told = (cause: Cause, change: Partial<RunOutcome> = {}): string =>
    receiptBlocks(failed(cause, change), context).join("\n");
  assert.match(
    told({ kind: "over-limit", limitMs: 120_000 }),
    /ended at its limit of 2 min; write `timeout=10m` to let it run longer/,
  );
  assert.match(
    told({ kind: "import-error", module: "sklearn.svm" }),
    /no module `sklearn\.svm`.*\n.*`# dependencies = \["scikit-learn"\]`/,
  );
  assert.match(
    told({ kind: "environment", message: "No solution found: `nope` is <missing>" }),
    /environment could not be prepared.*\nNo solution found: `nope` is \\<missing>\nCheck/,
  );
  assert.match(told({ kind: "no-runner", message: "" }), /astral\.sh.*pixi\.sh/);
  assert.match(told({ kind: "script-missing", script: "a b.py" }), /there is no `a b\.py`/);
  assert.match(told({ kind: "start-failed", message: "spawn sh ENOENT" }), /spawn sh ENOENT/);
  assert.match(told({ kind: "signal", signal: "SIGSEGV" }), /ended by SIGSEGV/);
  assert.match(told({ kind: "hidden-crash" }), /exit code is 0/);
  assert.match(told({ kind: "gpu-out-of-memory" }), /the GPU ran out of memory/);
  assert.match(told({ kind: "host-out-of-memory" }), /the machine ran out of memory/);
  assert.match(told({ kind: "disk-full" }), /disk is full/);
  const stopped = outcome({ ending: "stopped", cause: { kind: "stopped", by: "journal" } });
  assert.match(
    receiptBlocks(command({ state: "stopped", run: ran(stopped) }), context)[0] ?? "",
    /^\*\*stopped\*\* `k7f3` · 2025-02-02 14:30:00, 41 s · by you · /,
  );
  const lost = outcome({ ending: "lost", cause: { kind: "machine-restarted" } });
  assert.match(
    receiptBlocks(command({ state: "lost", run: ran(lost) }), context).join("\n"),
    /14:30:00 · the machine restarted while it ran .*\n.*new line `run: de-risk`/s,
  );
});

test("a module that pixi's environment lacks is added by pixi", () => {
  const missing = failed({ kind: "import-error", module: "torch" });
  const { run } = missing;
  assert.ok(run !== undefined);
  const start = { ...run.start, runner: "pixi" };
  const pieces = receiptBlocks({ ...missing, run: { ...run, start } }, context);
  assert.equal(pieces[1], "Add it with `pixi add torch`.");
});

test("an edit after the start is told with the text that ran, on one line", () => {
  const run = ran(outcome());
  const line = command({ state: "done", run, ranAs: "run: de-risk --lr 1e-4" });
  assert.equal(receiptBlocks(line, context)[1], "ran as: `run: de-risk --lr 1e-4`");
  const fence = command({ state: "done", run, ranAs: "```yaml\nrun: full\ntimeout: 2h\n```" });
  assert.equal(receiptBlocks(fence, context)[1], "ran as: `run: full; timeout: 2h`");
});

const kinds = (node: Nodes): readonly string[] => [
  node.type,
  ...("children" in node ? node.children.flatMap(kinds) : []),
];

test("every piece is one line, whatever logs, names and notes hold", () => {
  const evil = "a\n\n# b\n![x](y) <img src=x> `run: x` **done** `k7f3`\r\n> q";
  const findings = [
    finding({ message: evil, evidence: { file: "logs/a (1)'.log", line: 1, offset: 0 } }),
  ];
  const lastLine = { text: evil, file: "logs/ü b.log", line: 3 };
  const metrics = [metric(evil, "1"), metric("b", "1")];
  const plots = [{ metric: evil, file: "plots/a b.webp" }];
  const result = outcome({ ending: "failed", findings, lastLine, metrics, plots });
  const pieces = receiptBlocks(
    command({ state: "failed", run: ran(result), notes: [evil], ranAs: evil, reason: evil }),
    { ...context, startNote: evil },
  );
  const parser = unified().use(remarkParse).use(remarkGfm);
  for (const piece of pieces) {
    assert.doesNotMatch(piece, /[\r\n]/);
    const tree = parser.parse(piece);
    assert.deepEqual(tree.children.length, 1);
    const found = kinds(tree);
    for (const kind of ["heading", "html", "blockquote", "code", "linkReference"]) {
      assert.ok(!found.includes(kind), `${kind} in ${piece}`);
    }
    const images = found.filter((kind) => kind === "image").length;
    assert.equal(images, piece.startsWith("![") ? 1 : 0);
    assert.ok(found.filter((kind) => kind === "strong").length <= 1);
  }
});

test("a problem says what is wrong and how to mend it", () => {
  const place = { line: 1, column: 1, offset: 0 };
  assert.deepEqual(
    problemBlocks([{ message: "unknown key `timout`", fix: "write `timeout`", place }]),
    ["**problem** unknown key `timout`; write `timeout`"],
  );
});
