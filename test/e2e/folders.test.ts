// An experiment's folder is renamed and copied while the real daemon watches.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { copyTree } from "./copy-tree.ts";
import { JOURNAL, openLab, trainScript } from "./lab.ts";

/** Several times what a line waits for here. */
const LONG_ENOUGH_MS = 5_000;

test("a renamed experiment keeps its commands, and a copied one starts none", async () => {
  const lab = await openLab({ journal: JOURNAL, train: trainScript("pass") });
  try {
    await lab.start();
    const typed = `${JOURNAL}run: de-risk\n`;
    await lab.save(typed);
    await lab.until("it has run", () => lab.journal().includes("> **done** `"), 60_000);
    const id = /\*\*done\*\* `(\w+)`/.exec(lab.journal())?.[1];

    const renamed = join(lab.path, "renamed");
    await rename(lab.experiment, renamed);
    await pause(1_000);
    const journal = join(renamed, "JOURNAL.md");
    await writeFile(journal, typed);
    const back = (): boolean => readFileSync(journal, "utf8").includes(`**done** \`${id}\``);
    await lab.until("its receipt comes back", back);

    const copy = join(lab.path, "copy");
    copyTree(renamed, copy);
    await pause(LONG_ENOUGH_MS);
    assert.equal(readdirSync(join(renamed, "runs")).length, 1);
    assert.equal(readdirSync(join(copy, "runs")).length, 1);
    const text = readFileSync(join(copy, "JOURNAL.md"), "utf8");
    await writeFile(join(copy, "JOURNAL.md"), text.replace("run: de-risk", "run: de-risk-2"));
    await lab.until("the changed one has run", () => {
      const names = readdirSync(join(copy, "runs"));
      return names.some((name) => name.endsWith("-de-risk-2"));
    });
    assert.ok(!existsSync(lab.experiment));
  } finally {
    await lab.close();
  }
});

test("an experiment renamed while its run goes on is told of the run's end", async () => {
  const train = trainScript(`
metric(step=1, **{"val/loss": 0.75})
while not Path("go").exists():
    time.sleep(0.05)
metric(step=2, **{"val/loss": 0.25})
`);
  const lab = await openLab({ journal: JOURNAL, train });
  try {
    await lab.start();
    await lab.save(`${JOURNAL}run: de-risk !\n`);
    const record = (): string => {
      const folder = lab.runs()[0];
      const path = join(lab.experiment, "runs", folder ?? "", "run.json");
      return existsSync(path) ? readFileSync(path, "utf8") : "";
    };
    await lab.until("its record is begun", () => record().includes("startedAt"), 60_000);
    const renamed = join(lab.path, "renamed");
    await rename(lab.experiment, renamed);
    const journal = (): string => readFileSync(join(renamed, "JOURNAL.md"), "utf8");
    await lab.until("it is known by its new name", () => journal().includes("> **running** `"));
    await writeFile(join(renamed, "go"), "");
    await lab.until("it is done", () => journal().includes("> **done** `"));
    assert.match(journal(), / · val\/loss 0\.25 · /);
    const runs = readdirSync(join(renamed, "runs"));
    assert.equal(runs.length, 1);
    const ended = readFileSync(join(renamed, "runs", runs[0] ?? "", "run.json"), "utf8");
    assert.match(ended, /"ending": "done"/);
    assert.ok(!existsSync(lab.experiment));
  } finally {
    await lab.close();
  }
});
