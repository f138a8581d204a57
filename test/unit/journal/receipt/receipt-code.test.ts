// What a receipt says of code, copies, environments and repeats, as its exact text.
import assert from "node:assert/strict";
import { test } from "node:test";
import { codeItems, type CodeContext } from "../../../../src/journal/receipt/receipt-code.ts";
import { changedFiles, type CodeSeen } from "../../../../src/domain/code.ts";
import { attemptId, commandId, experimentPath, runFolder } from "../../../../src/base/ids.ts";
import type { RepeatCompared } from "../../../../src/domain/repeat.ts";
import type { Cause, Ending, StartFacts } from "../../../../src/domain/run.ts";
import type { Command } from "../../../../src/domain/world.ts";

const START_MS = Date.UTC(2025, 1, 2, 13, 30);

interface Given {
  readonly id?: string;
  readonly state?: Command["state"];
  readonly changed?: readonly string[];
  readonly codeDir?: string;
  readonly cause?: Cause;
  readonly repeated?: RepeatCompared;
  readonly differs?: readonly string[];
  readonly left?: readonly string[];
  readonly leftCount?: number;
}

function command(given: Given = {}): Command {
  const id = commandId(given.id ?? "k7f3");
  const { state = "done", changed, codeDir, left = [], cause, repeated, differs } = given;
  const start: StartFacts = {
    codeHash: "b",
    runner: "uv",
    said: "run: full",
    queuedAtMs: 0,
    long: false,
    criteria: {},
    ...(changed === undefined ? {} : { changed, queuedCodeHash: "a" }),
  };
  const snapshot = { kind: "kept", dir: "/c", left, leftCount: given.leftCount ?? 0 } as const;
  return {
    id,
    experiment: experimentPath("/lab/exp"),
    spec: { verb: "run", target: "full", args: [], go: false },
    canonical: "c",
    form: "line",
    source: "run: full",
    heading: "",
    line: 3,
    state,
    approved: false,
    acceptedAtMs: START_MS,
    stateSinceMs: START_MS,
    notes: [],
    shownInWrite: 0,
    code: { hash: "a", files: {}, atMs: 0, snapshot },
    ...(differs === undefined
      ? {}
      : {
          repeats: {
            id: commandId("k7f3"),
            folder: runFolder("2025-02-02T14-30-00-full"),
            differs,
          },
        }),
    run: {
      attempt: attemptId(`${id}-1`),
      claimedAtMs: START_MS,
      startedAtMs: START_MS,
      endedAtMs: START_MS + 41_000,
      spec: {
        attempt: attemptId(`${id}-1`),
        command: id,
        verb: "run",
        name: "full-repeat",
        lab: "/lab",
        experiment: "/lab/exp",
        script: "train.py",
        args: [],
        env: {},
        limitMs: 120_000,
        ...(codeDir === undefined ? {} : { codeDir }),
      },
      start,
      limitMs: 120_000,
      folder: runFolder("2025-02-03T09-12-00-full-repeat"),
      exited: true,
      plotted: true,
      resolved: [],
      outcome: {
        ending: state as Ending,
        cause: cause ?? { kind: "success" },
        metrics: [],
        findings: [],
        plots: [],
        ...(repeated === undefined ? {} : { repeated }),
      },
    },
  };
}

const seen = (hash: string, files: Record<string, string>): CodeSeen => ({ hash, files });

/** What is told below `whose` of a run that repeats `k7f3`. */
function told(given: Given, whose = "k7f3"): string {
  const repeat = command({ id: "m2qd", differs: [], ...given });
  return items(command({ id: whose }), { repeats: [repeat] }).join("\n");
}

const items = (of: Command, context: Partial<CodeContext> = {}): readonly string[] =>
  codeItems(of, { timeZone: "Europe/Berlin", ...context });

