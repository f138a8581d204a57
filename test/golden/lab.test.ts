import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { replay } from "../../src/domain/replay.ts";
import type { Fact } from "../../src/domain/fact.ts";
import { renewPage } from "../../src/report/page/preserve-user-edits.ts";
import { labBlocks } from "../../src/report/night/lab-blocks.ts";
import { nightFacts } from "../../src/scheduler/nightly-summary-facts.ts";
import type { NightExperiment } from "../../src/report/night/nightly-summary-items.ts";
import { nightBlocks } from "../../src/report/night/nightly-summary-page.ts";
import { lastNight } from "../../src/scheduler/nights.ts";
import { at, flag, gpus, known, LAB, members, metric, ran, written } from "./lab-nights.ts";

const PAGES = fileURLToPath(new URL("lab/", import.meta.url));
const settings = { timeZone: "Europe/Berlin" };

/** The page as of a moment; its times are those of Berlin, an hour ahead of the facts'. */
function pageOf(
  facts: readonly Fact[],
  asOf: string,
  experiments: ReadonlyMap<string, NightExperiment> = new Map(),
): string {
  const asOfMs = at(asOf);
  const night = lastNight(settings, asOfMs);
  assert.ok(night !== undefined);
  const world = replay(facts.filter(({ atMs }) => atMs <= asOfMs));
  const told = nightFacts(world, LAB, night, { asOfMs, settings });
  const digest = nightBlocks(told, { lab: LAB, night, experiments, ...settings });
  const page = renewPage(undefined, labBlocks(LAB, [], digest));
  assert.equal(page.kind, "page");
  return page.kind === "page" ? page.text : "";
}

function check(name: string, page: string): void {
  const file = join(PAGES, `${name}.md`);
  if (process.env["UPDATE"] === "1") writeFileSync(file, page);
  assert.equal(page, readFileSync(file, "utf8"));
}

const OOM = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.";

const NIGHT: readonly Fact[] = [
  ...known("warm-up", "a 'b'"),
  ...ran({
    id: "aaaa",
    name: "old",
    from: "02-01 20:00",
    to: "02-01 23:30",
    place: gpus(0),
    outcome: { cause: { kind: "success" } },
  }),
  ...ran({
    id: "k7f3",
    name: "full",
    from: "02-02 22:10",
    to: "02-03 00:14",
    place: gpus(0, 1),
    folder: "2025-02-02T23-10-00-full",
    outcome: {
      cause: { kind: "gpu-out-of-memory" },
      lastLine: { text: OOM, file: "logs/train.log", line: 812 },
    },
  }),
  ...ran({
    id: "m2qd",
    name: "lr_1",
    experiment: "a 'b'",
    from: "02-02 21:30",
    to: "02-03 01:00",
    place: gpus(2),
    folder: "2025-02-02T22-30-00-lr_1",
    outcome: {
      cause: { kind: "success" },
      metrics: [metric("train/loss", "0.2"), metric("val/loss", "0.3120")],
      findings: [
        flag("spike", "train/loss ×4.1 at step 412", at("02-02 23:00"), 418),
        flag("overfitting", "val/loss rises since step 900", at("02-03 00:30"), 950),
      ],
    },
  }),
  ...ran({
    id: "p4rt",
    name: "probe",
    from: "02-03 02:00",
    to: "02-03 02:01",
    place: { kind: "cpu", why: "asked" },
    outcome: { ending: "stopped", cause: { kind: "stopped", by: "journal" } },
  }),
  ...ran({
    id: "w9ce",
    name: "long",
    from: "02-03 03:00",
    to: "02-03 09:12",
    place: gpus(3),
    folder: "2025-02-03T04-00-00-long",
    outcome: { cause: { kind: "success" }, metrics: [metric("val/loss", "0.25")] },
  }),
  written("q3wn", "next", "02-02 18:00", "waiting", { reason: "after `w9ce`" }),
  written("h5kd", "big", "02-02 18:00", "held", {
    reason: "a run over 2 min needs a `because`, or your go",
    experiment: "a 'b'",
  }),
];

const READ = new Map<string, NightExperiment>([
  [
    `${LAB}/warm-up`,
    {
      promised: ["val/loss"],
      lines: new Map([
        ["k7f3", 42],
        ["q3wn", 60],
      ]),
      verdicts: ["success `val/loss <= 0.5` is **NOT MET** (1 run)"],
    },
  ],
  [`${LAB}/a 'b'`, { promised: ["val/loss"], lines: new Map(), verdicts: [] }],
]);

test("a night in the morning: what died and why, what is done, flagged and waits", () => {
  check("morning", pageOf(NIGHT, "02-03 06:00", READ));
});

test("the same night once its last run has ended", () => {
  check("last-run-ended", pageOf(NIGHT, "02-03 09:12", READ));
});

test("a night in which nothing ran says what waited for what", () => {
  const facts = [
    ...known("warm-up"),
    written("q3wn", "next", "02-02 18:00", "waiting", { reason: "GPU 0 is used by somebody else" }),
    { kind: "queue-paused", atMs: at("02-02 19:00"), paused: true } as const,
  ];
  check("nothing-ran", pageOf(facts, "02-03 06:00"));
});

test("a sweep is one line, its failed runs have their own, and a long night is cut", () => {
  const runs = Array.from({ length: 40 }, (_, i) => {
    const minute = String(i).padStart(2, "0");
    const failed = i % 10 === 9;
    return {
      id: `sw33.${i + 1}`,
      name: `lr-${i}`,
      from: `02-03 01:${minute}`,
      to: `02-03 02:${minute}`,
      place: gpus(i % 4),
      outcome: {
        cause: failed ? ({ kind: "exit-code", code: 1 } as const) : ({ kind: "success" } as const),
      },
    };
  });
  const single = Array.from({ length: 33 }, (_, i) =>
    ran({
      id: `s${i + 100}`,
      name: `one-${i}`,
      from: "02-03 03:00",
      to: "02-03 03:30",
      outcome: { cause: { kind: "success" } },
    }),
  );
  const head = written("sw33", "lr", "02-02 18:00", "running");
  const facts = [
    ...known("warm-up"),
    head,
    ...members("sw33", runs, "02-03 01:00"),
    ...single.flat(),
  ];
  check("sweep", pageOf(facts, "02-03 06:00"));
});
