// The rule for starting: each row of its table, played with the real step, and the table in
// docs/journal.md, which is the same one.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { commandId, experimentPath } from "../../src/base/ids.ts";
import { START_RULE } from "../../src/scheduler/start-rule.ts";
import { EXPERIMENT, LAB, startNight, type Night, type NightOptions } from "./night.ts";

const PAGE = new URL("../../docs/journal.md", import.meta.url);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const OTHER = experimentPath("/lab/other");
const HEAD = "# A night\n\n";

const calm: NightOptions = {
  text: HEAD,
  durationMs: () => 20_000,
  exitCode: () => 0,
  delayMs: () => 10,
};

const namesOf = (night: Night): string => night.starts.map(({ name }) => name).join(" ");

/** A night with `text` typed and everything in it that may start done. */
function typed(text: string, options: Partial<NightOptions> = {}): Night {
  const night = startNight({ ...calm, ...options });
  night.pass(MINUTE);
  night.save(HEAD + text);
  night.pass(5 * MINUTE);
  return night;
}

function edit(night: Night, from: string | RegExp, to: string, experiment = EXPERIMENT): void {
  const text = night.text(experiment);
  const changed = text.replace(from, to);
  assert.notEqual(changed, text, `Nothing to replace:\n${text}`);
  night.save(changed, { experiment });
}

const statesOf = (night: Night): readonly string[] =>
  [...night.world().commands.values()].map(({ state }) => state);

/** The receipt below a line, as a pattern. */
const receiptOf = (id: string): RegExp =>
  new RegExp(`> \\*\\*\\w+\\*\\* \`${id}\`.*\\n(?:>.*\\n)*\\n?`);

const idOf = (night: Night, name: string): string => {
  const found = [...night.world().commands.values()].find(({ spec }) => spec.target === name);
  assert.ok(found !== undefined, `No command is called ${name}`);
  return found.id;
};

