// Pictures as a person finds them after two runs: of each run, of both together, and the page.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import sharp from "sharp";
import { JOURNAL, openLab, trainScript } from "./lab.ts";

/** Its stamps are a second apart, as if it had taken a minute. */
const TRAIN = trainScript(`
from datetime import timedelta
for step in range(60):
    at = datetime.now() - timedelta(seconds=60 - step)
    values = json.dumps({"step": step, "train/loss": 2 / (1 + step), "val/loss": 2.2 / (1 + step)})
    log.write(f"{at:%Y-%m-%d %H:%M:%S} | INFO | metric {values}\\n")
`);

test("after two runs their splits, their comparison and the page of both are there", async () => {
  const lab = await openLab({ journal: JOURNAL, train: TRAIN });
  try {
    await lab.start();
    await lab.save(`${JOURNAL}run: first\n\nrun: second\n`);
    const both = (): boolean => lab.journal().split("**done**").length === 3;
    await lab.until("both receipts", both, 60_000);
    const report = join(lab.experiment, "REPORT.md");
    const text = (): string => (existsSync(report) ? readFileSync(report, "utf8") : "");
    await lab.until(
      "the report has its figures",
      () => text().includes("plots/index.html"),
      30_000,
    );
    for (const name of ["val-loss-over-step", "val-loss-over-time", "final-last-val-loss"]) {
      await lab.until(name, () => text().includes(`plots/${name}.webp`), 30_000);
    }

    const plots = join(lab.experiment, "plots");
    const names = readdirSync(plots);
    for (const name of ["val-loss-over-step", "val-loss-over-time", "final-last-val-loss"]) {
      assert.ok(names.includes(`${name}.webp`) && names.includes(`${name}.vl.json`), names.join());
    }
    assert.deepEqual(
      names.filter((name) => name.endsWith(".part")),
      [],
    );
    const page = (): string => readFileSync(join(plots, "index.html"), "utf8");
    for (const run of lab.runs()) {
      await lab.until(`the page has ${run}`, () => page().includes(run));
      const picture = join(lab.experiment, "runs", run, "plots", "train-loss-val-loss.webp");
      assert.equal((await sharp(picture).metadata()).width, 1_440);
      const link = `runs/${run}/plots/train-loss-val-loss.webp`;
      await lab.until(`the report has ${link}`, () => text().includes(link));
    }
    const audit = await lab.nightlab("audit", "exp");
    assert.equal(audit.code, 0, audit.stdout + audit.stderr);
  } finally {
    await lab.close();
  }
});
