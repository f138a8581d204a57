// When receipts come and when they stay away, on a made-up clock: a person who never stops saving,
// and one who deletes receipts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startNight, type Night, type NightOptions } from "./night.ts";
import { untraced } from "../untraced.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HEAD = "# A night\n\n## 2025-02-02\n\n";

const calm: NightOptions = {
  text: HEAD,
  durationMs: () => 20_000,
  exitCode: () => 0,
  delayMs: () => 10,
};

const times = (night: Night, part: string): number => night.text().split(part).length - 1;

test("somebody who saves each second for minutes sees each receipt within a minute", () => {
  for (const pauseMs of [70, 400, SECOND, 1_900]) {
    let shownAtMs: number | undefined;
    const night: Night = startNight({
      ...calm,
      onWrite: (_, after) => {
        if (after.includes("**done**")) shownAtMs ??= night.now();
      },
    });
    night.save(`${HEAD}run: a\n`);
    let writes = 0;
    let endedAtMs: number | undefined;
    for (let n = 0; n * pauseMs < 4 * MINUTE; n += 1) {
      night.save(`${night.text().replace(/\ntyped.*\n$/, "")}\ntyped ${n}\n`);
      night.pass(pauseMs);
      if (night.machine.ends.length > 0) endedAtMs ??= night.now();
      writes = night.writes();
    }
    assert.ok(endedAtMs !== undefined && shownAtMs !== undefined, `a save each ${pauseMs} ms`);
    assert.ok(shownAtMs - endedAtMs <= MINUTE, `${shownAtMs - endedAtMs} ms after its end`);
    assert.ok(writes <= 6, `${writes} writes into a file in which somebody types`);
  }
});

/** A night with runs done; each name has its own section. */
function done(...names: readonly string[]): Night {
  const night = startNight(calm);
  night.save(`${HEAD}${names.map((name) => `run: ${name}\n`).join("\n")}`);
  night.pass(5 * MINUTE);
  assert.equal(times(night, "**done**"), names.length, night.text());
  return night;
}

/** The text without the receipt of a command. */
const withoutReceipt = (text: string, name: string): string =>
  text.replace(new RegExp(`(run: ${name}\\n)\\n(?:>.*\\n)+`), "$1");

test("any receipt that is deleted with nothing else changed stays away", () => {
  const names = ["a", "b", "c", "d", "e"];
  for (const name of names) {
    const night = done(...names);
    night.save(withoutReceipt(night.text(), name));
    night.pass(5 * MINUTE);
    assert.equal(times(night, "**done**"), 4, `${name}:\n${night.text()}`);
  }
});

test("receipts that are deleted one after the other, or all but one at once, stay away", () => {
  const one = done("a", "b", "c");
  for (const name of ["c", "b"]) {
    one.save(withoutReceipt(one.text(), name));
    one.pass(2 * MINUTE);
  }
  assert.equal(times(one, "**done**"), 1, one.text());
  one.save(`${one.text()}\nrun: d\n`);
  one.pass(5 * MINUTE);
  assert.equal(times(one, "**done**"), 2, one.text());
  // The one that was deleted with the trace of its write may come back, but only once.
  const all = done("a", "b", "c");
  for (let i = 0; i < 2; i += 1) {
    all.save(withoutReceipt(withoutReceipt(all.text(), "c"), "b"));
    all.pass(2 * MINUTE);
  }
  assert.equal(times(all, "**done**"), 1, all.text());
});

test("the only receipt comes back once, and stays away the second time", () => {
  const night = done("a");
  night.save(withoutReceipt(night.text(), "a"));
  night.pass(MINUTE);
  assert.equal(times(night, "**done**"), 1, "an old copy would look the same");
  night.save(withoutReceipt(night.text(), "a"));
  night.pass(MINUTE);
  assert.equal(times(night, "**done**"), 0, night.text());
  night.crashAtEffect(0, SECOND);
  night.save(`${night.text()}\nrun: b\n`);
  night.pass(5 * MINUTE);
  assert.equal(times(night, "**done**"), 1, night.text());
  assert.equal(untraced(night.text()).split("run: a\n\n>").length, 1, "after a restart too");
});

test("an old copy that types on hides no receipt, however often it is saved", () => {
  const night = done("a");
  for (let n = 0; n < 5; n += 1) {
    night.save(`${HEAD}run: a\n\ntyped ${n}\n`);
    night.pass(MINUTE);
    assert.equal(times(night, "**done**"), 1, night.text());
  }
});

test("an undo of the deletion brings the receipt back, and it can be deleted again", () => {
  const night = done("a", "b");
  const shown = night.text();
  night.save(withoutReceipt(shown, "b"));
  night.pass(MINUTE);
  night.save(shown);
  night.pass(MINUTE);
  assert.equal(times(night, "**done**"), 2, night.text());
  night.save(withoutReceipt(night.text(), "b"));
  night.pass(MINUTE);
  assert.equal(times(night, "**done**"), 1, night.text());
});

test("text that comes between a command and its receipt leaves one receipt", () => {
  for (const typed of ["a thought\n\n", "a thought\n\nand another\n\n"]) {
    const night = done("a", "b");
    night.save(night.text().replace("run: b\n\n", `run: b\n\n${typed}`));
    night.pass(MINUTE);
    assert.equal(times(night, "**done**"), 2, night.text());
    assert.ok(night.text().endsWith(`\n\n${typed.trimEnd()}\n\n`), night.text());
  }
  // On the very next line it is told; then the blank line that the problem asks for.
  const night = done("a", "b");
  night.save(night.text().replace("run: b\n", "run: b\na thought\n"));
  night.pass(2 * MINUTE);
  night.save(night.text().replace("run: b\na thought\n", "run: b\n\na thought\n"));
  night.pass(2 * MINUTE);
  assert.equal(times(night, "**done**"), 2, night.text());
  assert.equal(times(night, "**problem**"), 0, night.text());
  assert.equal(night.starts.length, 2);
});

test("a command that is typed between another and its receipt leaves one receipt of each", () => {
  const night = done("a", "b");
  night.save(night.text().replace("run: a\n\n", "run: a\n\nrun: c\n\n"));
  night.pass(5 * MINUTE);
  for (const name of ["a", "b"]) {
    assert.equal(times(night, `[${name}](runs/`), 1, night.text());
    assert.match(night.text(), new RegExp(`run: ${name}\n\n> \\*\\*done`));
  }
});
