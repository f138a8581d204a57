// What the daemon and its runs write has the rights of the daemon's umask, and the group of the
// folder where that is to be inherited.
import assert from "node:assert/strict";
import { chmodSync, chownSync, lstatSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { JOURNAL, openLab, trainScript, type TestLab } from "./lab.ts";

const TRAIN = trainScript(`
for step in range(20):
    metric(step=step, **{"val/loss": 1 / (step + 1)})
(run / "checkpoints" / "last.pt").write_text("weights")
`);
/** A group of this user's that is not the first one; root may take any. */
const GROUP =
  process.getuid?.() === 0
    ? 12_345
    : process.getgroups?.().find((group) => group !== process.getgid?.());

let it: TestLab;
before(async () => {
  const under = ["/bin/sh", "-c", 'umask 077; exec "$@"', "sh"];
  it = await openLab({ journal: JOURNAL, train: TRAIN, under });
  for (const folder of [it.path, it.experiment, join(it.path, ".nightlab")]) {
    if (GROUP !== undefined) chownSync(folder, -1, GROUP);
    chmodSync(folder, 0o2775);
  }
  await it.start();
  await it.save(`${JOURNAL}run: a !\n`);
  await it.until("done", () => it.journal().includes("**done**"), 60_000);
  await it.until("a report", () => readdirSync(it.experiment).includes("REPORT.md"));
  await it.stop();
});
after(() => it.close());

/** Everything below a folder. */
function below(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)));
}

/** What was there before the daemon. */
const ours = (): ReadonlySet<string> =>
  new Set(
    [
      ".",
      "nightlab.yaml",
      "exp",
      "exp/JOURNAL.md",
      "exp/train.py",
      ".nightlab",
      ".nightlab/id",
    ].map((name) => join(it.path, name)),
  );

test("with umask 077 nothing that is made is for others", () => {
  // A journal that was replaced keeps its rights, in a folder for its user alone.
  const made = [...below(it.path), ...below(join(it.path, "..", "state"))].filter(
    (path) =>
      !ours().has(path) && !path.includes("/displaced-") && !lstatSync(path).isSymbolicLink(),
  );
  for (const part of ["checkpoints/last.pt", "logs/train.log", "run.json", "console.log"]) {
    assert.ok(
      made.some((path) => path.endsWith(part)),
      `${part} was made`,
    );
  }
  const open = made.filter((path) => (statSync(path).mode & 0o077) !== 0);
  assert.deepEqual(open, []);
});

test("the journal keeps the rights that it had", () => {
  assert.equal(statSync(join(it.experiment, "JOURNAL.md")).mode & 0o777, 0o666 & ~process.umask());
});

test("what is made in a folder that hands its group on has that group", () => {
  const others = below(it.experiment).filter(
    (path) => !ours().has(path) && lstatSync(path).gid !== lstatSync(it.experiment).gid,
  );
  assert.deepEqual(others, []);
});

test("the state's folder is for its user alone", () => {
  assert.equal(statSync(join(it.path, "..", "state")).mode & 0o777, 0o700);
});
