// A ledger that has lost its last facts, while the lab's disk still has the run: it is put back from
// a backup, or its last pages are gone. Nothing runs a second time without a person's word.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { DatabaseSync } from "node:sqlite";
import { JOURNAL, openLab, trainScript, type TestLab } from "./lab.ts";

const SCRIPT = trainScript(`
open("starts", "a").write(f"{os.environ['NIGHTLAB_RUN_ID']}\\n")
while not os.path.exists("go"):
    time.sleep(0.05)
metric(step=1, **{"val/loss": 0.25})
`);

const open: TestLab[] = [];
after(async () => {
  for (const one of open) {
    await one.write("go", "");
    await one.until("all have ended", () => !stillRuns(one), 60_000);
    await one.close();
  }
});

const starts = (it: TestLab): readonly string[] => {
  try {
    return readFileSync(join(it.experiment, "starts"), "utf8").trimEnd().split("\n");
  } catch {
    return [];
  }
};

/** Whether some attempt of the lab that was claimed has no exit code. */
function stillRuns(it: TestLab): boolean {
  const attempts = join(it.path, ".nightlab", "attempts");
  return readdirSync(attempts).some((name) => {
    try {
      return readFileSync(join(attempts, name, "exit"), "utf8").startsWith(" ");
    } catch {
      return false;
    }
  });
}

/** Takes the facts from the first of a kind on out of the ledger, and the views made of them. */
function forget(it: TestLab, kind: string): void {
  const state = join(dirname(it.path), "state");
  const ledger = new DatabaseSync(join(state, "ledger.sqlite"));
  const from = ledger.prepare("SELECT MIN(seq) AS seq FROM facts WHERE kind = ?").get(kind);
  ledger.prepare("DELETE FROM facts WHERE seq >= ?").run(Number(from?.["seq"]));
  ledger.close();
  rmSync(join(state, "views"), { recursive: true, force: true });
}

for (const kind of ["run-claimed", "command-accepted"]) {
  test(`a run whose end its receipt tells does not run again where the ledger ends before ${kind}`, async () => {
    const it = await openLab({ journal: JOURNAL, train: SCRIPT });
    open.push(it);
    await it.write("go", "");
    await it.start();
    await it.save(`${JOURNAL}run: once\n`);
    await it.until("it is done", () => it.journal().includes("> **done** `"), 60_000);
    await it.stop("SIGKILL");
    forget(it, kind);
    await it.start();
    // Another command, typed below it, has its turn after it.
    await it.save(`${it.journal()}\nrun: other\n`);
    await it.until("the other has started", () => starts(it).length === 2, 60_000);
    await it.until("the other is done", () => /done\*\* .*other\]/.test(it.journal()), 60_000);
    assert.equal(it.runs().filter((name) => name.endsWith("-once")).length, 1);
    if (kind === "run-claimed") {
      assert.match(it.journal(), /> \*\*held\*\* `\w+` · a run of it was claimed/);
      return;
    }
    // The same words typed anew are a command of their own, since the first one's end is told.
    await it.save(`${it.journal()}\nrun: once\n`);
    await it.until("that has started", () => starts(it).length === 3, 60_000);
  });
}

for (const kind of ["run-claimed", "command-accepted"]) {
  test(`a run that goes on is not started again where the ledger ends before ${kind}`, async () => {
    const it = await openLab({ journal: JOURNAL, train: SCRIPT });
    open.push(it);
    await it.start();
    const text = `${JOURNAL}run: once\n`;
    await it.save(text);
    await it.until("it has started", () => starts(it).length === 1, 60_000);
    await it.stop("SIGKILL");
    forget(it, kind);
    // Its receipt had not come yet.
    await it.save(text);
    await it.start();
    await it.until("it is held", () => it.journal().includes("> **held** `"), 60_000);
    assert.match(it.journal(), /a run of it was claimed \d{4}-.*-1\), and goes on, of which the/);
    assert.equal(starts(it).length, 1);
    // A tick is a person's word: it starts once more, under a number of its own.
    await it.save(it.journal().replace("- [ ] start", "- [x] start"));
    await it.until("it has started again", () => starts(it).length === 2, 60_000);
    const [first, second] = starts(it);
    assert.notEqual(first, second);
    await it.write("go", "");
    await it.until("its end is told", () => it.journal().includes("> **done** `"), 60_000);
    assert.equal(starts(it).length, 2);
  });
}
