import assert from "node:assert/strict";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { auditFiles } from "../../src/effects/pages/audit-files.ts";
import { createReadingCache } from "../../src/effects/run-store/experiment-files.ts";
import { renewReport } from "../../src/effects/pages/pages.ts";

const CASES = join(import.meta.dirname, "report");

for (const name of await readdir(CASES)) {
  test(`the report of ${name} is as expected, and the same when it is renewed`, async () => {
    const lab = await mkdtemp(join(tmpdir(), "nightlab-report-"));
    const experiment = join(lab, name);
    const expectedFile = join(CASES, name, "REPORT.md");
    try {
      await cp(join(CASES, name), experiment, { recursive: true });
      await rm(join(experiment, "REPORT.md"), { force: true });
      const cache = createReadingCache();
      const first = await renewReport(experiment, { cache, labDir: lab });
      assert.deepEqual(first, { written: true, path: join(experiment, "REPORT.md"), problems: [] });
      const page = await readFile(join(experiment, "REPORT.md"), "utf8");
      if (process.env["UPDATE"] === "1") await writeFile(expectedFile, page);
      assert.equal(page, await readFile(expectedFile, "utf8"));

      const [audited] = await auditFiles(experiment, [join(experiment, "REPORT.md")], { labDir: lab });
      assert.ok(audited?.kind === "audited");
      assert.deepEqual([audited.result.findings, audited.result.absent], [[], 0]);

      const again = await renewReport(experiment, { cache, labDir: lab });
      assert.equal(again.written, false);
      const fromNothing = await renewReport(experiment, { labDir: lab });
      assert.equal(fromNothing.written, false);
    } finally {
      await rm(lab, { recursive: true });
    }
  });
}
