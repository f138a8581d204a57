import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { audit } from "../../../src/cli/audit.ts";

const CASES = join(import.meta.dirname, "../../golden/report");

/** A copy of a golden experiment, in a folder whose name a shell would stumble over. */
async function inCase(
  name: string,
  check: (
    experiment: string,
    change: (file: string, from: string, to: string) => Promise<void>,
  ) => Promise<void>,
): Promise<void> {
  const lab = await mkdtemp(join(tmpdir(), "nightlab a'; echo $(x) é-"));
  const experiment = join(lab, name);
  try {
    await cp(join(CASES, name), experiment, { recursive: true });
    await check(experiment, async (file, from, to) => {
      const text = await readFile(join(experiment, file), "utf8");
      assert.ok(text.includes(from), `${file} says ${from}`);
      await writeFile(join(experiment, file), text.replace(from, to));
    });
  } finally {
    await rm(lab, { recursive: true });
  }
}

test("a true experiment has nothing to be found, with exit code 0", async () => {
  await inCase("three-seeds", async (experiment) => {
    const { text, exitCode } = await audit(experiment, { json: false });
    assert.equal(exitCode, 0, text);
    assert.match(text, /REPORT\.md: \d+ numbers looked at, nothing is found\.$/m);
  });
});

test("a changed digit is found with its line, as text and as JSON", async () => {
  await inCase("three-seeds", async (experiment, change) => {
    await change("REPORT.md", "| 0.3310 [2] at step 100 |", "| 0.3110 [2] at step 100 |");
    const { text, exitCode } = await audit(join(experiment, "REPORT.md"), { json: false });
    assert.equal(exitCode, 1);
    assert.match(text, /REPORT\.md:\d+: differs: 0\.3110: the logs say 0\.3310$/m);
    const json = await audit(join(experiment, "REPORT.md"), { json: true });
    const { pages } = JSON.parse(json.text) as { pages: { findings: { said: string }[] }[] };
    assert.deepEqual(
      pages[0]?.findings.map(({ said }) => said),
      ["0.3110"],
    );
  });
});

test("a log that was changed after the report is found at its source and in its sentences", async () => {
  await inCase("three-seeds", async (experiment, change) => {
    const log = "runs/2025-02-02T14-00-00-full-seed-0/logs/train.log";
    await change(log, '"val/loss": 0.3120', '"val/loss": 0.2120');
    const { text, exitCode } = await audit(experiment, { json: false });
    assert.equal(exitCode, 1);
    assert.match(
      text,
      /changed-source: \[1\] val\/loss = 0\.3120: .*train\.log:3 says val\/loss 0\.2120/,
    );
    assert.match(text, /differs: .*: the logs say by now /);
    await rm(join(experiment, log));
    assert.match((await audit(experiment, { json: false })).text, /train\.log has no line 3$/m);
  });
});

test("a page of one's own beside the report is audited by its numbers", async () => {
  await inCase("three-seeds", async (experiment) => {
    const paper = join(experiment, "paper.md");
    await writeFile(paper, "# Paper\n\n`full-seed-1` ends at 0.3310; the mean is ≈ 0.314.\n");
    assert.equal((await audit(paper, { json: false })).exitCode, 0);
    await writeFile(paper, "# Paper\n\nWe reach 0.31 and beat `full-seed-0` by 12.5 %.\n");
    const { text, exitCode } = await audit(paper, { json: false });
    assert.equal(exitCode, 1);
    assert.match(text, /paper\.md:3: (?:rounded|orphan): 0\.31: /);
    assert.match(text, /paper\.md:3: comparison: beat: /);
    assert.match(text, /paper\.md:3: orphan: 12\.5: /);
  });
});

const RECEIPT = `run: full-seed-0 timeout=2h

> **done** \`sd0x\` · 2025-02-02 14:00:41, 41 s · val/loss 0.3120 · train/loss 0.3 · [full-seed-0](runs/2025-02-02T14-00-00-full-seed-0)
`;

test("the journal's receipts are held to run.json and the logs", async () => {
  await inCase("three-seeds", async (experiment) => {
    const path = join(experiment, "JOURNAL.md");
    const journal = `${await readFile(path, "utf8")}\n${RECEIPT}\nI hoped for 0.1.\n`;
    const found = async (from: string, to: string): Promise<string> => {
      await writeFile(path, journal.replace(from, to));
      return (await audit(path, { json: false })).text;
    };
    assert.match(await found("", ""), /JOURNAL\.md: \d+ numbers looked at, nothing is found/);
    assert.match(await found("0.3120", "0.3020"), /differs: val\/loss 0\.3020: .*:3 says 0\.3120/);
    assert.match(await found("0.3120 ", "-0.3120 "), /differs: val\/loss -0\.3120/);
    assert.match(await found("41 s", "14 s"), /differs: 14 s: run\.json says 41 s/);
    assert.match(await found("**done**", "**failed**"), /differs: failed: run\.json says done/);
    assert.match(await found("full-seed-0)", "full-seed-1)"), /differs: .*: the run is runs\//);
    assert.match(await found("val/loss 0", "val/acc 0"), /orphan: val\/acc 0\.3120/);
  });
});

test("what cannot be audited says why, with exit code 2", async () => {
  const nowhere = await audit(join(tmpdir(), "no-such-page.md"), { json: false });
  assert.equal(nowhere.exitCode, 2);
  await inCase("no-runs", async (experiment) => {
    const { text, exitCode } = await audit(join(experiment, "absent.md"), { json: false });
    assert.equal(exitCode, 2);
    assert.match(text, /^Cannot audit .*absent\.md: there is no such file or folder/);
  });
});
