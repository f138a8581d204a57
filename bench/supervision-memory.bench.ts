// Memory that looking after a run takes while it goes on: its shim's processes, shared pages counted
// by their share (PSS). The daemon's own is not in it, nor the run's.
import { mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Supervisor } from "../src/effects/supervise/supervisor.ts";
import { attemptId, commandId } from "../src/base/ids.ts";
import type { AttemptSpec } from "../src/domain/run.ts";
import type { Bench } from "./run.ts";

const RUNS = 20;

const line = (pid: string): string => readFileSync(`/proc/${pid}/cmdline`, "utf8");

/** MB of a process that belongs to a shim: the shell, its watcher of the limit, and that one's sleep. */
function megabytes(lab: string): number {
  let sum = 0;
  for (const name of readdirSync("/proc").filter((one) => /^\d+$/.test(one))) {
    try {
      const parent =
        /^PPid:\s(\d+)$/m.exec(readFileSync(`/proc/${name}/status`, "utf8"))?.[1] ?? "";
      const own = line(name).includes("shim.sh") && line(name).includes(lab);
      const sleeps = line(name).startsWith("sleep\0") && line(parent).includes(lab);
      const isRun = line(name).startsWith("sleep\u0000600");
      if ((!own && !sleeps) || isRun) continue;
      const pss = /^Pss:\s+(\d+) kB$/m.exec(
        readFileSync(`/proc/${name}/smaps_rollup`, "utf8"),
      )?.[1];
      sum += Number(pss ?? 0) / 1024;
    } catch {
      // It ended meanwhile.
    }
  }
  return sum;
}

export const bench: Bench = {
  what: `memory of the supervision of a run, ${RUNS} at once`,
  boundMs: 3,
  unit: "MB",
  run: async () => {
    const lab = mkdtempSync(join(tmpdir(), "nightlab-bench-"));
    const supervisor = new Supervisor({ graceMs: 1_000 });
    const specs = Array.from({ length: RUNS }, (_, i): AttemptSpec => ({
      attempt: attemptId(`k7f3-${i + 1}`),
      command: commandId("k7f3"),
      verb: "run",
      name: "idle",
      lab,
      experiment: lab,
      script: "train.py",
      args: ["idle"],
      env: {},
      limitMs: 3_600_000,
    }));
    mkdirSync(join(lab, ".nightlab"), { recursive: true });
    try {
      for (const spec of specs) {
        await supervisor.start(spec, ["sleep", "600"], process.env, spec.limitMs);
      }
      await pause(500);
      const each = megabytes(lab) / RUNS;
      return { medianMs: each, p95Ms: each, worstMs: each, times: RUNS };
    } finally {
      for (const spec of specs) await supervisor.stop(spec);
      supervisor.close();
      rmSync(lab, { recursive: true, force: true, maxRetries: 5 });
    }
  },
};
