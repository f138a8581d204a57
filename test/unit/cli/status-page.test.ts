// Times are told in the zone of the terminal: here UTC.
process.env["TZ"] = "UTC";
import assert from "node:assert/strict";
import { test } from "node:test";
import { cutTo, widthOf } from "../../../src/cli/columns.ts";
import type { StatusEntry, StatusFacts } from "../../../src/cli/status-facts.ts";
import { statusLines } from "../../../src/cli/status-page.ts";
import { labPath } from "../../../src/base/ids.ts";

const NOW = Date.parse("2025-02-02T12:00:00Z");
const GIB = 2 ** 30;

const entry = (id: string, state: string, more: Partial<StatusEntry> = {}): StatusEntry => ({
  id,
  experiment: "warm-up",
  command: `run: ${id}-name`,
  state,
  flags: 0,
  metrics: {},
  ...more,
});

const FACTS: StatusFacts = {
  lab: labPath("/lab"),
  atMs: NOW,
  daemon: { pid: 4711 },
  notices: [],
  paused: true,
  pause: "queue paused",
  earlier: 9_990,
  troubles: [],
  gpus: {
    atMs: NOW - 5_000,
    gpus: [
      {
        uuid: "GPU-a",
        index: 0,
        busy: 0.87,
        memory: 61.2 * GIB,
        memoryTotal: 79.6 * GIB,
        name: "NVIDIA H100 80GB HBM3",
      },
      {
        uuid: "MIG-b",
        index: 1,
        slice: 1,
        memory: 2 * GIB,
        memoryTotal: 5 * GIB,
        name: "NVIDIA A100 MIG 1g.5gb",
      },
    ],
  },
  commands: [
    entry("k7f3", "running", {
      place: "GPU 0",
      tookMs: 7_380_000,
      limitMs: 43_200_000,
      seenAtMs: NOW - 1_000,
      progress: { unit: "step", done: 3_400, total: 10_000 },
      endsAtMs: NOW + 14_400_000,
      metrics: { "val/loss": "0.312", "train/loss": "0.29" },
      curves: { "val/loss": "█▆▄▂▁", "train/loss": "█▅▃▁▁" },
    }),
    entry("m2qd", "running", {
      place: "GPU 1 slice 1",
      tookMs: 60_000,
      limitMs: 120_000,
      seenAtMs: NOW - 3_600_000,
      progress: { unit: "%", done: 12, total: 100 },
      metrics: {},
      curves: {},
    }),
    entry("w9ce", "waiting", { reason: "after `k7f3`", runs: { ended: 0, all: 9 } }),
    entry("q8kd", "queued", { asks: "2 GPUs", priority: 5 }),
    entry("h5kd", "held", { reason: "a run over 2 min needs a `because`, or your go" }),
    entry("d1ed", "failed", {
      tookMs: 41_000,
      endedAtMs: NOW - 1,
      cause: "gpu-out-of-memory",
      why: "the GPU ran out of memory",
      flags: 1,
    }),
    entry("d0ne", "done", {
      tookMs: 41_000,
      endedAtMs: NOW - 2,
      cause: "success",
      metrics: { acc: "0.9" },
    }),
  ],
};

const page = (width: number, facts = FACTS): string =>
  statusLines(facts, { width, ended: 8 }).join("\n");

test("the page shows GPUs, how far each run is, what waits and for what", () => {
  assert.equal(
    page(120),
    `/lab · daemon 4711
queue paused

GPUs
  GPU 0           87 %  █████████░  61.2 of 79.6 GiB  k7f3  NVIDIA H100 80GB HBM3
  GPU 1 slice 1                     2.0 of 5.0 GiB    m2qd  NVIDIA A100 MIG 1g.5gb

running
  k7f3  run: k7f3-name  warm-up  running  2 h 3 min of 12 h  GPU 0
      ███████░░░░░░░░░░░░░ step 3400/10000, 34 % · ends about 16:00, in 4 h
      val/loss 0.312 █▆▄▂▁   train/loss 0.29 █▅▃▁▁
  m2qd  run: m2qd-name  warm-up  running  1 min of 2 min     GPU 1 slice 1
      ██░░░░░░░░░░░░░░░░░░ 12 % · as of 11:00

waiting
  q8kd  run: q8kd-name  warm-up  queued     for 2 GPUs · priority 5
  w9ce  run: w9ce-name  warm-up  waiting    0 of 9 runs ended · after k7f3

held, for your go
  h5kd  run: h5kd-name  warm-up  held    a run over 2 min needs a because, or your go

ended, the last 8 of 9992
  d0ne  run: d0ne-name  warm-up  done    41 s  acc 0.9
  d1ed  run: d1ed-name  warm-up  failed  41 s  the GPU ran out of memory · 1 flag`,
  );
});

test("no line is wider than the terminal, and no terminal is made to obey a log", () => {
  const odd = entry("e5cp", "held", { reason: "\u001B[2Jwiped", experiment: "実験-一" });
  const facts = { ...FACTS, commands: [...FACTS.commands, odd] };
  for (const width of [20, 40, 80]) {
    for (const line of page(width, facts).split("\n")) {
      assert.ok(widthOf(line) <= width, `${width}: ${line}`);
      assert.ok(!line.includes("\u001B"));
    }
  }
});

test("letters that are two columns wide are counted so", () => {
  assert.equal(widthOf("実験"), 4);
  assert.equal(cutTo("実験室の記録", 7), "実験室…");
  assert.equal(cutTo("plain", 5), "plain");
});

test("a run that was over before its start was known took no negative time", () => {
  const quick = entry("qu1k", "done", { tookMs: -80, endedAtMs: NOW });
  assert.match(page(120, { ...FACTS, commands: [quick] }), /qu1k .* done {2}0 s$/m);
});

test("what a person has to mend comes first, folded, with the command in one piece", () => {
  const fix = "iconv -f LATIN1 -t UTF-8 JOURNAL.md > JOURNAL.md.utf8";
  const troubles = [{ where: "warm-up/JOURNAL.md", says: "is not read: byte 12 is é\x1b[2J", fix }];
  const lines = statusLines({ ...FACTS, troubles }, { width: 40, ended: 3 });
  assert.deepEqual(lines.slice(1, 6), [
    "",
    "trouble",
    "  warm-up/JOURNAL.md is not read: byte",
    String.raw`    12 is é\x1b[2J`,
    `      to mend it: ${fix}`,
  ]);
});

test("of many troubles five are shown, and where the others are", () => {
  const troubles = Array.from({ length: 7 }, (_, i) => ({ where: `e${i}`, says: "is a folder" }));
  const lines = statusLines({ ...FACTS, troubles }, { width: 80, ended: 3 });
  assert.ok(lines.includes("  and 2 more; `nightlab doctor` lists them"));
  assert.ok(!lines.some((line) => line.includes("e5")));
});

test("a save that may have been an old copy is told with the command that undoes it", () => {
  const restore = "nightlab restore /lab/warm-up 59a4ec68d505";
  const old = { experiment: "warm-up", atMs: NOW, lines: 3, restore };
  const lines = statusLines({ ...FACTS, oldCopies: [old] }, { width: 200, ended: 8 });
  const at = lines.indexOf("perhaps an old copy");
  assert.equal(lines[at + 1], `  warm-up  12:00  lacks 3 lines  ${restore}`);
});
