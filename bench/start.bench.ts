// From the end of settling to the script's process, on the real daemon. uv's own time is left out
// by a stand-in of that name which only notes when it was called and ends.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLedger } from "../src/effects/state/ledger.ts";
import { labPath } from "../src/base/ids.ts";
import { JOURNAL, openLab, trainScript } from "../test/e2e/lab.ts";
import { measure } from "./measure.ts";
import type { Bench } from "./run.ts";

const ROUNDS = 15;

export const bench: Bench = {
  what: "from the end of settling to the script's process, uv's own time left out",
  boundMs: 50,
  run: async () => {
    const folder = mkdtempSync(join(tmpdir(), "nightlab-bench-"));
    const stateDir = join(folder, "state");
    const uv = join(folder, "uv");
    // Nanoseconds since 1970, written by the process that stands where the script would.
    writeFileSync(uv, '#!/bin/sh\n[ "$1" = run ] && date +%s%N >> started\nexit 0\n');
    chmodSync(uv, 0o755);
    const env = { NIGHTLAB_UV: uv, NIGHTLAB_STATE_DIR: stateDir };
    const lab = await openLab({ journal: JOURNAL, train: trainScript(""), env });
    try {
      await lab.start();
      const started = (): readonly string[] => {
        try {
          return readFileSync(join(lab.experiment, "started"), "utf8").trim().split("\n");
        } catch {
          return [];
        }
      };
      const acceptedAtMs = (): readonly number[] => {
        const ledger = openLedger(stateDir, { readOnly: true });
        const facts = ledger.read([labPath(lab.path)]);
        ledger.close();
        return facts.filter(({ kind }) => kind === "command-accepted").map(({ atMs }) => atMs);
      };
      return await measure(ROUNDS, async (round) => {
        const before = started().length;
        await lab.save(`${lab.journal().trimEnd()}\n\nrun: round-${round + 10} !\n`);
        await lab.until("it started", () => started().length > before);
        await lab.until("it ended", () => lab.journal().includes("> **done**"));
        return Number(started().at(-1)) / 1e6 - (acceptedAtMs().at(-1) ?? Number.NaN);
      });
    } finally {
      await lab.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
