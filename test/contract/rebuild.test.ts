// Plots and report are a function of logs, journal and records: made again from nothing they have
// the same bytes as those that grew with the logs.
import assert from "node:assert/strict";
import { appendFile, cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { rebuild } from "../../src/cli/rebuild.ts";

const CASE = join(import.meta.dirname, "../golden/report/three-seeds");

/** Every file below a folder, its bytes as base64. */
async function bytesOf(folder: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    found.set(path, await readFile(path, "base64"));
  }
  return found;
}

async function removeDerived(experiment: string): Promise<void> {
  await rm(join(experiment, "REPORT.md"), { force: true });
  await rm(join(experiment, "plots"), { recursive: true, force: true });
  for (const run of await readdir(join(experiment, "runs"))) {
    await rm(join(experiment, "runs", run, "plots"), { recursive: true, force: true });
  }
}

test("what is derived has the same bytes when it is deleted and made again", async () => {
  const lab = await mkdtemp(join(tmpdir(), "nightlab a'; echo $(x) é-"));
  const experiment = join(lab, "three-seeds");
  try {
    await cp(CASE, experiment, { recursive: true });
    await removeDerived(experiment);
    const first = await rebuild(experiment);
    assert.equal(first.exitCode, 0, first.text);
    // A log that goes on: its plots and the report are renewed in place.
    const [run = ""] = await readdir(join(experiment, "runs"));
    const line =
      '2025-02-02 14:30:09 | INFO | metric {"step": 200, "train/loss": 0.2, "val/loss": 0.2}\n';
    await appendFile(join(experiment, "runs", run, "logs", "train.log"), `\n${line}`);
    assert.equal((await rebuild(experiment)).exitCode, 0);
    const grown = await bytesOf(experiment);
    const pictures = [...grown.keys()].filter((path) => path.endsWith(".webp"));
    assert.ok(pictures.includes(join(experiment, "plots", "final-last-val-loss.webp")));
    assert.ok(pictures.length > 9, pictures.join("\n"));
    assert.ok(grown.has(join(experiment, "plots", "index.html")));

    await removeDerived(experiment);
    assert.equal((await rebuild(experiment)).exitCode, 0);
    const again = await bytesOf(experiment);
    assert.deepEqual([...again.keys()].toSorted(), [...grown.keys()].toSorted());
    const other = [...grown].filter(([path, bytes]) => again.get(path) !== bytes);
    assert.deepEqual(
      other.map(([path]) => path),
      [],
    );
  } finally {
    await rm(lab, { recursive: true });
  }
});
