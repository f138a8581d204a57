// The next command's environment is built while a run goes on, with the real uv: a mistake in it is
// told before the machine is free, and mended it starts at once.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { JOURNAL, openLab, trainScript } from "./lab.ts";

const LINGER = trainScript(`
metric(step=0, **{"val/loss": 0.5})
while not Path("go").exists():
    time.sleep(0.05)
`);
const needs = (what: string): string =>
  trainScript('metric(step=0, **{"val/loss": 0.4})').replace(
    "dependencies = []",
    `dependencies = ["${what}"]`,
  );
const CANNOT = /environment cannot be built so far: .*no-such-package-of-nightlab/;

test("an environment that cannot be built is told while another run has the machine", async () => {
  const lab = await openLab({ journal: JOURNAL, train: LINGER });
  try {
    await lab.write("next.py", needs("no-such-package-of-nightlab"));
    await lab.start();
    await lab.save(`${JOURNAL}run: first !\n\nrun: second script=next.py !\n`);
    const isTold = (): boolean => CANNOT.test(lab.journal());
    await lab.until("the trouble is told", isTold, 60_000);
    const running = /run: first !\n\n> \*\*running\*\*/;
    await lab.until("the other one runs", () => running.test(lab.journal()));
    const status = await lab.nightlab("status");
    assert.match(status.stdout, /second .*environment: cannot be built: .*no-such-package/);

    await lab.write("next.py", needs("iniconfig==2.0.0"));
    await lab.until("it is mended", () => !isTold(), 60_000);
    assert.match(lab.journal(), running);
    await lab.write("go", "");
    await lab.until("both are done", () => lab.journal().split("**done**").length === 3, 60_000);
    const attempt = readdirSync(join(lab.path, ".nightlab/attempts")).find((name) => {
      const spec = join(lab.path, ".nightlab/attempts", name, "spec.json");
      return readFileSync(spec, "utf8").includes("next.py");
    });
    const log = join(lab.path, ".nightlab/attempts", attempt ?? "", "environment.log");
    assert.ok(!existsSync(log), "nothing had to be built when its turn came");
    assert.deepEqual(readdirSync(join(lab.path, ".nightlab/environments")), []);
  } finally {
    await lab.close();
  }
});
