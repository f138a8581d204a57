import assert from "node:assert/strict";
import {
  appendFile,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  stat,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { rebuild } from "../../../../src/cli/rebuild.ts";
import {
  createReadingCache,
  readExperimentFiles,
} from "../../../../src/effects/run-store/experiment-files.ts";
import { renewReport } from "../../../../src/effects/pages/pages.ts";

const JOURNAL = "---\nhypothesis: it falls\nsuccess: loss < 1\nmetrics: [loss]\n---\n\n# Warm-up\n";
const RUN = join("runs", "2025-02-02T14-30-00-full", "logs");
const metric = (step: number, loss: number): string =>
  `2025-02-02 14:30:00 | INFO | metric {"step": ${step}, "loss": ${loss}}\n`;

/** A lab with one experiment, in a folder whose name a shell would stumble over. */
async function inLab(check: (experiment: string, lab: string) => Promise<void>): Promise<void> {
  const lab = await mkdtemp(join(tmpdir(), "nightlab a'; echo $(x) é-"));
  const experiment = join(lab, "warm up");
  try {
    await mkdir(join(experiment, RUN), { recursive: true });
    await writeFile(join(lab, "nightlab.yaml"), "");
    await writeFile(join(experiment, "JOURNAL.md"), JOURNAL);
    await writeFile(join(experiment, RUN, "train.log"), metric(0, 0.5));
    await check(experiment, lab);
  } finally {
    await rm(lab, { recursive: true });
  }
}

const reportOf = (experiment: string): Promise<string> =>
  readFile(join(experiment, "REPORT.md"), "utf8");

test("a page is written once, and again only when its bytes differ", async () => {
  await inLab(async (experiment) => {
    const cache = createReadingCache();
    assert.equal((await renewReport(experiment, { cache })).written, true);
    assert.equal((await renewReport(experiment, { cache })).written, false);
    await appendFile(join(experiment, RUN, "train.log"), metric(1, 0.25));
    assert.equal((await renewReport(experiment, { cache })).written, true);
    assert.match(await reportOf(experiment), /0\.25 \[\d\] at step 1/);
    assert.equal((await renewReport(experiment)).written, false, "without a cache: the same bytes");
  });
});

test("logs that did not change are not read again", async () => {
  await inLab(async (experiment) => {
    const cache = createReadingCache();
    const first = await readExperimentFiles(experiment, { cache });
    await appendFile(join(experiment, "JOURNAL.md"), "\nMore text.\n");
    const second = await readExperimentFiles(experiment, { cache });
    assert.equal(second.input.runs[0]?.reading, first.input.runs[0]?.reading);
    await appendFile(join(experiment, RUN, "train.log"), metric(1, 0.25));
    const third = await readExperimentFiles(experiment, { cache });
    assert.equal(third.input.runs[0]?.reading.series[0]?.summary.count, 2);
    await rm(join(experiment, "runs"), { recursive: true });
    await readExperimentFiles(experiment, { cache });
    assert.equal(cache.size, 0);
  });
});

test("a person's paragraph on the page is there after the next renewal", async () => {
  await inLab(async (experiment) => {
    await renewReport(experiment);
    const page = await reportOf(experiment);
    const edited = page.replace("## Results\n", "## Results\n\nMy own words.\n");
    await writeFile(join(experiment, "REPORT.md"), edited);
    await appendFile(join(experiment, RUN, "train.log"), metric(1, 0.25));
    await renewReport(experiment);
    const renewed = await reportOf(experiment);
    assert.ok(renewed.includes("## Results\n\nMy own words.\n\n### Run by run\n\n#### `full`"));
    assert.match(renewed, /0\.25 \[2\] at step 1/);
  });
});

test("a REPORT.md of the person's own is never touched; the report goes beside it", async () => {
  await inLab(async (experiment) => {
    await writeFile(join(experiment, "REPORT.md"), "# Mine\n");
    const { written, path, problems } = await renewReport(experiment);
    assert.deepEqual([written, path], [true, join(experiment, "REPORT.nightlab.md")]);
    assert.match(problems.join("\n"), /was not written by nightlab and stays as it is/);
    assert.equal(await reportOf(experiment), "# Mine\n");
    await writeFile(join(experiment, "REPORT.nightlab.md"), "# Mine too\n");
    const both = await renewReport(experiment);
    assert.equal(both.written, false);
    assert.match(both.problems.join("\n"), /neither REPORT\.md nor REPORT\.nightlab\.md/);
  });
});

test("a page with git's conflict markers, or that is no file, is told and left", async () => {
  await inLab(async (experiment) => {
    await renewReport(experiment);
    const torn = `${await reportOf(experiment)}\n<<<<<<< HEAD\n`;
    await writeFile(join(experiment, "REPORT.md"), torn);
    assert.match((await renewReport(experiment)).problems.join(), /conflict markers on line \d+/);
    assert.equal(await reportOf(experiment), torn);
    await rm(join(experiment, "REPORT.md"));
    await mkdir(join(experiment, "REPORT.md"));
    assert.match((await renewReport(experiment)).problems.join(), /^Cannot write .*REPORT\.md: /);
  });
});

test("a baseline of another experiment is found by path and by name, inside the lab only", async () => {
  await inLab(async (experiment, lab) => {
    const other = join(lab, "base lab", "runs", "2025-01-01T10-00-00-base");
    await mkdir(join(other, "logs"), { recursive: true });
    await writeFile(join(lab, "base lab", "JOURNAL.md"), JOURNAL);
    await writeFile(join(other, "logs", "train.log"), metric(0, 0.8));
    const baseline = async (target: string): Promise<string> => {
      const journal = JOURNAL.replace("metrics:", `baseline: ${target}\nmetrics:`);
      await writeFile(join(experiment, "JOURNAL.md"), journal);
      const { input } = await readExperimentFiles(experiment, { labDir: lab });
      return input.baseline?.kind === "run" ? input.baseline.run.path : "unknown";
    };
    const found = "../base lab/runs/2025-01-01T10-00-00-base";
    assert.equal(await baseline("base"), found);
    assert.equal(await baseline("base lab/base"), found);
    assert.equal(await baseline("../base lab/runs/2025-01-01T10-00-00-base"), found);
    assert.equal(await baseline("full"), "runs/2025-02-02T14-30-00-full");
    assert.equal(await baseline("../../etc/base"), "unknown");
    assert.equal(await baseline("nobody"), "unknown");
  });
});

test("rebuild remakes plots and report from nothing, and a second time changes nothing", async () => {
  await inLab(async (experiment) => {
    await appendFile(join(experiment, RUN, "train.log"), metric(1, 0.25));
    const first = await rebuild(join(experiment, "runs"));
    assert.equal(first.exitCode, 0, first.text);
    assert.match(first.text, /^1 run and 1 plot in .*\nREPORT\.md written: /);
    assert.match(await reportOf(experiment), /^!\[loss of full\]\(runs\/.*\/plots\/loss\.webp\)/m);
    const second = await rebuild(experiment);
    assert.match(second.text, /REPORT\.md up to date/);
  });
});

test("rebuild says so where there is no experiment", async () => {
  const { text, exitCode } = await rebuild(join(tmpdir(), "no-such-experiment"));
  assert.equal(exitCode, 2);
  assert.match(text, /^Cannot rebuild .*: neither it nor a folder above it has a JOURNAL\.md/);
});

test("a page that its logs do not bear out is not saved: they are read anew", async () => {
  await inLab(async (experiment) => {
    const cache = createReadingCache();
    await renewReport(experiment, { cache });
    const before = await reportOf(experiment);
    const log = join(experiment, RUN, "train.log");
    await appendFile(log, metric(1, 0.25));
    const { input } = await readExperimentFiles(experiment, { cache });
    assert.equal(input.runs[0]?.reading.series[0]?.summary.last.token, "0.25");
    // The log says something else by the time that the page is saved, and nobody noticed.
    const { mtime, atime } = await stat(log);
    await writeFile(log, metric(0, 0.5) + metric(1, 0.75));
    await utimes(log, atime, mtime);
    const { written, problems } = await renewReport(experiment, { cache });
    assert.deepEqual([written, problems], [true, []]);
    const after = await reportOf(experiment);
    assert.notEqual(after, before);
    assert.match(after, /0\.75/);
    assert.doesNotMatch(after, /0\.25/);
  });
});
