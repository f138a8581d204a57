// The machine's state damaged, deleted, or on a full disk: said in words with the path and the way
// out, and nothing is done that could not be recorded.
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { JOURNAL, openLab, trainScript, type TestLab } from "./lab.ts";
import { fillUp, runOnSmallDisk, smallDisk } from "./small-disk.ts";

const TRAIN = trainScript("time.sleep(60 if name == 'slow' else 0)");

const ended = (it: TestLab, daemon: ChildProcess): Promise<number> =>
  it.until("the daemon ends", () => daemon.exitCode ?? false);

/** No line of a stack trace. */
function inWords(text: string, path: string): void {
  assert.doesNotMatch(text, /^\s+at .*:\d+:\d+\)?$/m);
  assert.ok(text.includes(path), text);
}

async function labWithRun(t: TestContext): Promise<{ it: TestLab; daemon: ChildProcess }> {
  const it = await openLab({ journal: JOURNAL, train: TRAIN });
  t.after(() => it.close());
  const daemon = await it.start();
  await it.save(`${JOURNAL}run: a !\n`);
  await it.until("a is done", () => it.journal().includes("**done**"));
  return { it, daemon };
}

if (smallDisk === undefined) {
  test("a damaged ledger is told by every command, and no daemon starts on it", async (t) => {
    const { it } = await labWithRun(t);
    await it.stop();
    const ledger = join(it.path, "..", "state", "ledger.sqlite");
    const file = openSync(ledger, "r+");
    writeSync(file, Buffer.alloc(8_192, 0xff), 0, 8_192, 2 * 4_096);
    closeSync(file);
    rmSync(join(it.path, "..", "state", "views"), { recursive: true });
    for (const args of [["status"], ["status", "--all"], ["wait", "a"], ["stop", "a"], ["watch"]]) {
      const { code, stderr } = await it.nightlab(...args);
      assert.equal(code, 2, args.join(" "));
      inWords(stderr, ledger);
      assert.match(stderr, /is damaged .*\.recover/);
    }
    assert.match((await it.nightlab("doctor")).stdout, /bad +ledger +The ledger .* is damaged/);
  });

  test("a state that is moved away under the daemon ends it; its runs go on and are taken up", async (t) => {
    const { it, daemon } = await labWithRun(t);
    const state = join(it.path, "..", "state");
    await it.save(`${it.journal()}\nrun: slow !\n`);
    await it.until("slow runs", () => it.runs().some((name) => name.endsWith("slow")));
    renameSync(state, `${state}.away`);
    await it.save(`${it.journal()}\nrun: b !\n`);
    assert.equal(await ended(it, daemon), 2);
    inWords(it.log(), state);
    assert.match(it.log(), /was deleted or moved while it was in use/);
    assert.ok(!it.runs().some((name) => name.endsWith("-b")));
    assert.equal(existsSync(state), false, "nothing new was begun in its place");
    renameSync(`${state}.away`, state);
    await it.start();
    assert.match((await it.nightlab("status", "slow")).stdout, /running/);
    await it.nightlab("stop", "slow");
    await it.until("b is done", () => it.runs().some((name) => name.endsWith("-b")));
  });

  test("a full disk of the state: the daemon ends in words, and starts nothing", (t) => {
    runOnSmallDisk(t, fileURLToPath(import.meta.url), "600k");
  });
} else {
  const state = join(smallDisk, "state");
  test("inside the small disk", async (t) => {
    const it = await openLab({
      journal: JOURNAL,
      train: TRAIN,
      env: { NIGHTLAB_STATE_DIR: state },
    });
    t.after(() => it.close());
    const daemon = await it.start();
    fillUp(join(state, "filler"));
    for (let n = 0; n < 400 && daemon.exitCode === null; n += 1) {
      appendFileSync(
        join(it.experiment, "JOURNAL.md"),
        `\nrun: a${n} timeout=3h --text ${"x".repeat(900)}\n`,
      );
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.equal(await ended(it, daemon), 2);
    inWords(it.log(), state);
    assert.match(it.log(), /disk .*full/);
    assert.equal(it.runs().length, 0);
    rmSync(join(state, "filler"));
    await it.start();
  });
}
