// The words for facts that a real night seldom has; those of every night are in test/e2e.
import assert from "node:assert/strict";
import { test } from "node:test";
import { attemptId, commandId, experimentPath, runFolder } from "../../../src/base/ids.ts";
import { tellFacts } from "../../../src/cli/explain-facts.ts";
import type { Fact } from "../../../src/domain/fact.ts";
import { meaningOf } from "../../../src/effects/state/command-facts.ts";
import {
  at,
  flag,
  gpus,
  known,
  LAB,
  members,
  metric,
  ran,
  written,
} from "../../golden/lab-nights.ts";

const ID = commandId("k7f3");
const EXPERIMENT = experimentPath(`${LAB}/warm-up`);
const MS = at("02-02 12:00");

/** The story of `k7f3` where these facts follow on its run's start. */
function told(...facts: readonly Fact[]): readonly string[] {
  const before = [...known("warm-up"), ...ran({ id: "k7f3", name: "full", from: "02-02 11:00" })];
  const all = tellFacts([...before, ...facts], ID, LAB).facts;
  return all.slice(3).map(({ text }) => text);
}

test("what happens to a run that goes on", () => {
  const own = flag("not-finite", "val/loss is NaN at step 412", MS);
  const facts: readonly Fact[] = [
    { kind: "run-flagged", atMs: MS, id: ID, flags: [own] },
    { kind: "run-flagged", atMs: MS, id: ID, flags: [own, flag("spike", "a spike", MS, 12)] },
    { kind: "limit-extended", atMs: MS, id: ID, limitMs: 14_400_000 },
    { kind: "command-ran-as", atMs: MS, id: ID, text: "run: full" },
    { kind: "command-ran-as", atMs: MS, id: ID },
    { kind: "commands-moved", atMs: MS, experiment: EXPERIMENT, headings: [[ID, "Later"]] },
    {
      kind: "save-set-aside",
      atMs: MS,
      experiment: EXPERIMENT,
      version: "0123456789abcdef",
      near: ID,
    },
    { kind: "receipts-taken-out", atMs: MS, experiment: EXPERIMENT, ids: [ID], surely: true },
    { kind: "receipts-taken-out", atMs: MS, experiment: EXPERIMENT, ids: [ID], surely: false },
    { kind: "receipts-missed", atMs: MS, experiment: EXPERIMENT, ids: [ID] },
    { kind: "flag-resolved", atMs: MS, id: ID, flag: "spike" },
    {
      kind: "experiment-moved",
      atMs: MS,
      from: EXPERIMENT,
      to: experimentPath(`${LAB}/new`),
      lab: LAB,
    },
    { kind: "stop-requested", atMs: MS, id: ID, by: "rule", why: own.message },
  ];
  assert.deepEqual(told(...facts), [
    "flagged: val/loss is NaN at step 412 (logs/train.log:9)",
    "flagged: a spike (logs/train.log:12)",
    "its time limit was raised to 4 h",
    "its line was edited after the start; it ran as: run: full",
    "its line is again as it ran",
    "moved in the journal, to “Later”",
    "two saves changed the lines here: those of one are in the kept version 0123456789ab",
    "its receipt was deleted, and stays away",
    "its receipt is gone, perhaps by a save from an old copy: it comes back once",
    "its line was moved without its receipt, which is written anew",
    "flag resolved: spike",
    "its folder was renamed to new",
    "to be stopped, as stop on asks: val/loss is NaN at step 412",
  ]);
});

