// `nightlab top` in a real terminal, on a real daemon with a real run: what it shows renews itself,
// and the terminal is as it was when it is left.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { standIn } from "../contract/gpu-stand-in.ts";
import { JOURNAL, openLab, trainScript } from "./lab.ts";
import { openTerminal, type Terminal } from "./terminal.ts";

const LAUNCHER = fileURLToPath(new URL("../../bin/nightlab.js", import.meta.url));

/** Steps on until it is told to end; says how many steps there are. */
const TRAIN = trainScript(`
step = 0
while not Path("end").exists() and step < 1000:
    step += 1
    log.write(f"step:{step}/1000 val_loss:{1 / step:.4f}\\n")
    time.sleep(0.1)
`);

async function seen(terminal: Terminal, what: RegExp): Promise<string> {
  const deadline = Date.now() + 90_000;
  for (;;) {
    const screen = await terminal.screen();
    if (what.test(screen)) return screen;
    assert.ok(Date.now() < deadline, `${String(what)} is not to be seen:\n${screen}`);
    await pause(100);
  }
}

test("top shows GPUs, progress and curves as they change, and gives the terminal back", async () => {
  const folder = mkdtempSync(join(tmpdir(), "nightlab-top-"));
  const driver = standIn(folder, [4, 60_000]);
  const lab = await openLab({ journal: JOURNAL, train: TRAIN, env: driver.env });
  const name = `nightlab-top-${process.pid}`;
  const env = {
    NIGHTLAB_STATE_DIR: join(lab.path, "..", "state"),
    PATH: driver.env["PATH"] ?? "",
    PS1: "shell> ",
  };
  let terminal: Terminal | undefined;
  try {
    await lab.start();
    await lab.save(`${JOURNAL}run: full timeout=1h !\n\nrun: other after=full !\n`);
    await lab.until("it logs", () => lab.runs().length > 0);
    const shell = ["/bin/sh", "-c", `exec sh -i`];
    terminal = await openTerminal(name, shell, { cwd: lab.path, env });
    await seen(terminal, /shell>/);
    await terminal.type(`echo before; '${process.execPath}' '${LAUNCHER}' top`);
    await terminal.keys("Enter");
    await seen(terminal, /GPU 0 +37 % .*0\.0 of 79\.6 GiB .*H100/);
    const page = await seen(terminal, /step \d+\/1000/);
    assert.match(page, /running[\s\S]*run: full .* GPU 0/);
    assert.match(page, /val_loss 0\.\d+ [▁▂▃▄▅▆▇█]+/);
    assert.match(page, /waiting[\s\S]*run: other .*after/);
    assert.doesNotMatch(page, /before/, "it has a screen of its own");
    const step = /step (\d+)\/1000/.exec(page)?.[1];
    await seen(terminal, new RegExp(`step (?!${step}/)\\d+/1000`));
    await seen(terminal, /ends about \d\d:\d\d, in /);
    await lab.write("end", "");
    await seen(terminal, /ended[\s\S]*run: full .*done/);
    await terminal.keys("q");
    const after = await seen(terminal, /before[\s\S]*shell>/);
    assert.doesNotMatch(after, /ended/);
    await terminal.type("echo back");
    await terminal.keys("Enter");
    await seen(terminal, /^back$/m);
    const once = await lab.nightlab("top");
    assert.match(once.stdout, /ended[\s\S]*run: full .*done/);
    assert.equal(once.stdout.includes("\u001B"), false, "no terminal, no codes");
  } finally {
    await terminal?.close();
    await lab.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
