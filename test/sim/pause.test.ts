// The queue at rest: paused, drained, and paused by itself where runs die young; and several labs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { experimentPath } from "../../src/base/ids.ts";
import { Gpus } from "./gpus.ts";
import { startNight, type Night, type NightOptions } from "./night.ts";
import { untraced } from "../untraced.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HEAD = "# A night\n\n## 2025-02-02\n\n";
const ELSEWHERE = experimentPath("/other-lab/exp");

const calm: NightOptions = {
  text: HEAD,
  durationMs: () => MINUTE,
  exitCode: () => 0,
  delayMs: () => 10,
};

const startsOf = (night: Night): readonly string[] => night.starts.map(({ name }) => name);
const add = (night: Night, text: string): void => night.save(`${night.text()}\n${text}\n`);

test("a drained queue ends what runs, starts nothing, and says when nothing runs any more", () => {
  const night = startNight(calm);
  night.save(`${HEAD}run: a\n\nrun: b\n`);
  night.pass(20 * SECOND);
  add(night, "queue: drain");
  night.pass(20 * SECOND);
  assert.deepEqual(startsOf(night), ["a"]);
  assert.match(
    untraced(night.text()),
    /queue: drain\n\n> \*\*running\*\* `\w+` · since \d\d:\d\d · nothing new starts; 1 run is still at work\n/,
  );
  assert.match(untraced(night.text()), /run: b\n\n> \*\*queued\*\* `\w+` · the queue is drained\n/);
  night.pass(2 * MINUTE);
  assert.match(
    untraced(night.text()),
    /queue: drain\n\n> \*\*done\*\* `\w+` · nothing runs any more, and nothing starts; `queue: resume` lets the queue go on\n/,
  );
  assert.deepEqual(startsOf(night), ["a"]);
  add(night, "queue: resume");
  night.pass(20 * SECOND);
  assert.deepEqual(startsOf(night), ["a", "b"]);
  assert.doesNotMatch(night.text(), /the queue is drained\n/);
});

test("draining outlives the daemon, ends at once where nothing runs, and is over with a resume", () => {
  const night = startNight(calm);
  night.save(`${HEAD}queue: drain\n`);
  night.pass(20 * SECOND);
  assert.match(untraced(night.text()), /\*\*done\*\* `\w+` · nothing runs any more/);
  night.save(`${HEAD}queue: resume\n\nrun: a\n`);
  night.pass(20 * SECOND);
  night.post({ kind: "queue-asked", word: "drain" });
  night.pass(SECOND);
  assert.equal(night.world().pause?.drain, true);
  night.crashAtEffect(0, 5 * SECOND);
  add(night, "queue: drain\n\nrun: b");
  night.pass(3 * MINUTE);
  assert.deepEqual(startsOf(night), ["a"]);
  assert.match(
    untraced(night.text()),
    /queue: drain\n\n> \*\*done\*\* `\w+` · nothing runs any more/,
  );
  night.post({ kind: "queue-asked", word: "resume" });
  night.pass(SECOND);
  assert.deepEqual(startsOf(night), ["a", "b"]);
});

test("a paused queue still says what each command waits for, and skips what is to be skipped", () => {
  const night = startNight({ ...calm, metrics: () => ({ loss: "0.5" }) });
  night.save(`${HEAD}run: a\n\nrun: b after=a\n\nrun: c if="a.loss < 0.4"\n`);
  night.pass(20 * SECOND);
  add(night, "queue: pause");
  night.pass(10 * SECOND);
  assert.match(
    untraced(night.text()),
    /run: b .*\n\n> \*\*waiting\*\* `\w+` · after `\w+` · the queue is paused\n/,
  );
  night.pass(2 * MINUTE);
  assert.match(
    untraced(night.text()),
    /run: b .*\n\n> \*\*queued\*\* `\w+` · the queue is paused\n/,
  );
  assert.match(untraced(night.text()), /run: c .*\n\n> \*\*skipped\*\*/);
  assert.deepEqual(startsOf(night), ["a"]);
});