test("each way in which it is stopped or ends", () => {
  const stop = (by: "journal" | "command-line" | "window", why?: string): string | undefined =>
    told({
      kind: "stop-requested",
      atMs: MS,
      id: ID,
      by,
      ...(why === undefined ? {} : { why }),
    })[0];
  assert.equal(stop("journal"), "to be stopped: a stop in the journal");
  assert.equal(stop("command-line"), "to be stopped: nightlab stop");
  assert.equal(
    stop("window", "`tonight` was over at 07:00"),
    "to be stopped, as at-end: stop asks: tonight was over at 07:00",
  );
  const exit = {
    code: 137,
    endedAtMs: MS,
    overLimit: true,
    oomKill: true,
    signalled: true,
  } as const;
  const left = [{ pid: 4711, command: "python worker.py", idleMs: 30_000 }];
  const outcome = { metrics: [metric("val/loss", "0.31")], findings: [], plots: [] };
  const lost = { ending: "lost", cause: { kind: "machine-restarted" } } as const;
  const retried: Fact = {
    kind: "run-retried",
    atMs: MS,
    id: ID,
    attempt: attemptId("k7f3-1"),
    reason: "the machine restarted; try 2 of 3",
    notBeforeMs: MS,
    args: ["--batch-size", "32"],
  };
  assert.deepEqual(
    told(
      { kind: "run-exited", atMs: MS, id: ID, exit: { ...exit, leftBehind: left } },
      { kind: "run-exited", atMs: MS, id: ID, known: lost },
      { kind: "run-ended", atMs: MS, id: ID, outcome: { ...outcome, ...lost }, endedAtMs: MS },
      { kind: "run-plotted", atMs: MS, id: ID, plots: [] },
      retried,
    ),
    [
      "its script ended: by signal 9, at its time limit, the kernel killed a process of it for memory, left behind and ended: python worker.py (pid 4711)",
      "its processes are gone, and nothing says how they ended",
      "lost: the machine restarted while it ran · val/loss 0.31",
      "tried again: the machine restarted; try 2 of 3; its arguments then: --batch-size 32",
    ],
  );
});

test("how it came, what was noted of it, and the pauses that it waited through", () => {
  const accepted = written("k7f3", "full", "02-02 10:00", "queued", { reason: "why" });
  const came = (how: "commit" | "first-text" | "saved"): readonly Fact[] => [
    ...known("warm-up"),
    { ...accepted, came: how, notes: ["no criteria"] } as Fact,
  ];
  const first = (facts: readonly Fact[]): string | undefined =>
    tellFacts(facts, ID, LAB).facts[0]?.text;
  assert.equal(
    first(came("commit")),
    "accepted: git brought it, warm-up/JOURNAL.md:1; no criteria",
  );
  assert.equal(first(came("saved")), "accepted: saved in warm-up/JOURNAL.md:1; no criteria");
  assert.equal(
    first(came("first-text")),
    "accepted: warm-up/JOURNAL.md:1, in the journal's first text; no criteria",
  );
  const held = written("k7f3", "full", "02-02 10:00", "held", { reason: "git brought it" });
  assert.equal(
    first([...known("warm-up"), held]),
    "accepted: warm-up/JOURNAL.md:1; held: git brought it",
  );
  const code = { hash: "0123456789abcdef", files: { "train.py": "1", "new.py": "2" } };
  const noted = { kind: "code-noted", atMs: MS, experiment: EXPERIMENT, ids: [ID], code } as const;
  const paused = { kind: "queue-paused", atMs: MS, paused: true } as const;
  const facts: readonly Fact[] = [
    ...came("saved"),
    { ...noted, snapshot: { kind: "failed", why: "the disk is full" } },
    { ...noted, snapshot: { kind: "kept", dir: "/copy", left: ["big.bin"], leftCount: 1 } },
    { kind: "attempts-found", atMs: MS, id: ID, last: 2, claimed: attemptId("k7f3-2") },
    { kind: "attempts-found", atMs: MS, id: ID, last: 3 },
    { ...paused, drain: true },
    { ...paused, paused: false },
    { ...paused, why: "3 runs in a row failed within 10 s", died: [commandId("aaaa")] },
    { kind: "command-state", atMs: MS, id: ID, state: "held", reason: "it waits for itself" },
    { ...paused, paused: false },
    { kind: "command-state", atMs: MS, id: ID, state: "skipped", reason: "`x < 1` is not so" },
  ];
  assert.deepEqual(
    tellFacts(facts, ID, LAB)
      .facts.slice(1)
      .map(({ text }) => text),
    [
      "code noted: 01234567 (2 scripts), which could not be copied: the disk is full",
      "code noted: 01234567 (2 scripts), copied to /copy, without 1 file",
      "the lab's disk has a try of it that the ledger lacks: k7f3-2",
      "the lab's disk has tries of it up to number 3 that the ledger lacks; the next has a higher number",
      "the queue was drained",
      "the queue goes on",
      "the queue paused itself: 3 runs in a row failed within 10 s (aaaa)",
      "held: it waits for itself",
      "skipped: x < 1 is not so",
    ],
  );
});

