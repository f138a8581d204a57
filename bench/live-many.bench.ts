// Twenty runs that each log a hundred lines a second: how old what a picture shows is, looked at now
// and then, and how much of a core the drawing process takes.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { JOURNAL, openLab, trainScript, type TestLab } from "../test/e2e/lab.ts";
import { cpuS, endedChildrenCpuS } from "./big-lab.ts";
import type { Timing } from "./measure.ts";
import type { Bench } from "./run.ts";

const RUNS = Number(process.env["RUNS"] ?? 20);
const SETTLED_MS = 15_000;
const LOOKS = 60;
const LOOK_MS = 500;

/** Its metric is the time at which it is logged, so that a picture says how old it is. */
const TRAIN = trainScript(`
step = 0
while not Path("end").exists():
    step += 1
    metric(step=step, **{"val/loss": round(time.time(), 3)})
    time.sleep(0.01)
`);

interface Measured {
  readonly agesMs: readonly number[];
  readonly share: number;
}

let measured: Promise<Measured> | undefined;

async function measureLive(): Promise<Measured> {
  const settings = `settle: 1s\nquiet: 1s\ncpu-slots: ${RUNS}\n`;
  const lab = await openLab({ journal: JOURNAL, train: TRAIN, settings });
  try {
    const { pid = 0 } = await lab.start();
    const lines = Array.from({ length: RUNS }, (_, i) => `run: live-${i} timeout=10m !\n\n`);
    await lab.save(JOURNAL + lines.join(""));
    await lab.until("all go on and are drawn", () => agesOf(lab).length === RUNS, 300_000);
    await pause(SETTLED_MS);
    const agesMs: number[] = [];
    const [before, fromMs] = [drawingCpuS(pid), performance.now()];
    for (let look = 0; look < LOOKS; look += 1) {
      await pause(LOOK_MS);
      agesMs.push(...agesOf(lab));
    }
    const share = (drawingCpuS(pid) - before) / ((performance.now() - fromMs) / 1_000);
    return { agesMs, share };
  } finally {
    await lab.write("end", "");
    await lab.close();
  }
}

/** Processor time in s of the drawing processes of a daemon, of which there is one at a time. */
function drawingCpuS(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  const drawing = children.filter((child) =>
    readFileSync(`/proc/${child}/cmdline`, "utf8").includes("render-child"),
  );
  const now = drawing.reduce((sum, child) => sum + cpuS({ pid: Number(child) }), 0);
  return now + endedChildrenCpuS({ pid });
}

/** How long ago the newest line was logged that each picture shows, ms. */
function agesOf(lab: TestLab): readonly number[] {
  return lab.runs().flatMap((run) => {
    try {
      const spec = join(lab.experiment, "runs", run, "plots", "val-loss.vl.json");
      const times = readFileSync(spec, "utf8").match(/\b\d{10}\.\d+\b/g) ?? [];
      const newest = Math.max(...times.map(Number));
      return Number.isFinite(newest) ? [Date.now() - newest * 1_000] : [];
    } catch {
      return [];
    }
  });
}

function summary(values: readonly number[]): Timing {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? NaN;
  return { medianMs: at(0.5), p95Ms: at(0.95), worstMs: at(1), times: sorted.length };
}

export const benches: readonly Bench[] = [
  {
    what: `age of a picture, ${RUNS} runs of 100 lines a second`,
    boundMs: 1_000,
    run: async () => summary((await (measured ??= measureLive())).agesMs),
  },
  {
    what: `a core's share of the drawing process, ${RUNS} runs of 100 lines a second`,
    boundMs: 50,
    unit: "%",
    run: async () => summary([100 * (await (measured ??= measureLive())).share]),
  },
];
