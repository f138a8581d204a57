// Whatever is below an experiment, its report is written, or the reason is told in words; nothing
// that a viewer obeys is in it, and a report that grew is the report that is made anew.
// `NIGHTLAB_MUTATED_LABS=10000 node --test FILE` for many, `NIGHTLAB_SEED=n` to begin at another.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { renewReport, type RenewedReport } from "../../src/effects/pages/pages.ts";
import { createReadingCache } from "../../src/effects/run-store/experiment-files.ts";
import { disturb, draws, OBEYED, writeMutated } from "./mutated-lab.ts";

const LABS = Number(process.env["NIGHTLAB_MUTATED_LABS"] ?? 60);
const asked = process.env["NIGHTLAB_SEED"] ?? "20250202";
const FIRST = asked === "random" ? Math.floor(Math.random() * 2 ** 31) : Number(asked);

/** Labs whose true reports were once refused. */
const ONCE_REFUSED = [7_000_575, 7_005_786, 7_007_595, 7_008_735, 7_009_267, 7_000_382];

/** What came of a renewal: the page, or why there is none. */
async function renewed(experiment: string, options: object): Promise<string> {
  let report: RenewedReport;
  try {
    report = await renewReport(experiment, options);
  } catch (error) {
    assert.match(String(error), /^Error: Cannot read .*JOURNAL\.md: \w/, (error as Error).stack);
    return "unread";
  }
  assert.deepEqual(report.problems, []);
  const page = readFileSync(report.path, "utf8");
  assert.doesNotMatch(page, OBEYED);
  assert.match(page, /^# /m);
  return page;
}

test(`${LABS} mutated labs from seed ${FIRST}: every report is written or the reason told`, async () => {
  const root = mkdtempSync(join(tmpdir(), "nightlab-mutated-"));
  const failures: string[] = [];
  let written = 0;
  let unread = 0;
  try {
    const seeds = Array.from({ length: LABS }, (_, i) => FIRST + i);
    for (const seed of [...ONCE_REFUSED, ...seeds]) {
      const experiment = join(root, String(seed), "exp");
      try {
        writeMutated(experiment, seed);
        const cache = createReadingCache();
        const labDir = join(root, String(seed));
        const first = await renewed(experiment, { cache, labDir });
        if (first === "unread") unread += 1;
        else written += 1;
        disturb(experiment, draws(seed + 1));
        const grown = await renewed(experiment, { cache, labDir });
        if (grown !== "unread") {
          rmSync(join(experiment, "REPORT.md"));
          assert.equal(await renewed(experiment, { labDir }), grown);
        }
      } catch (error) {
        failures.push(`seed ${seed}: ${String(error instanceof Error ? error.stack : error)}`);
      }
      if (existsSync(experiment)) rmSync(join(root, String(seed)), { recursive: true });
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  console.log(
    `${written} written, ${unread} with a journal that is not read, ${failures.length} failed`,
  );
  assert.equal(
    failures.length,
    0,
    `${failures.length} failed\n${failures.slice(0, 20).join("\n\n")}`,
  );
});
