// A log of a million values and one more line: until plot and report show it while the run goes
// on, until plot, report and receipt are there when it ends, and what the usual script takes.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { JOURNAL, openLab, trainScript, type TestLab } from "../test/e2e/lab.ts";
import { measure, type Timing } from "./measure.ts";
import type { Bench } from "./run.ts";

const VALUES = Number(process.env["NIGHTLAB_BENCH_VALUES"] ?? 1_000_000);
const LEAST_RATIO = 10;
const USUAL = fileURLToPath(new URL("usual-plot.py", import.meta.url));
/** Nothing rests: what is measured is the work. */
const NO_PACING = "settle: 1s\nquiet: 0s\nrenew: 0s\n";

/** Logs a million values at once, then one more whenever it is told to. */
const TRAIN = trainScript(`
import math, random
random.seed(1)
step = 0
def value():
    return round(2.5 * math.exp(-step / 200_000) + 0.3 + 0.2 * random.random(), 4)
log.close()
log = open(run / "logs" / "train.log", "a", buffering=1 << 20, encoding="utf-8")
for step in range(${VALUES}):
    metric(step=step, **{"val/loss": value()})
log.close()
log = open(run / "logs" / "train.log", "a", buffering=1, encoding="utf-8")
Path("logged").write_text("0 0")
while not Path("end").exists():
    if Path("go").exists():
        Path("go").unlink()
        step += 1
        metric(step=step, **{"val/loss": value()})
        Path("logged").write_text(f"{step} {time.time() * 1000}")
    time.sleep(0.002)
step += 1
metric(step=step, **{"val/loss": 0.123456})
Path("ended").write_text(f"{time.time() * 1000}")
`);

interface Lab extends TestLab {
  readonly log1M: string;
  readonly plot: string;
  readonly report: string;
}

const changedAt = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** A lab whose run has logged its million, and whose report says so. */
async function openMillion(): Promise<Lab> {
  const lab = await openLab({ journal: JOURNAL, train: TRAIN, settings: NO_PACING });
  await lab.start();
  await lab.save(`${JOURNAL}run: million timeout=10m !\n`);
  await lab.until(
    "the million is logged",
    () => existsSync(join(lab.experiment, "logged")),
    90_000,
  );
  const run = join(lab.experiment, "runs", String(lab.runs()[0]));
  const report = join(lab.experiment, "REPORT.md");
  const whole = (): boolean =>
    existsSync(report) && readFileSync(report, "utf8").includes(`| ${VALUES} |`);
  await lab.until("the report knows the million", whole, 60_000);
  const log1M = join(run, "logs", "train.log");
  return { ...lab, log1M, plot: join(run, "plots", "val-loss.webp"), report };
}

async function closeMillion(lab: Lab): Promise<void> {
  await lab.write("end", "");
  await lab.close();
}

/** From a line on disk to the plot and the report that have it. */
async function oneMore(lab: Lab, round: number): Promise<number> {
  // Everything of the round before is written, and no beat of the daemon's is met each time.
  await pause(400 + (round + 2) * 37);
  const before = [lab.plot, lab.report].map(changedAt);
  await lab.write("go", "");
  const renewed = (): boolean =>
    [lab.plot, lab.report].every((path, i) => changedAt(path) > (before[i] ?? 0));
  await lab.until("plot and report are renewed", renewed, 20_000);
  const [, loggedAtMs] = readFileSync(join(lab.experiment, "logged"), "utf8").split(" ");
  return Math.max(...[lab.plot, lab.report].map(changedAt)) - Number(loggedAtMs);
}

/** What a person's own script takes for the same log; the first time fills uv's cache. */
async function usual(log: string): Promise<Timing> {
  const folder = await mkdtemp(join(tmpdir(), "nightlab-bench-"));
  try {
    const uv = process.env["NIGHTLAB_UV"] ?? "uv";
    return await measure(
      3,
      () => {
        execFileSync(uv, ["run", "--quiet", USUAL, log, folder], { stdio: "ignore" });
      },
      1,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

const live: Bench = {
  what: `one more line in a log of ${VALUES} values, to plot and report; the usual script takes ${LEAST_RATIO} × that at least`,
  boundMs: 1_000,
  run: async () => {
    const lab = await openMillion();
    try {
      const timing = await measure(9, (round) => oneMore(lab, round));
      const theirs = await usual(lab.log1M);
      const ratio = theirs.medianMs / timing.medianMs;
      console.log(
        `     the usual script, by uv run: median ${theirs.medianMs.toFixed(0)} ms, × ${ratio.toFixed(1)}`,
      );
      if (ratio < LEAST_RATIO) throw new Error(`only ${ratio.toFixed(1)} × the usual script`);
      return timing;
    } finally {
      await closeMillion(lab);
    }
  },
};

const ending: Bench = {
  what: `last line of a run with ${VALUES} values, to receipt, plot and report`,
  boundMs: 1_000,
  run: () =>
    measure(
      3,
      async () => {
        const lab = await openMillion();
        try {
          await lab.write("end", "");
          const told = (): boolean =>
            lab.journal().includes("0.123456") &&
            readFileSync(lab.report, "utf8").includes("0.123456");
          await lab.until("receipt and report have the last value", told, 30_000);
          const journal = join(lab.experiment, "JOURNAL.md");
          const last = Math.max(...[journal, lab.plot, lab.report].map(changedAt));
          return last - Number(readFileSync(join(lab.experiment, "ended"), "utf8"));
        } finally {
          await closeMillion(lab);
        }
      },
      1,
    ),
};

export const benches: readonly Bench[] = [live, ending];
