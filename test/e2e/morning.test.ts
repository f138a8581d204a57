// The morning after: a real run is put into last night, in the ledger and in its record, and the
// daemon finds that a night is over. What LAB.md then says is also made from nothing but run.json.
import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { lastNight } from "../../src/scheduler/nights.ts";
import { JOURNAL, openLab, trainScript, type TestLab } from "./lab.ts";

const TRAIN = trainScript(`
metric(step=1, **{"val/loss": 0.4})
if name == "dies":
    raise ValueError("no such data")
`);

const settings = { timeZone: "UTC" };
const statePath = (lab: TestLab): string => join(lab.path, "..", "state");

/** Moves everything that was recorded so far back in time. */
function moveBack(lab: TestLab, byMs: number): void {
  const db = new DatabaseSync(join(statePath(lab), "ledger.sqlite"));
  const rows = db.prepare("SELECT seq, at, body FROM facts").all();
  const update = db.prepare("UPDATE facts SET at = ?, body = ? WHERE seq = ?");
  for (const { seq, at, body } of rows) {
    const moved = String(body).replaceAll(/\b1[6-9]\d{11}\b/g, (ms) => String(Number(ms) - byMs));
    update.run(Number(at) - byMs, moved, Number(seq));
  }
  db.close();
  for (const run of lab.runs()) {
    const path = join(lab.experiment, "runs", run, "run.json");
    const text = readFileSync(path, "utf8").replaceAll(
      /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g,
      (stamp) => new Date(Date.parse(stamp) - byMs).toISOString().replace(/\.\d+Z/, "+00:00"),
    );
    writeFileSync(path, text);
  }
}

test("the night's page stands there in the morning, keeps a person's lines, and can be made anew", async () => {
  const lab = await openLab({
    journal: JOURNAL,
    train: TRAIN,
    settings: "settle: 1s\nquiet: 1s\ntime-zone: UTC\n",
    env: { TZ: "UTC" },
  });
  const path = join(lab.path, "LAB.md");
  const page = (): string => (existsSync(path) ? readFileSync(path, "utf8") : "");
  try {
    await lab.start();
    await lab.save(`${JOURNAL}run: fine !\n\nrun: dies !\n\nrun: after after=dies timeout=3m\n`);
    await lab.until(
      "both ended",
      () =>
        /done\*\* .*\[fine\]/.test(lab.journal()) && /failed\*\* .*\[dies\]/.test(lab.journal()),
    );
    await lab.until("the third is held", () => /held\*\* /.test(lab.journal()));
    await lab.stop();
    const night = lastNight(settings, Date.now());
    assert.ok(night !== undefined);
    moveBack(lab, Date.now() - (night.startMs + 3_600_000));
    writeFileSync(path, "# Our lab\n\nWe look for warm-up.\n");

    await lab.start();
    await lab.until("the night is told", () => page().includes("## The night to"));
    const told = page();
    assert.match(told, /^22:00 to 07:00 · 2 runs: 1 done and 1 failed$/m);
    assert.match(
      told,
      /^- \*\*failed\*\* \[dies\]\(exp\/runs\/[^)]+-dies\) `\w+` · \[exp\]\(exp\/JOURNAL\.md#L\d+\) · 2[23]:\d\d to 2[23]:\d\d, .* · exit code 1 · `ValueError: no such data` \(\[console\.log:\d+\]\(exp\/runs\/[^)]+\/logs\/console\.log\)\)$/m,
    );
    assert.match(told, /^- \[fine\]\(exp\/runs\/[^)]+-fine\) .* · val\/loss 0\.4$/m);
    assert.match(told, /^### Held, for your go\n\n- `\w+` `run: after` /m);
    assert.ok(told.endsWith("# Our lab\n\nWe look for warm-up.\n"), told);
    const line = Number(/#L(\d+)/.exec(told)?.[1]);
    assert.match(lab.journal().split("\n")[line - 1] ?? "", /failed\*\* `\w+`/);

    await lab.stop();
    await lab.start();
    assert.equal(page(), told, "a start writes nothing");
    const asked = await lab.nightlab("rebuild", ".");
    assert.equal(asked.code, 0, asked.stderr);
    assert.match(asked.stdout, /LAB\.md: the lab's daemon makes it anew/);
    await lab.stop();
    assert.equal(page(), told, "made anew, it is the same");

    const kept = await lab.nightlab("history", "LAB.md", "--json");
    const versions = JSON.parse(kept.stdout) as readonly { readonly version: string }[];
    const own = versions.at(-1)?.version ?? "";
    const back = await lab.nightlab("restore", "LAB.md", own, "--yes");
    assert.equal(back.code, 0, back.stderr);
    assert.equal(page(), "# Our lab\n\nWe look for warm-up.\n");

    assert.equal((await lab.nightlab("rebuild", ".")).code, 0);
    assert.equal(page(), told, "who asks for it gets it, with their own lines");
    rmSync(path);
    const alone = await lab.nightlab("rebuild", ".");
    assert.equal(alone.code, 0, alone.stderr);
    assert.ok(told.startsWith(page().trimEnd()), page());

    rmSync(statePath(lab), { recursive: true });
    rmSync(path);
    rmSync(join(lab.path, ".nightlab", "pages"), { recursive: true });
    const lost = await lab.nightlab("rebuild", "LAB.md");
    assert.equal(lost.code, 0, lost.stderr);
    const dead = /^- \*\*failed\*\* .*$/m;
    assert.equal(dead.exec(page())?.[0], dead.exec(told)?.[0], "from run.json and logs alone");
    assert.match(page(), /^22:00 to 07:00 · 2 runs: 1 done and 1 failed$/m);
  } finally {
    await lab.close();
  }
});