test("changed scripts are named, three of them at most", () => {
  assert.deepEqual(items(command()), []);
  assert.deepEqual(items(command({ changed: ["train.py"] })), [
    "- train.py changed since this was queued",
  ]);
  assert.deepEqual(items(command({ changed: ["a.py", "b.py (new)", "c.py (gone)"] })), [
    "- a.py, b.py (new) and c.py (gone) changed since this was queued",
  ]);
  assert.deepEqual(items(command({ changed: ["a.py", "b.py", "c.py", "d.py", "e.py"] })), [
    "- a.py, b.py, c.py and 2 more changed since this was queued",
  ]);
  assert.deepEqual(items(command({ changed: ["train.py"], codeDir: "/c" })), [
    "- train.py changed since this was queued; the run has it as it was then",
  ]);
  const odd = items(command({ changed: ["<b>*x*_[y](z).py"] }));
  assert.doesNotMatch(odd.join(), /(?<!\\)(?:<b>|\*x)/);
});

test("a sweep names what changed for any of its runs, once", () => {
  const members = [command({ changed: ["a.py"] }), command({ changed: ["b.py", "a.py"] })];
  assert.deepEqual(items(command(), { members }), [
    "- a.py and b.py changed since this was queued",
  ]);
});

test("code that was too large to copy, and an environment that cannot be built", () => {
  assert.deepEqual(items(command({ left: ["huge.py"], leftCount: 1 })), [
    "- too large to copy, so read as it is when the run starts: huge.py",
  ]);
  assert.deepEqual(items(command({ left: ["a.py", "b.py"], leftCount: 7 })), [
    "- too large to copy, so read as it is when the run starts: a.py, b.py and 5 more",
  ]);
  assert.deepEqual(items(command(), { environmentTrouble: "No solution found: `x` is unknown" }), [
    "- its environment cannot be built so far: No solution found: `x` is unknown",
  ]);
});

test("a repeat is told from the queue to its comparison", () => {
  const when = "repeated as `m2qd`, 2025-02-02 14:30:00, 41 s";
  const link = "· [full-repeat](runs/2025-02-03T09-12-00-full-repeat)";
  assert.equal(told({ state: "queued" }), "- being repeated as `m2qd`");
  assert.equal(told({ state: "running" }), "- being repeated as `m2qd`");
  const same = { equal: 3, different: [] };
  assert.equal(told({ repeated: same }), `- ${when}: all 3 metrics equal ${link}`);
  assert.equal(
    told({ repeated: same, differs: ["on gpu-box then, on laptop now", "another GPU driver"] }),
    `- ${when}: all 3 metrics equal (on gpu-box then, on laptop now; another GPU driver) ${link}`,
  );
  assert.equal(
    told({ repeated: { equal: 1, different: [] } }),
    `- ${when}: its metric is equal ${link}`,
  );
  assert.equal(
    told({ repeated: { equal: 0, different: [] } }),
    `- ${when}: neither run logged a metric ${link}`,
  );
  const different = [
    { metric: "val/loss", was: "0.312", is: "0.315" },
    { metric: "acc", was: "0.9" },
    { metric: "new", is: "1" },
    { metric: "d", was: "1", is: "2" },
  ];
  assert.equal(
    told({ repeated: { equal: 2, different } }),
    `- ${when}: val/loss 0.312 → 0.315, acc 0.9 → none, new none → 1 and 1 more; 2 of 6 metrics equal ${link}`,
  );
  assert.equal(
    told({ state: "failed", cause: { kind: "exit-code", code: 3 } }),
    `- ${when}: exit code 3 ${link}`,
  );
  assert.equal(told({ repeated: same }, "kmty"), `- \`k7f3\` ${when}: all 3 metrics equal ${link}`);
});

test("what changed is told by name, and beyond the names that are kept as something", () => {
  const before = seen("1", { "a.py": "x", "b.py": "x" });
  assert.deepEqual(changedFiles(before, seen("1", {})), []);
  const after = seen("2", { "a.py": "y", "c.py": "x" });
  assert.deepEqual(changedFiles(before, after), ["a.py", "b.py (gone)", "c.py (new)"]);
  assert.deepEqual(changedFiles(before, seen("2", before.files)), ["some script"]);
});
