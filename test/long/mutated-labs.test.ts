// A daemon on labs whose files are mutated, and go on being removed, replaced and changed by somebody
// while it works: it ends on nothing, its runs end, and each report is there or the reason told.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { after, test } from "node:test";
import { disturb, draws, OBEYED, writeMutated } from "../property/mutated-lab.ts";
import { JOURNAL, openLab, trainScript, type TestLab } from "../e2e/lab.ts";

/** One daemon has so many at most; the most are in test/property/mutated-labs.test.ts. */
const EXPERIMENTS = Math.min(Number(process.env["NIGHTLAB_MUTATED_LABS"] ?? 12), 100);
const asked = process.env["NIGHTLAB_SEED"] ?? "20250202";
const FIRST = asked === "random" ? Math.floor(Math.random() * 2 ** 31) : Number(asked);

let it: TestLab | undefined;
after(async () => it?.close());

const TRAIN = trainScript(`
for step in range(60):
    metric(step=step, **{"val/loss": 1 / (step + 1), "constructor": step, "a\\u0000\\u001b[2J": step})
    time.sleep(0.05)
`);

test(`${EXPERIMENTS} mutated experiments from seed ${FIRST} under a daemon, disturbed meanwhile`, async () => {
  const lab = await openLab({ journal: JOURNAL, train: TRAIN });
  it = lab;
  const experiments = Array.from({ length: EXPERIMENTS }, (_, i) => join(lab.path, `m${i}`));
  for (const [i, experiment] of experiments.entries()) writeMutated(experiment, FIRST + i);
  const daemon = await lab.start();
  await lab.save(`${JOURNAL}run: a !\n\nrun: b !\n\nrun: c !\n`);
  const draw = draws(FIRST);
  const isAlive = (): boolean => daemon.exitCode === null && daemon.signalCode === null;
  const ended = (): number => lab.log().split('"msg":"ended"').length - 1;
  const deadline = Date.now() + 90_000;
  while (ended() < 3) {
    assert.ok(isAlive() && Date.now() < deadline, lab.log().slice(-4_000));
    for (let i = 0; i < 4; i += 1) disturb(draw.one(experiments), draw);
    // The runs' own files, but not the script.
    if (draw.chance(0.3)) disturb(join(lab.experiment, "runs"), draw);
    await pause(50);
  }
  await lab.until("they are answered", () => !/\*\*(?:queued|running)\*\*/.test(lab.journal()));
  const unread = (experiment: string): boolean =>
    lab.log().includes(`"${basename(experiment)}/JOURNAL.md"`);
  for (const experiment of experiments) {
    if (!existsSync(join(experiment, "JOURNAL.md"))) continue;
    const page = join(experiment, "REPORT.md");
    await lab.until(
      `${experiment} has a report, or it is told why not`,
      () => !isAlive() || unread(experiment) || existsSync(page),
      90_000,
    );
  }
  assert.ok(isAlive(), lab.log().slice(-4_000));
  assert.doesNotMatch(lab.log(), /"level":60/);
  assert.doesNotMatch(lab.log(), OBEYED);
  const pages = [join(lab.experiment, "REPORT.md"), join(lab.experiment, "JOURNAL.md")];
  for (const page of pages) {
    assert.doesNotMatch(readFileSync(page, "utf8"), OBEYED);
  }
  for (const command of [
    ["status", "--all"],
    ["doctor"],
    ["compare", "a", "b"],
    ["history", "exp"],
  ]) {
    const { stdout, stderr } = await lab.nightlab(...command);
    assert.doesNotMatch(stdout + stderr, OBEYED);
    assert.doesNotMatch(stdout + stderr, /^ {4}at .*\.ts:/m);
  }
  await lab.stop();
  assert.equal(daemon.exitCode, 0);
});
