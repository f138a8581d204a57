// An experiment's folder is renamed and copied while the real daemon watches.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cp, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
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
    await cp(renamed, copy, { recursive: true });
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
