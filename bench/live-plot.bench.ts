// From a metric line on disk to the renewed plot, on the real daemon while one run goes on.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { JOURNAL, openLab, trainScript } from "../test/e2e/lab.ts";
import { measure } from "./measure.ts";
import type { Bench } from "./run.ts";

/** Logs a value whenever it is told to, and says when that was on disk. */
const TRAIN = trainScript(`
step = 0
while not Path("end").exists():
    if Path("go").exists():
        Path("go").unlink()
        step += 1
        metric(step=step, **{"val/loss": 1.0 / step})
        Path("logged").write_text(f"{step} {time.time() * 1000}")
    time.sleep(0.002)
`);

export const bench: Bench = {
  what: "from a metric line on disk to the renewed plot",
  boundMs: 2_000,
  run: async () => {
    const lab = await openLab({ journal: JOURNAL, train: TRAIN });
    try {
      await lab.start();
      await lab.save(`${JOURNAL}run: live timeout=10m !\n`);
      await lab.until("the run is there", () => lab.runs().length === 1, 60_000);
      const plot = join(lab.experiment, "runs", String(lab.runs()[0]), "plots", "val-loss.webp");
      const stamp = (): number => statSync(plot, { throwIfNoEntry: false })?.mtimeMs ?? 0;
      return await measure(15, async (round) => {
        // Somewhere within the second in which plots rest after a renewal.
        await pause((round + 2) * 97);
        const before = stamp();
        await lab.write("go", "");
        await lab.until("the plot is renewed", () => stamp() > before);
        return stamp() - Number(readFileSync(join(lab.experiment, "logged"), "utf8").split(" ")[1]);
      });
    } finally {
      await lab.write("end", "");
      await lab.close();
    }
  },
};