test("a drain that is overtaken by a resume says so", () => {
  const night = startNight(calm);
  night.save(`${HEAD}run: a\n`);
  night.pass(20 * SECOND);
  add(night, "queue: drain");
  night.pass(10 * SECOND);
  night.post({ kind: "queue-asked", word: "resume" });
  night.pass(10 * SECOND);
  assert.match(
    untraced(night.text()),
    /\*\*done\*\* `\w+` · the queue went on before all had ended\n/,
  );
});

test("the command line's pause is told in the receipts of what waits", () => {
  const night = startNight(calm);
  night.post({ kind: "queue-asked", word: "pause" });
  night.save(`${HEAD}run: a\n\nrun: b when=23:30\n`);
  night.pass(MINUTE);
  assert.match(untraced(night.text()), /run: a\n\n> \*\*queued\*\* `\w+` · the queue is paused\n/);
  const writes = night.writes();
  night.post({ kind: "queue-asked", word: "pause" });
  night.pass(MINUTE);
  assert.equal(night.writes(), writes, "paused twice is paused");
  night.post({ kind: "queue-asked", word: "resume" });
  night.pass(5 * MINUTE);
  assert.deepEqual(startsOf(night), ["a"]);
  assert.match(untraced(night.text()), /run: b .*\n\n> \*\*waiting\*\* `\w+` · at 23:30\n/);
});

/** Every run whose name begins with `x` fails two seconds after its start. */
const dying: NightOptions = {
  ...calm,
  durationMs: (name) => (name.startsWith("x") ? 2 * SECOND : MINUTE),
  exitCode: (name) => (name.startsWith("x") ? 1 : 0),
};
const linesOf = (...names: readonly string[]): string =>
  names.map((name) => `run: ${name}`).join("\n\n");

test("three runs that fail within seconds pause the queue, with the reason where it is seen", () => {
  const night = startNight(dying);
  night.save(`${HEAD}${linesOf("x1", "x2", "x3", "x4", "x5")}\n`);
  night.pass(5 * MINUTE);
  assert.deepEqual(startsOf(night), ["x1", "x2", "x3"]);
  const why = "3 runs in a row failed within 10 s";
  assert.match(
    untraced(night.text()),
    new RegExp(
      `run: x3\n\n> \\*\\*failed\\*\\* [^\n]*\n>\n> - the queue paused itself after this: ${why}; \`queue: resume\` lets it go on\n`,
    ),
  );
  assert.match(
    untraced(night.text()),
    /run: x4\n\n> \*\*queued\*\* `\w+` · the queue paused itself\n/,
  );
  assert.equal(night.world().pause?.why, why);
  assert.deepEqual(night.machine.labPage, [
    `> **problem** the queue paused itself: ${why}; \`queue: resume\` lets it go on`,
  ]);
  add(night, "queue: resume");
  night.pass(30 * SECOND);
  assert.deepEqual(startsOf(night), ["x1", "x2", "x3", "x4", "x5"], "two more may fail");
  assert.deepEqual(night.machine.labPage, []);
});

test("a sweep, several experiments and several GPUs count alike", () => {
  const night = startNight({ ...dying, gpus: new Gpus(2, { releaseMs: () => 0 }) });
  night.save(`${HEAD}run: x seeds=2\n`);
  night.save(`${HEAD}${linesOf("x3", "x4", "b")}\n`, { experiment: ELSEWHERE });
  night.pass(5 * MINUTE);
  assert.equal(night.starts.length <= 4, true, `${night.starts.length} started`);
  assert.equal(night.world().paused, true);
  assert.equal(startsOf(night).includes("b"), false);
  const told = `${night.text()}${night.text(ELSEWHERE)}`.split("paused itself after this");
  assert.equal(told.length, 2, "told once, in the receipt of the last that died");
});