test("a claim says what changed since the queueing, and a GPU is named at the start", () => {
  const run = { id: "k7f3", name: "full", from: "02-02 11:00", place: gpus(1), folder: "f" };
  const facts = [...known("warm-up"), ...ran(run)].map((fact) =>
    fact.kind === "run-claimed"
      ? { ...fact, start: { ...fact.start, changed: ["train.py"], noMemoryLimit: "no systemd" } }
      : fact,
  );
  assert.deepEqual(
    tellFacts(facts, ID, LAB)
      .facts.map(({ text }) => text)
      .slice(1, 3),
    [
      "its turn, try k7f3-1, code c, at most 1 h; train.py changed since it was queued; its memory is not held: no systemd",
      "started on GPU 1 (pid 1)",
    ],
  );
});

/** Searches like the ledger does, in facts that are not stored. */
const ledgerOf = (facts: readonly Fact[]) => ({
  having: (_labs: unknown, parts: readonly string[], kinds: readonly string[] = []) =>
    facts.filter(
      (fact) =>
        kinds.includes(fact.kind) || parts.some((part) => JSON.stringify(fact).includes(part)),
    ),
});

test("a word means an id, a try, a folder, a name, or the beginning of one id", () => {
  const folder = runFolder("2025-02-02T11-00-00-full");
  const facts = [
    ...known("warm-up"),
    ...ran({ id: "k7f3", name: "full", from: "02-02 11:00", folder }),
    ...ran({ id: "k7m2", name: "full", from: "02-02 12:00" }),
    written("sw33", "lrs", "02-02 13:00", "running"),
    ...members("sw33", [{ id: "sw33.1", name: "lrs-1", from: "02-02 13:05" }], "02-02 13:04"),
  ];
  const ledger = ledgerOf(facts);
  const meant = (word: string): unknown => {
    const found = meaningOf(ledger, LAB, word);
    if (found.kind === "command") return [found.id, ...found.others.map(({ id }) => id)];
    return found.kind === "several"
      ? found.commands.map(({ title, id }) => `${id} ${title}`)
      : found.near?.id;
  };
  assert.deepEqual(meant("k7f3"), ["k7f3"]);
  assert.deepEqual(meant("k7f3-1"), ["k7f3"]);
  assert.deepEqual(meant(`warm-up/runs/${folder}/`), ["k7f3"]);
  assert.deepEqual(meant("full"), ["k7m2", "k7f3"]);
  assert.deepEqual(meant("lrs-1"), ["sw33.1"]);
  assert.deepEqual(meant("sw"), ["sw33"], "its runs begin so too");
  assert.deepEqual(meant("k7"), ["k7f3 run: full", "k7m2 run: full"]);
  assert.equal(meant("k7f4"), "k7f3");
  assert.equal(meant("lsr"), "sw33");
  assert.equal(meant("nothing"), undefined);
  const member = meaningOf(ledger, LAB, "sw33.1");
  assert.ok(member.kind === "command");
  assert.deepEqual(
    tellFacts(member.facts, member.id, LAB).facts.map(({ text }) => text.split(",")[0]),
    [
      "accepted: warm-up/JOURNAL.md:1; running",
      "its turn: 1 run",
      "its turn after 1 min in the queue",
      "started (pid 1)",
    ],
  );
});