function assertHeld(night: Night, reason: RegExp, experiment = EXPERIMENT): void {
  const text = night.text(experiment);
  assert.match(text, reason);
  assert.match(text, /- \[ \] start \(/);
}

test("docs/journal.md has the table; UPDATE=1 writes it", () => {
  const rows = START_RULE.map(({ came, follows }) => `| ${came} | ${follows} |\n`).join("");
  const heading = "| a line that is new came | it is |\n|---|---|\n";
  const [above = "", below = ""] = readFileSync(PAGE, "utf8").split(heading);
  const page = above + heading + rows + below.slice(below.indexOf("\n\n") + 1);
  if (process.env["UPDATE"] === "1") writeFileSync(PAGE, page);
  assert.equal(readFileSync(PAGE, "utf8"), page);
});

describe("made out of a command that has run", () => {
  const done = "run: a --epochs 3\n\nrun: z\n";

  test("an Enter inside its line is an edit: nothing runs", () => {
    const night = typed(done);
    edit(night, "run: a --epochs 3", "run: a\n\n--epochs 3");
    night.pass(HOUR);
    assert.equal(namesOf(night), "a z");
    assert.equal(
      night.world().commands.get(commandId(idOf(night, "a")))?.ranAs,
      "run: a --epochs 3",
    );
    assert.equal(night.text().match(/\*\*done\*\*/g)?.length, 2);
  });

  test("with its receipt gone and another option it is held, and one tick runs it", () => {
    const night = typed(done);
    const id = idOf(night, "a");
    edit(night, receiptOf(id), "");
    night.pass(MINUTE);
    edit(night, "--epochs 3", "--epochs 5");
    night.pass(HOUR);
    assert.equal(namesOf(night), "a z");
    assertHeld(night, new RegExp(`an edit of \`${id}\`, done; run it\\?`));
    edit(night, "- [ ] start", "- [x] start");
    night.pass(HOUR);
    assert.equal(namesOf(night), "a z a");
  });

  test("all of it in one save is held too, typed a letter at a time as well", () => {
    const night = typed(done);
    const id = idOf(night, "a");
    edit(night, receiptOf(id), "");
    for (const [from, to] of [
      ["--epochs 3", "--epochs "],
      ["--epochs ", "--epochs 1"],
      ["--epochs 1", "--epochs 12"],
    ] as const) {
      night.pass(1_000);
      edit(night, from, to);
    }
    night.pass(HOUR);
    assert.equal(namesOf(night), "a z");
    assertHeld(night, new RegExp(`an edit of \`${id}\``));
  });

  test("is held after a restart of the daemon as well, however soon that was", () => {
    const night = typed(done);
    const id = idOf(night, "a");
    const text = night.text().replace(receiptOf(id), "").replace("--epochs 3", "--epochs 5");
    night.save(text);
    night.pass(3_000);
    night.reboot(HOUR);
    night.pass(3 * HOUR);
    assert.equal(namesOf(night), "a z");
    assertHeld(night, new RegExp(`an edit of \`${id}\``));
  });

  test("split in two commands, the half without the receipt is held", () => {
    const night = typed(done);
    edit(night, "run: a --epochs 3", "run: a\n\nrun: b --epochs 3");
    night.pass(HOUR);
    assert.equal(namesOf(night), "a z");
    assertHeld(night, /an edit of/);
  });

  test("a line that shares no word with it but the verb is new, and runs", () => {
    const night = typed(done);
    const id = idOf(night, "a");
    const text = night.text().replace(receiptOf(id), "").replace("run: a --epochs 3", "run: b");
    night.save(text);
    night.pass(HOUR);
    assert.equal(namesOf(night), "a z b");
  });

  test("a copy without its receipt is how to run it again", () => {
    const night = typed(done);
    night.save(`${night.text()}\nrun: a --epochs 3\n`);
    night.pass(HOUR);
    assert.equal(namesOf(night), "a z a");
  });

  test("struck through, quoted or turned into words it is text, and nothing runs", () => {
    for (const words of ["~~run: a --epochs 3~~ was no good", "> run: a --epochs 3", "a was bad"]) {
      const night = typed(done);
      edit(night, "run: a --epochs 3", words);
      night.pass(HOUR);
      assert.equal(namesOf(night), "a z", words);
    }
  });
});

describe("from another journal", () => {
  test("a block pasted with its receipt is held, in a copied folder too", () => {
    const night = typed("run: a\n");
    night.copyFolder(EXPERIMENT, OTHER);
    night.pass(HOUR);
    night.save(`${night.text()}\nrun: b\n`);
    night.pass(HOUR);
    const block = /run: b\n\n> [^]*$/.exec(night.text())?.[0] ?? "";
    night.save(`${night.text(OTHER)}\n${block}`, { experiment: OTHER });
    night.pass(HOUR);
    assert.equal(namesOf(night), "a b");
    assertHeld(night, /it was copied together with its receipt/, OTHER);
  });

  test("new lines are held in a save that brings another journal's receipts", () => {
    const night = typed("run: a\n");
    night.save(`${HEAD}run: x\n`, { experiment: OTHER });
    night.pass(HOUR);
    const other = night.text(OTHER);
    night.save(`${other}\nrun: y\n`, { experiment: EXPERIMENT });
    night.pass(HOUR);
    assert.equal(namesOf(night), "a x");
    assertHeld(night, /its save brought receipts of another journal/);
  });

  test("in a copied folder a line runs once its receipt is taken out, or once it is changed", () => {
    const night = typed("run: a\n\nrun: b\n");
    night.copyFolder(EXPERIMENT, OTHER);
    night.pass(HOUR);
    assert.equal(namesOf(night), "a b");
    edit(night, receiptOf(idOf(night, "a")), "", OTHER);
    night.pass(HOUR);
    assert.equal(namesOf(night), "a b a");
    edit(night, "run: b", "run: b --lr 2", OTHER);
    night.pass(HOUR);
    assert.equal(namesOf(night), "a b a b");
  });
});

describe("with its folder", () => {
  const brought = `${HEAD}run: a\n\nrun: b !\n`;

  test("a journal that appears together with its folder is held, each command with its box", () => {
    const night = startNight(calm);
    night.save(brought, { experiment: OTHER, sight: "arrived" });
    night.pass(HOUR);
    assert.equal(namesOf(night), "");
    edit(night, /(run: b ![^]*?)- \[ \] start \(/, "$1- [x] start (", OTHER);
    night.pass(HOUR);
    assert.equal(namesOf(night), "b");
    edit(night, "run: a\n", "run: a !\n", OTHER);
    night.pass(HOUR);
    assert.equal(namesOf(night), "b a");
  });

  test("one box starts all of them", () => {
    const night = startNight(calm);
    night.save(brought, { experiment: OTHER, sight: "arrived" });
    night.pass(HOUR);
    edit(night, "- [ ] start all 2", "- [x] start all 2", OTHER);
    night.pass(HOUR);
    assert.equal(namesOf(night), "a b");
  });

  test("typed into a folder that stood empty it starts after half a minute", () => {
    const night = startNight(calm);
    night.save(brought, { experiment: OTHER, sight: "typed" });
    night.pass(25_000);
    assert.equal(namesOf(night), "");
    night.pass(HOUR);
    assert.equal(namesOf(night), "a b");
    night.save(`${night.text(OTHER)}\nrun: c\n`, { experiment: OTHER });
    night.pass(15_000);
    assert.equal(namesOf(night), "a b c");
  });

  test("with receipts in it nobody typed it", () => {
    const night = startNight(calm);
    const text = `${HEAD}run: a\n\n> **done** \`zzzz\` · 2025-01-01 10:00:00, 3 s\n\nrun: b\n`;
    night.save(text, { experiment: OTHER, sight: "typed" });
    night.pass(HOUR);
    assert.equal(namesOf(night), "");
    assertHeld(night, /it came with its folder/, OTHER);
  });

  test("two experiments with the same text: the second is held and says so", () => {
    const text = `${HEAD}run: a timeout=2h\n`;
    const night = startNight({ ...calm, settings: "quiet: 2m\n" });
    night.pass(MINUTE);
    night.save(text);
    night.pass(15_000);
    for (const sight of ["typed", "arrived"] as const) {
      const experiment = experimentPath(`/lab/${sight}`);
      night.save(text, { experiment, sight });
      night.pass(HOUR);
      assertHeld(night, /its folder is a copy of `exp`|it came with its folder/, experiment);
    }
    assert.equal(namesOf(night), "");
  });

  test("a known experiment whose folder comes anew brings a first text", () => {
    const night = typed("run: a\n");
    const text = night.text();
    night.post({ kind: "experiment-gone", experiment: EXPERIMENT });
    night.pass(MINUTE);
    night.post({ kind: "experiment-found", lab: LAB, experiment: EXPERIMENT, sight: "arrived" });
    night.save(`${text}\nrun: b\n`);
    night.pass(HOUR);
    assert.equal(namesOf(night), "a");
    assertHeld(night, /it came with its folder/);
  });
});

describe("by git, and in labs from elsewhere", () => {
  test("what a commit brought starts, or is held where arrivals are", () => {
    for (const [arrivals, wanted] of [
      ["start", "a"],
      ["hold", ""],
    ] as const) {
      const night = startNight({ ...calm, trust: { trusted: true, arrivals } });
      night.pass(MINUTE);
      night.save(`${HEAD}run: a\n`, { origin: "commit" });
      night.pass(HOUR);
      assert.equal(namesOf(night), wanted);
    }
  });

  test("a tick that git brought counts only where what git brings may start", () => {
    for (const [arrivals, wanted] of [
      ["start", "a"],
      ["hold", ""],
    ] as const) {
      const night = startNight({ ...calm, trust: { trusted: true, arrivals } });
      night.pass(MINUTE);
      night.save(`${HEAD}run: a timeout=2h\n`);
      night.pass(MINUTE);
      night.save(night.text().replace("- [ ]", "- [x]"), { origin: "commit" });
      night.pass(HOUR);
      assert.equal(namesOf(night), wanted);
    }
  });

  test("in a lab that is not trusted a typed command is held, and an edit of it runs", () => {
    const night = startNight({ ...calm, trust: { trusted: false, arrivals: "start" } });
    night.pass(MINUTE);
    night.save(`${HEAD}run: a !\n`);
    night.pass(HOUR);
    assert.equal(namesOf(night), "");
    assertHeld(night, /this lab is not trusted on this machine/);
    edit(night, "run: a !", "run: a --lr 2 !");
    night.pass(HOUR);
    assert.equal(namesOf(night), "a");
  });
});

test("a tick saved before the daemon has read its own write counts", () => {
  let night: Night | undefined;
  const ticked = (after: string): void =>
    night?.save(after.replace("- [ ]", "- [x]"), { toldAfterMs: [0] });
  night = startNight({
    ...calm,
    onWrite(_, after) {
      if (!after.includes("- [ ] start")) return;
      night?.machine.at(night.machineMs(), 0, () => ticked(after));
    },
  });
  night.pass(MINUTE);
  night.save(`${HEAD}run: a timeout=2h\n`);
  night.pass(HOUR);
  assert.equal(namesOf(night), "a", night.text());
});

test("a tick in a text whose box this daemon never rendered there starts nothing", () => {
  const night = typed("run: a timeout=2h\n");
  const ticked = night.text().replace("- [ ]", "- [x]");
  night.save(`${HEAD}Another text.\n`);
  night.pass(30_000);
  night.save(ticked);
  night.pass(HOUR);
  assert.equal(namesOf(night), "");
});

describe("waiting commands that vanish", () => {
  const waiting = "run: a when=03:00 !\n\nrun: b when=03:00 !\n\nWords.\n";

  test("two at once are held for a day, LAB.md names them, and they come back held", () => {
    const night = typed(waiting);
    const full = night.text();
    night.save(`${HEAD}Words, and more of them.\n`);
    night.pass(10 * MINUTE);
    assert.deepEqual(statesOf(night), ["held", "held"]);
    assert.match(
      night.machine.labPage.join("\n"),
      /2 waiting commands lost their line in the journal of `exp`/,
    );
    night.save(full);
    night.pass(HOUR);
    assert.match(night.text(), /its block was deleted and came back/);
    night.pass(10 * HOUR);
    assert.equal(namesOf(night), "");
  });

  test("after a day they are cancelled", () => {
    const night = typed(waiting);
    night.save(`${HEAD}Words.\n`);
    night.pass(26 * HOUR);
    assert.deepEqual(statesOf(night), ["cancelled", "cancelled"]);
  });

  test("one alone is cancelled with a save that writes something, and held with one that does not", () => {
    const saved = typed(waiting);
    edit(saved, /run: a [^]*?(?=run: b)/, "I think a is no use.\n\n");
    saved.pass(10 * MINUTE);
    assert.deepEqual(statesOf(saved), ["cancelled", "waiting"]);
    const only = typed(waiting);
    edit(only, /run: a [^]*?(?=run: b)/, "");
    only.pass(10 * MINUTE);
    assert.deepEqual(statesOf(only), ["held", "waiting"]);
  });
});

test("a frontmatter whose script cannot be used starts no other one, and goes on once mended", () => {
  const night = typed("", {});
  night.save(`---\nscript: train.sh\n---\n\n${HEAD}run: a\n`);
  night.pass(HOUR);
  assert.equal(namesOf(night), "");
  assert.match(
    night.text(),
    /\*\*waiting\*\* `\w+` · until the frontmatter's `script` can be used/,
  );
  edit(night, "train.sh", "train_b.py");
  night.pass(HOUR);
  assert.equal(namesOf(night), "a");
});