test("the last ones of a queue may fail, and what a person stops is no failure", () => {
  const last = startNight(dying);
  last.save(`${HEAD}${linesOf("x1", "x2", "x3")}\n`);
  last.pass(MINUTE);
  assert.equal(last.world().paused, false, "nothing is left to be spared");

  const stopped = startNight({ ...dying, durationMs: () => MINUTE });
  stopped.save(`${HEAD}${linesOf("s1", "s2", "s3", "s4")}\n`);
  for (let i = 0; i < 60; i += 1) {
    stopped.pass(SECOND);
    for (const { id, state } of stopped.world().commands.values()) {
      if (state === "running" && stopped.starts.length < 4) {
        stopped.post({ kind: "stop-asked", id });
      }
    }
  }
  assert.deepEqual(startsOf(stopped), ["s1", "s2", "s3", "s4"]);
});

test("a single failure, one that worked in between, and later deaths pause nothing", () => {
  for (const options of [
    { names: ["x1", "x2", "ok", "x3", "x4", "b"], night: dying },
    {
      names: ["x1", "x2", "x3", "x4", "b"],
      night: { ...dying, durationMs: () => 11 * SECOND },
    },
  ]) {
    const night = startNight(options.night);
    night.save(`${HEAD}${linesOf(...options.names)}\n`);
    night.pass(10 * MINUTE);
    assert.deepEqual(startsOf(night), options.names);
  }
});

test("somebody who tries, fails and tries again is not stopped, whatever waits for the night", () => {
  const night = startNight({ ...dying, powerOnMs: Date.UTC(2025, 1, 2, 14) });
  night.save(`${HEAD}run: night when=tonight\n`);
  night.pass(MINUTE);
  for (const name of ["x1", "x2", "x3", "x4"]) {
    add(night, `run: ${name}`);
    night.pass(MINUTE);
  }
  assert.deepEqual(startsOf(night), ["x1", "x2", "x3", "x4"]);
  assert.equal(night.world().paused, false);
});

test("a pause by itself outlives the daemon, and nothing starts twice", () => {
  const night = startNight(dying);
  night.save(`${HEAD}${linesOf("x1", "x2", "x3", "x4")}\n`);
  night.pass(5 * MINUTE);
  night.crashAtEffect(0, MINUTE);
  add(night, "run: z");
  night.pass(10 * MINUTE);
  assert.deepEqual(startsOf(night), ["x1", "x2", "x3"]);
  assert.match(untraced(night.text()), /the queue paused itself after this/);
});

test("one queue for all labs of a daemon: the older goes first, and a pause is for all", () => {
  const night = startNight({ ...calm, durationMs: () => 5 * SECOND });
  night.save(`${HEAD}run: a1\n`);
  night.pass(SECOND);
  night.save(`${HEAD}run: b1\n\nrun: b2 priority=1\n`, { experiment: ELSEWHERE });
  night.pass(SECOND);
  night.save(`${HEAD}run: a1\n\nrun: a2\n`);
  night.pass(2 * MINUTE);
  assert.equal(startsOf(night)[0], "a1");
  assert.ok(startsOf(night).indexOf("b2") < startsOf(night).indexOf("a2"));
  assert.equal(night.starts.length, 4);
  assert.equal(night.most(), 1, "one CPU slot for all labs");
  add(night, "queue: pause");
  night.pass(10 * SECOND);
  night.save(`${night.text(ELSEWHERE)}\nrun: b3\n`, { experiment: ELSEWHERE });
  night.pass(MINUTE);
  assert.equal(night.starts.length, 4);
  assert.match(night.text(ELSEWHERE), /run: b3\n\n> \*\*queued\*\* `\w+` · the queue is paused\n/);
});

test("what another daemon of the machine records of the queue is taken over, and not recorded again", () => {
  const night = startNight(calm);
  const tell = (paused: boolean): void =>
    night.post({ kind: "queue-told", fact: { kind: "queue-paused", atMs: night.now(), paused } });
  tell(true);
  night.save(`${HEAD}run: a\n`);
  night.pass(MINUTE);
  assert.deepEqual(startsOf(night), []);
  assert.match(untraced(night.text()), /the queue is paused\n/);
  tell(false);
  night.pass(2 * MINUTE);
  assert.deepEqual(startsOf(night), ["a"]);
  assert.doesNotMatch(night.text(), /paused/);
  assert.deepEqual(
    night.facts().filter(({ kind }) => kind === "queue-paused"),
    [],
  );
});
