// What the worst journal of a megabyte costs its neighbours: in one lab another experiment's journal
// is saved again and again, and a command is typed meanwhile. The time is from its save to the
// script's process, less the median of the same without the other journal's saves, in the same run:
// that floor holds `settle:`. uv's own time is left out by a stand-in of that name.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { JOURNAL, openLab, trainScript, type TestLab } from "../test/e2e/lab.ts";
import { measure, type Timing } from "./measure.ts";
import type { Bench } from "./run.ts";

const MB = 1_000_000;
const ROUNDS = 6;
/** The other journal is saved this often, each time changed at its top and at its end. */
const SAVE_MS = 500;

/** A machine that is busy with much else is waited for. */
const WAIT_MS = 120_000;

/** What is repeated. */
const EVIL: Readonly<Record<string, string>> = {
  "underlined letters": "a\n-\n",
  "a list of unticked commands": "- [ ] run: a\n",
  "commands of one name": "run: a\n\n",
  "lines with problems": "run: a=1 b\n\n",
  "headings full of marks": "# *a_ *a_ `b` [c](d)\n",
  "one line of marks": "*a_ ",
  "quotes in lists in quotes": "> - > - x\n",
  "an item with commands and receipts": "  run: b\n\n  > **problem** x\n\n",
  "tagged lines": "[TODO] a\n\n",
};

async function startsBesides(text: string): Promise<Timing> {
  const folder = mkdtempSync(join(tmpdir(), "nightlab-bench-"));
  const uv = join(folder, "uv");
  writeFileSync(uv, '#!/bin/sh\n[ "$1" = run ] && date +%s%N >> started\nexit 0\n');
  chmodSync(uv, 0o755);
  const lab = await openLab({ journal: JOURNAL, train: trainScript(""), env: { NIGHTLAB_UV: uv } });
  const saveOther = (nth: number): Promise<void> =>
    lab.write("../evil/JOURNAL.md", `${nth}\n\n${text}\n\n${nth}\n`);
  try {
    await lab.start();
    await saveOther(0);
    const floor = await measure(ROUNDS, (round) => startOf(lab, `floor${round + 10}`));
    let saves = 0;
    return await measure(ROUNDS, async (round) => {
      const typed = { started: false };
      const saving = (async (): Promise<void> => {
        while (!typed.started) {
          await saveOther((saves += 1));
          await pause(SAVE_MS);
        }
      })();
      const tookMs = await startOf(lab, `beside${round + 10}`).finally(
        () => (typed.started = true),
      );
      await saving;
      return tookMs - floor.medianMs;
    });
  } finally {
    await lab.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** From the save of a command to its process, ms. */
async function startOf(lab: TestLab, name: string): Promise<number> {
  const starts = (): readonly number[] => {
    try {
      const lines = readFileSync(join(lab.experiment, "started"), "utf8").trim().split("\n");
      return lines.map((line) => Number(line) / 1e6);
    } catch {
      return [];
    }
  };
  const before = starts().length;
  const savedAtMs = Date.now();
  await lab.save(`${lab.journal().trimEnd()}\n\nrun: ${name} !\n`);
  await lab.until("it started", () => starts().length > before, WAIT_MS);
  const tookMs = (starts().at(-1) ?? Number.NaN) - savedAtMs;
  const done = (): number => lab.journal().split("> **done**").length - 1;
  await lab.until("it ended", () => done() > before, WAIT_MS);
  return tookMs;
}

export const benches: readonly Bench[] = Object.entries(EVIL).map(([what, unit]) => ({
  what: `the start of a command beside a megabyte of ${what}, over that without`,
  boundMs: 200,
  run: () => startsBesides(unit.repeat(Math.ceil(MB / unit.length))),
}));
