// A daemon whose ledger holds many ended runs: what it takes until it watches, and what one more run
// costs beside so many. All in processor time, which other work on the machine does not change.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { JOURNAL, openLab, trainScript } from "../test/e2e/lab.ts";
import { labPath } from "../src/base/ids.ts";
import { openLedger } from "../src/effects/state/ledger.ts";
import { readWorldOf, writeSnapshot } from "../src/effects/state/snapshot.ts";
import { recordEndedRuns } from "./ended-runs.ts";
import { measure, type Timing } from "./measure.ts";
import type { Bench } from "./run.ts";

const [FEW, MANY] = [1_000, Number(process.env["NIGHTLAB_BENCH_RUNS"] ?? 50_000)];
const ROUNDS = 8;
/** Reports, views and snapshots follow a run within this time. */
const REST_MS = 4_000;
/** Of /proc/PID/stat, everywhere on Linux. */
const TICK_MS = 10;

interface Costs {
  readonly readyMs: number;
  readonly mb: number;
  readonly runMs: Timing;
}

const known = new Map<number, Promise<Costs>>();

/** Measured once for all benches. */
function costsBeside(ended: number): Promise<Costs> {
  const found = known.get(ended) ?? measureBeside(ended);
  known.set(ended, found);
  return found;
}

async function measureBeside(ended: number): Promise<Costs> {
  const folder = mkdtempSync(join(tmpdir(), "nightlab-bench-"));
  const uv = join(folder, "uv");
  writeFileSync(uv, '#!/bin/sh\n[ "$1" = run ] || exit 0\nsleep 0.1\n');
  chmodSync(uv, 0o755);
  const state = join(folder, "state");
  const env = { NIGHTLAB_UV: uv, NIGHTLAB_STATE_DIR: state, NIGHTLAB_LOG_LEVEL: "info" };
  const lab = await openLab({ journal: JOURNAL, train: trainScript(""), env });
  try {
    recordEndedRuns(state, lab.path, ended);
    // As the first daemon of a release does, which replays all.
    const ledger = openLedger(state);
    const labs = [labPath(lab.path)];
    const replayed = process.cpuUsage();
    const read = readWorldOf(state, labs, ledger);
    const { user, system } = process.cpuUsage(replayed);
    console.log(`     ${read.facts} facts replayed in ${((user + system) / 1e6).toFixed(1)} s`);
    await writeSnapshot(state, labs, ledger, read);
    ledger.close();
    const { pid = 0 } = await lab.start();
    const [readyMs, mb] = [cpuMs(pid), memoryMb(pid)];
    await pause(REST_MS);
    const runMs = await measure(ROUNDS, async (round) => {
      const from = cpuMs(pid);
      const name = `further-${round + 10}`;
      await lab.save(`${lab.journal().trimEnd()}\n\nrun: ${name} !\n`);
      const done = new RegExp(`\\*\\*done\\*\\*`, "g");
      const count = (lab.journal().match(done)?.length ?? 0) + 1;
      await lab.until(`${name} is done`, () => lab.journal().match(done)?.length === count);
      await pause(REST_MS);
      return cpuMs(pid) - from;
    });
    return { readyMs, mb, runMs };
  } finally {
    await lab.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Processor time of a process so far, ms. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

const memoryMb = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1_000;

const once = (value: number): Timing => ({
  medianMs: value,
  p95Ms: value,
  worstMs: value,
  times: 1,
});

export const benches: readonly Bench[] = [
  {
    what: `processor time until a daemon watches, ${MANY} ended runs in its ledger`,
    boundMs: 3_000,
    run: async () => once((await costsBeside(MANY)).readyMs),
  },
  {
    what: "its memory then",
    boundMs: 300,
    unit: "MB",
    run: async () => once((await costsBeside(MANY)).mb),
  },
  {
    what: `processor time of a further run beside ${MANY} ended ones, as a multiple of that beside ${FEW}`,
    boundMs: 1.2,
    unit: "times",
    run: async () => {
      const [few, many] = [await costsBeside(FEW), await costsBeside(MANY)];
      console.log(
        `     ${few.runMs.medianMs} ms beside ${FEW} (ready ${few.readyMs} ms, ${few.mb.toFixed(0)} MB), ${many.runMs.medianMs} ms beside ${MANY}`,
      );
      return once(many.runMs.medianMs / few.runMs.medianMs);
    },
  },
];
