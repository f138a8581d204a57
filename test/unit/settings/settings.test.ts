import assert from "node:assert/strict";
import { test } from "node:test";
import { QUIET_MS, SETTLE_LINE_MS } from "../../../src/domain/lab-settings.ts";
import { readIgnoredRuns } from "../../../src/settings/ignored.ts";
import { readLabSettings } from "../../../src/settings/lab.ts";
import { nearest } from "../../../src/base/nearest.ts";
import { cpuMs } from "../../cpu-ms.ts";

test("an empty settings file gives the defaults", () => {
  for (const text of ["", "\n", "# nothing\n", "\uFEFF", "settle:\n", "---\n"]) {
    assert.deepEqual(
      readLabSettings(text, "Europe/Berlin"),
      {
        value: { settleMs: SETTLE_LINE_MS, quietMs: QUIET_MS, timeZone: "Europe/Berlin" },
        problems: [],
      },
      JSON.stringify(text),
    );
  }
});

test("settings are read, and wrong ones keep their default", () => {
  const good = readLabSettings("settle: 2s\nquiet: 1s\ntime-zone: Asia/Tokyo\n", "UTC");
  assert.deepEqual(good, {
    value: { settleMs: 2_000, quietMs: 1_000, timeZone: "Asia/Tokyo" },
    problems: [],
  });
  const placed = readLabSettings("cpu-slots: 4\ngpu-free-below: 1.5GiB\n", "UTC");
  assert.deepEqual([placed.value.cpuSlots, placed.value.gpuFreeBelow], [4, 1.5 * 2 ** 30]);
  assert.equal(readLabSettings("gpu-free-below: 500 MB\n", "UTC").value.gpuFreeBelow, 500e6);
  for (const wrong of ["cpu-slots: 0", "cpu-slots: many", "gpu-free-below: 5", "gpu-free-below: x"])
    assert.equal(readLabSettings(`${wrong}\n`, "UTC").problems.length, 1, wrong);
  assert.equal(readLabSettings("quiet: 0s\n", "UTC").value.quietMs, 0);
  const rests = ["0s", "30s", "1h"].map((span) => readLabSettings(`renew: ${span}\n`, "UTC"));
  assert.deepEqual(
    rests.map(({ value, problems }) => [value.renewMs, problems.length]),
    [
      [0, 0],
      [30_000, 0],
      [undefined, 1],
    ],
  );
  assert.notEqual(readLabSettings("settle: 0s\n", "UTC").problems.length, 0);
  const bad = readLabSettings("\uFEFFsettle: 2h\r\ntime-zone: Mars/Base\r\nsetle: 3s\r\n", "UTC");
  assert.deepEqual(bad.value, { settleMs: SETTLE_LINE_MS, quietMs: QUIET_MS, timeZone: "UTC" });
  assert.deepEqual(
    bad.problems.map(({ place, fix }) => [place.line, place.column, fix]),
    [
      [1, 9, "write `settle: 10s`"],
      [2, 12, "write a name such as `Europe/Berlin`"],
      [3, 1, "did you mean `settle`?"],
    ],
  );
});

test("a settings file that is no map is a problem", () => {
  for (const text of ["- a\n", "text", "[", "a: b: c", "\0", "{".repeat(5_000)]) {
    assert.notEqual(readLabSettings(text, "UTC").problems.length, 0, text.slice(0, 10));
  }
});

test("ignored runs are list items with a name, a folder or an id", () => {
  const folder = "2025-02-02T14-30-00-de-risk";
  const text = [
    "# Ignored runs",
    "",
    "Runs that plots and report leave out. One list item for each: the folder, a colon, the reason.",
    "",
    "- lr-3",
    "- `full`: crashed at 3 h",
    `* ${folder} - wrong data`,
    `- runs/${folder}/ — wrong data`,
    `1. [de-risk](runs/${folder})`,
    "- **k7f3** # a test",
    "- [ ] x2 (no seed)",
    `- ${folder} wrong seed`,
    "- [[base-1|base]]: old",
    "  - nested-1",
  ].join("\n");
  assert.deepEqual(
    readIgnoredRuns(text, "IGNORED_RUNS.md").map(({ line, target, reason }) => [
      line,
      target,
      reason,
    ]),
    [
      [5, "lr-3", undefined],
      [6, "full", "crashed at 3 h"],
      [7, folder, "wrong data"],
      [8, folder, "wrong data"],
      [9, folder, undefined],
      [10, "k7f3", "a test"],
      [11, "x2", "no seed"],
      [12, folder, "wrong seed"],
      [13, "base-1", "old"],
      [14, "nested-1", undefined],
    ],
  );
});

const targets = (text: string): readonly string[] =>
  readIgnoredRuns(text, "IGNORED_RUNS.md").map(({ target }) => target);

test("plain lines name a run only where they cannot be sentences", () => {
  assert.deepEqual(targets("lr-3\nfull\n`base`: old\nlr-4: broken\n2025-02-02T14-30-00-a\n"), [
    "lr-3",
    "full",
    "base",
    "lr-4",
    "2025-02-02T14-30-00-a",
  ]);
  for (const text of [
    "Note: these crashed",
    "None",
    "- none",
    "Runs go here.",
    "These runs - all of them - crashed",
    "- the runs of Monday",
    "- see above",
    "<!-- - lr-3 -->",
    "<!--\n- lr-3\nlr-4\n-->",
    "```\n- lr-3\n```",
    "> - lr-3",
    "## lr-3",
    "- ../x",
    "- `../../etc`",
    "---",
    "| lr-3 |",
    "",
  ]) {
    assert.deepEqual(targets(text), [], text);
  }
});

test("hostile lists of ignored runs are read in time", () => {
  for (const text of [
    "[".repeat(1_900),
    "`".repeat(1_900),
    "- x ".repeat(400),
    "<!--".repeat(20_000),
  ]) {
    const tookMs = cpuMs(() => readIgnoredRuns(`${text}\n`.repeat(50), "IGNORED_RUNS.md"));
    assert.ok(tookMs < 1_000, `${tookMs} ms`);
  }
});

test("the nearest spelling is within few slips, and far words have none", () => {
  const known = ["timeout", "because", "after", "go", "gpus"];
  assert.equal(nearest("timout", known), "timeout");
  assert.equal(nearest("becuase", known), "because");
  assert.equal(nearest("TIMEOUT", known), "timeout");
  assert.equal(nearest("gpu", known), "gpus");
  for (const far of ["", "x", "epochs", "learning-rate", "t".repeat(100_000)]) {
    assert.equal(nearest(far, known), undefined, far.slice(0, 20));
  }
});

test("a swap of neighbours is one slip, and the fewest slips win", () => {
  assert.equal(nearest("og", ["go"]), "go");
  assert.equal(nearest("abcd", ["badc"]), undefined);
  assert.equal(nearest("settel", ["settles", "settle"]), "settle");
});
