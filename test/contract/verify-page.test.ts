// The gate over real files: a log that changes while a report is made keeps the old report.
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readExperimentFiles } from "../../src/effects/run-store/experiment-files.ts";
import { verifyPage, readCited } from "../../src/effects/pages/verify-page.ts";
import { renderReport, reportBlocks } from "../../src/report/page/page.ts";

const LOG = "runs/2025-02-02T16-00-00-full-seed-2/logs/train.log";

test("a cited line or a flag's line that changed since it was read keeps the page from being saved", async () => {
  const lab = await mkdtemp(join(tmpdir(), "nightlab-gate-"));
  try {
    const experiment = join(lab, "nan seed");
    await cp(join(import.meta.dirname, "../golden/report/nan-seed"), experiment, {
      recursive: true,
    });
    const { input } = await readExperimentFiles(experiment, { labDir: lab });
    const blocks = reportBlocks(input);
    const page = renderReport(input);
    assert.deepEqual(
      verifyPage(page, blocks, input, await readCited(experiment, blocks, input)),
      [],
    );

    const log = await readFile(join(experiment, LOG), "utf8");
    assert.match(log, /NaN/);
    await writeFile(join(experiment, LOG), log.replace("NaN", "0.3"));
    const found = verifyPage(page, blocks, input, await readCited(experiment, blocks, input));
    assert.deepEqual([...new Set(found.map((one) => one.kind))], ["changed-source"]);
    assert.ok(found.some((one) => one.said.startsWith("the flag on val/loss")));
    assert.ok(found.some((one) => /^\[\d+\] val\/loss = NaN$/.test(one.said)));
  } finally {
    await rm(lab, { recursive: true });
  }
});
