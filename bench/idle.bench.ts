// Processor time of a daemon that has nothing to do, per second: 100 experiments of 20 runs.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { JOURNAL, openLab } from "../test/e2e/lab.ts";
import { measure } from "./measure.ts";
import type { Bench } from "./run.ts";

const EXPERIMENTS = 100;
const RUNS = 20;
const QUIET_MS = 15_000;
const WINDOW_S = 10;

export const bench: Bench = {
  what: `processor time of an idle daemon per second, ${EXPERIMENTS} experiments of ${RUNS} runs`,
  boundMs: 5,
  run: async () => {
    const lab = await openLab({ journal: JOURNAL });
    try {
      for (let i = 0; i < EXPERIMENTS; i += 1) fill(join(lab.path, `experiment ${i}`));
      const daemon = await lab.start();
      const ticksPerS = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
      const cpuMs = (): number => {
        const text = readFileSync(`/proc/${daemon.pid}/stat`, "utf8");
        const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
        return ((Number(fields[11]) + Number(fields[12])) / ticksPerS) * 1000;
      };
      // The first look at all of it is work; what is asked for is the rest after it.
      for (let before = -1; cpuMs() - before > 20;) {
        before = cpuMs();
        await pause(QUIET_MS / 5);
      }
      return await measure(
        3,
        async () => {
          const before = cpuMs();
          await pause(WINDOW_S * 1000);
          return (cpuMs() - before) / WINDOW_S;
        },
        0,
      );
    } finally {
      await lab.close();
    }
  },
};

function fill(experiment: string): void {
  for (let i = 0; i < RUNS; i += 1) {
    const logs = join(
      experiment,
      "runs",
      `2025-02-02T14-30-${String(i).padStart(2, "0")}-r${i}`,
      "logs",
    );
    mkdirSync(logs, { recursive: true });
    const line = '2025-02-02 14:30:00 | INFO | metric {"step": 1, "val/loss": 0.5}\n';
    writeFileSync(join(logs, "train.log"), line.repeat(50));
  }
  writeFileSync(join(experiment, "JOURNAL.md"), JOURNAL);
}
