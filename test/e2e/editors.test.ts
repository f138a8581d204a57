import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { EDITORS, type Editor } from "./editors.ts";
import { JOURNAL, openLab, trainScript, type TestLab } from "./lab.ts";
import { openTerminal, type Terminal } from "./terminal.ts";

const QUIET_MS = 3_000;
const SETTINGS = `settle: 1s\nquiet: ${QUIET_MS / 1_000}s\n`;
const TRAIN = trainScript(`
metric(step=1, **{"val/loss": 0.25})
`);

const has = (program: string): boolean =>
  spawnSync("sh", ["-c", 'command -v "$1"', "sh", program]).status === 0;

/** A person at an editor: types, saves, answers, and remembers what was asked. */
interface Person {
  readonly asked: string[];
  type(...lines: readonly string[]): Promise<void>;
  save(lastLine: string): Promise<void>;
}

function personAt(editor: Editor, terminal: Terminal, it: TestLab): Person {
  const asked: string[] = [];
  const answer = async (): Promise<void> => {
    const screen = await terminal.screen();
    const dialogue = editor.dialogues.find(({ asks }) => asks.test(screen));
    if (dialogue === undefined) return;
    asked.push(String(dialogue.asks));
    await terminal.keys(...dialogue.answer);
    await pause(100);
  };
  return {
    asked,
    async type(...lines) {
      await terminal.keys(...editor.toEnd);
      await pause(100);
      await answer();
      for (const line of lines) {
        await terminal.type(line);
        await terminal.keys(editor.newLine);
      }
      await terminal.keys(...editor.rest);
    },
    async save(lastLine) {
      await terminal.keys(...editor.save);
      const deadline = Date.now() + 15_000;
      while (!it.journal().includes(lastLine)) {
        const screen = await terminal.screen();
        assert.ok(Date.now() < deadline, `not saved: ${lastLine}\n${screen}\n${it.journal()}`);
        await pause(100);
        await answer();
      }
      await pause(100);
      await answer();
    },
  };
}

const hasReceipt = (it: TestLab): boolean => it.journal().includes("> **");

async function typeWithReceipts(editor: Editor): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "nightlab-editor-"));
  // Neovim keeps its swap files there, and the daemon looks there for them.
  const state = { XDG_STATE_HOME: join(home, "state") };
  const it = await openLab({ journal: JOURNAL, train: TRAIN, settings: SETTINGS, env: state });
  mkdirSync(join(home, "state", "nvim", "swap"), { recursive: true });
  const name = `nightlab-${process.pid}-${editor.name.replaceAll(/\W+/g, "-")}`;
  await it.start();
  const file = join(it.experiment, "JOURNAL.md");
  const env = { ...state, HOME: home, TERM: "screen-256color", LC_ALL: "C.UTF-8" };
  const terminal = await openTerminal(name, editor.argv(file, home), { cwd: it.experiment, env });
  try {
    const deadline = Date.now() + 15_000;
    while (!editor.ready.test(await terminal.screen())) {
      assert.ok(Date.now() < deadline, await terminal.screen());
      await pause(100);
    }
    await pause(300);
    const person = personAt(editor, terminal, it);
    await person.type("run: de-risk", "", "one: the first thought, with an ü", "");
    await person.save("one: the first");
    await person.type("two: written at once", "");
    await person.save("two: written");
    assert.ok(!hasReceipt(it), "a receipt came while the command had only just been typed");
    assert.deepEqual(person.asked, [], "a dialogue while the command had only just been typed");

    // Unsaved changes: where the editor says so, its file is left alone however long they last.
    await person.type("three: still being written");
    if (editor.locks && editor.save.length > 0) {
      await pause(QUIET_MS + 1_500);
      assert.ok(!hasReceipt(it), "a receipt was written below unsaved changes");
      await person.save("three: still");
    }
    const receipt = (): boolean => it.journal().includes("> **done** `");
    await it.until("the receipt comes", receipt, 40_000);
    await person.type("four: below the receipt", "");
    await person.save("four: below");
    const typed = ["run: de-risk", "one: the first thought, with an ü", "two: written at once"];
    const all = [...typed, "three: still being written", "four: below the receipt"];
    const whole = (): boolean => {
      const lines = it.journal().split("\n");
      return receipt() && all.every((line) => lines.includes(line));
    };
    await it.until("everything typed and the receipt", whole, 20_000);
    // The receipt comes back after a stale save, and then nothing changes any more.
    const last = it.journal();
    await pause(QUIET_MS + 1_500);
    assert.equal(it.journal(), last);
    assert.ok(whole(), last);
    assert.equal(last.split("> **done** `").length, 2, last);
    for (const line of all) assert.equal(last.split(line).length, 2, `${line} once in\n${last}`);
    assert.equal(it.runs().length, 1);
  } finally {
    await terminal.close();
    await it.close();
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

// All at a time: they mostly wait, for a person and for quiet.
describe("real editors, with receipts arriving while a person types", { concurrency: true }, () => {
  before(() => {
    const script = fileURLToPath(new URL("install-editors.sh", import.meta.url));
    execFileSync("sh", [script], { stdio: "ignore", timeout: 240_000 });
  });
  for (const editor of EDITORS) {
    test(`in ${editor.name} everything typed and the receipt are there in the end`, async (t) => {
      const missing = ["tmux", editor.program].filter((program) => !has(program));
      if (missing.length > 0) {
        t.skip(`${missing.join(" and ")} cannot be had on this machine`);
        return;
      }
      await typeWithReceipts(editor);
    });
  }
});
