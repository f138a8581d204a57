// What a script leaves behind, with the real daemon: it is the run's until it is idle or over.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { identityOf } from "../../src/effects/os/process-identity.ts";
import { JOURNAL, openLab, trainScript, type TestLab } from "../e2e/lab.ts";

const SCRIPT = trainScript(`
import subprocess
metric(step=1, **{"val/loss": 0.5})
if name == "works":
    late = '2025-02-02 14:30:00 | INFO | metric {"step": 2, "val/loss": 0.25}'
    wait = "while [ ! -e go ]; do sleep 0.1; done"
    subprocess.Popen(f"{wait}; echo '{late}' >>{run}/logs/train.log", shell=True)
else:
    Path("worker.py").write_text("import time\\nwhile True: time.sleep(600)\\n")
    worker = subprocess.Popen([sys.executable, "worker.py", "--token", "s3cret"], start_new_session=True)
    Path("pid").write_text(str(worker.pid))
`);

const open: TestLab[] = [];
after(async () => {
  for (const one of open) await one.close();
});

test("a run goes on while its child does, and what the child logs is in its receipt", async () => {
  const it = await openLab({ journal: JOURNAL, train: SCRIPT });
  open.push(it);
  await it.start();
  await it.save(`${JOURNAL}run: works\n`);
  const goesOn = "its script has ended with exit code 0, what it started goes on";
  await it.until("its receipt says so", () => it.journal().includes(goesOn), 60_000);
  assert.match((await it.nightlab("status")).stdout, /its script has ended with exit code 0/);
  // The next daemon takes it up as it is.
  await it.stop("SIGKILL");
  await it.start();
  await it.write("go", "");
  await it.until("it is done", () => it.journal().includes("> **done** `"), 60_000);
  assert.match(it.journal(), /> \*\*done\*\* .* val\/loss 0\.25/);
  assert.ok(!it.journal().includes("goes on"));
  assert.ok(!(await it.nightlab("status", "--all")).stdout.includes("goes on"));
});

test("an idle worker is ended and named, without the rest of its command line", async () => {
  const it = await openLab({ journal: JOURNAL, train: SCRIPT });
  open.push(it);
  await it.start();
  await it.save(`${JOURNAL}run: idles\n`);
  await it.until("it is done", () => it.journal().includes("> **done** `"), 90_000);
  const pid = readFileSync(join(it.experiment, "pid"), "utf8");
  assert.match(
    it.journal(),
    new RegExp(`left behind and ended: \`python\\S* worker.py\` \\(pid ${pid}\\), idle for 3\\d s`),
  );
  assert.ok(!it.journal().includes("s3cret"));
  assert.equal(identityOf(Number(pid)), undefined);
});
