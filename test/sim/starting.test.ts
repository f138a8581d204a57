import assert from "node:assert/strict";
import { test } from "node:test";
import { experimentPath } from "../../src/base/ids.ts";
import { EXPERIMENT, startNight, type Night, type NightOptions } from "./night.ts";
import { untraced } from "../untraced.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const HEAD = "# A night\n\n## 2025-02-02\n\n";
const OTHER = experimentPath("/lab/other");

const calm: NightOptions = {
  text: HEAD,
  durationMs: () => 20_000,
  exitCode: () => 0,
  delayMs: () => 10,
};

const startsOf = (night: Night): readonly string[] => night.starts.map(({ name }) => name);

/** The wait between a save and the start of what it holds, in ms, to half a second. */
function waitOf(text: string, then?: (night: Night) => void): number {
  const night = startNight(calm);
  night.pass(MINUTE);
  night.save(text);
  then?.(night);
  const fromMs = night.now();
  for (let ms = 0; ms < 5 * MINUTE && night.starts.length === 0; ms += 500) night.pass(500);
  assert.equal(night.starts.length, 1, night.text());
  return night.now() - fromMs;
}

const near = (ms: number, wantedMs: number): void =>
  assert.ok(ms >= wantedMs && ms <= wantedMs + 1_000, `${ms} instead of ${wantedMs}`);

test("a fence waits a minute, or three seconds once its author moved on", () => {
  const fence = `${HEAD}\`\`\`yaml\nrun: a\n\`\`\`\n`;
  near(waitOf(fence), 60_000);
  near(
    waitOf(fence, (night) => {
      night.pass(500);
      night.save(`${fence}\n14:45 a thought\n`);
    }),
    2_500,
  );
  near(waitOf(fence.replace("run: a", "run: a\ngo: true")), 1_000);
});

test("a fence that is not closed yet starts nothing", () => {
  const night = startNight(calm);
  night.save(`${HEAD}\`\`\`yaml\nrun: a\n`);
  night.pass(HOUR);
  assert.deepEqual(startsOf(night), []);
});

test("a line starts a second after its author's editor was closed", () => {
  near(
    waitOf(`${HEAD}run: a\n`, (night) => night.closeEditor()),
    1_000,
  );
  near(
    waitOf(`${HEAD}\`\`\`yaml\nrun: a\n\`\`\`\n`, (night) => night.closeEditor()),
    3_000,
  );
  // Half a line: another editor may have it open, where its end is still to come.
  near(
    waitOf(`${HEAD}run: a`, (night) => night.closeEditor()),
    30_000,
  );
  near(
    waitOf(`${HEAD}run: a !`, (night) => night.closeEditor()),
    30_000,
  );
  // Typed after the other editor was closed: somebody is still at it.
  near(
    waitOf(`${HEAD}run: a\n`, (night) => {
      night.closeEditor();
      night.pass(500);
      night.save(`${HEAD}run: abc\n`);
    }),
    10_000,
  );
});

test("a stop that comes while a run is being started ends it once it has begun", () => {
  // Its process is there 20 s after the order: until then there is none to stop.
  const night = startNight({ ...calm, durationMs: () => HOUR, spawnMs: () => 20_000 });
  night.save(`${HEAD}run: a !\n`);
  night.pass(10_000);
  const [command] = night.world().commands.values();
  assert.ok(command?.run !== undefined && night.starts.length === 0);
  night.post({ kind: "stop-asked", id: command.id });
  night.pass(MINUTE);
  assert.deepEqual(night.machine.running(), []);
  assert.match(night.text(), /\*\*stopped\*\*/);
});

test("what a commit brought starts without a wait, in every form that may start", () => {
  const night = startNight(calm);
  night.pass(MINUTE);
  const brought =
    "run: a\n\n```yaml\nrun: b\n```\n\n- [ ] run: not-ticked\n\nrun: long timeout=2h\n\n" +
    'run: meant timeout=2h because="b went well"\n';
  night.save(HEAD + brought, { origin: "commit" });
  night.pass(1_000);
  assert.deepEqual(startsOf(night), ["a"]);
  night.pass(5 * MINUTE);
  assert.deepEqual(startsOf(night), ["a", "b", "meant"]);
  assert.match(untraced(night.text()), /run: long.*\n\n> \*\*held\*\*/);
});

test("what a checkout, a reset or a stash brought is held until it is ticked or changed", () => {
  const night = startNight(calm);
  night.save(`${HEAD}run: a\n`);
  night.pass(2 * MINUTE);
  night.save(`${night.text()}\nrun: b\n\nrun: c !\n\nstop: a\n\nqueue: pause\n`, {
    origin: "checkout",
  });
  night.pass(5 * MINUTE);
  assert.deepEqual(startsOf(night), ["a"]);
  assert.match(untraced(night.text()), /run: b\n\n> \*\*held\*\* .*git brought it/);
  assert.match(untraced(night.text()), /queue: pause\n\n> \*\*skipped\*\* .*git brought it/);
  night.save(night.text().replace("- [ ] start", "- [x] start"));
  night.pass(MINUTE);
  assert.deepEqual(startsOf(night), ["a", "b"]);
  night.save(night.text().replace("run: c !", "run: c --lr 2 !"));
  night.pass(MINUTE);
  assert.deepEqual(startsOf(night), ["a", "b", "c"]);
});

test("what waits and is edited by a checkout is held too", () => {
  const night = startNight({ ...calm, durationMs: () => 5 * MINUTE });
  night.save(`${HEAD}run: a\n\nrun: b\n`);
  night.pass(MINUTE);
  night.save(night.text().replace("run: b", "run: b --lr 1"), { origin: "checkout" });
  night.pass(HOUR);
  assert.deepEqual(startsOf(night), ["a"]);
  assert.match(untraced(night.text()), /run: b --lr 1\n\n> \*\*held\*\* .*git brought it/);
});

test("a checkout and back runs nothing again, and the receipts come back", () => {
  const night = startNight(calm);
  night.save(`${HEAD}run: a\n\nrun: b\n`);
  night.pass(2 * MINUTE);
  const shown = untraced(night.text());
  night.save(`${HEAD}run: other\n`, { origin: "checkout" });
  night.pass(HOUR);
  night.save(`${HEAD}run: a\n\nrun: b\n`, { origin: "checkout" });
  night.pass(HOUR);
  assert.equal(untraced(night.text()), shown);
  assert.deepEqual(startsOf(night), ["a", "b"]);
});

test("in a clone everything is held, and one tick starts it all", () => {
  const text = `${HEAD}run: a\n\nrun: b !\n\nqueue: pause\n\nrun: c\n`;
  const night = startNight({ ...calm, text, foreign: true });
  night.pass(HOUR);
  assert.deepEqual(startsOf(night), []);
  assert.equal(night.world().paused, false);
  assert.equal(untraced(night.text()).split("start all 3").length, 2, night.text());
  night.save(night.text().replace("- [ ] start all 3", "- [x] start all 3"));
  night.pass(5 * MINUTE);
  assert.deepEqual(startsOf(night), ["a", "b", "c"]);
  assert.doesNotMatch(night.text(), /- \[.\] start/);
});

test("in a clone one box starts one command, and what is typed later starts by itself", () => {
  const night = startNight({ ...calm, text: `${HEAD}run: a\n\nrun: b\n`, foreign: true });
  night.pass(MINUTE);
  night.save(night.text().replace("- [ ] start (up", "- [x] start (up"));
  night.pass(MINUTE);
  assert.deepEqual(startsOf(night), ["a"]);
  assert.doesNotMatch(night.text(), /start all/);
  night.save(`${night.text()}\nrun: c\n`);
  night.pass(MINUTE);
  assert.deepEqual(startsOf(night), ["a", "c"]);
});

test("a task of a clone starts when its own box is ticked", () => {
  const night = startNight({ ...calm, text: `${HEAD}- [ ] run: a\n`, foreign: true });
  night.pass(MINUTE);
  night.save(night.text().replace("- [ ] run: a", "- [x] run: a"));
  night.pass(MINUTE);
  assert.deepEqual(startsOf(night), ["a"]);
});

test("a held long run starts by a ` !` behind it, or once it has a reason and a passed de-risk", () => {
  for (const added of [" !", ' because="a went well"']) {
    const night = startNight(calm);
    night.save(`${HEAD}run: a\n\nrun: full timeout=2h\n`);
    night.pass(2 * MINUTE);
    assert.deepEqual(startsOf(night), ["a"]);
    night.save(night.text().replace("timeout=2h", `timeout=2h${added}`));
    night.pass(2 * MINUTE);
    assert.deepEqual(startsOf(night), ["a", "full"], added);
  }
});

test("a block from another experiment's journal, with its receipt, is held", () => {
  const night = startNight(calm);
  night.save(`${HEAD}run: a\n`);
  night.save(`${HEAD}run: z\n`, { experiment: OTHER });
  night.pass(2 * MINUTE);
  const block = night.text().slice(HEAD.length);
  night.save(`${night.text(OTHER)}\n${block}`, { experiment: OTHER });
  night.pass(HOUR);
  assert.deepEqual(startsOf(night).toSorted(), ["a", "z"]);
  assert.match(night.text(OTHER), /run: a\n\n> \*\*held\*\* .*copied/);
});

test("a queued block that is cut and comes back late is held, not lost and not run unasked", () => {
  const night = startNight({ ...calm, durationMs: () => 2 * MINUTE });
  night.save(`${HEAD}run: a\n\nrun: b\n`);
  night.pass(30_000);
  const whole = night.text();
  night.save(whole.replace(/run: b\n/, ""));
  night.pass(30_000);
  night.save(whole);
  night.pass(HOUR);
  assert.deepEqual(startsOf(night), ["a"]);
  assert.match(untraced(night.text()), /run: b\n\n> \*\*held\*\* .*came back/);
  night.save(night.text().replace("- [ ] start", "- [x] start"));
  night.pass(MINUTE);
  assert.deepEqual(startsOf(night), ["a", "b"]);
});

test("a machine that slept with a half-typed line starts nothing when it wakes", () => {
  const night = startNight(calm);
  night.save(`${HEAD}run: de-\n`);
  night.pass(4_000);
  night.setClock(8 * HOUR);
  night.pass(4_000);
  night.save(`${HEAD}run: de-risk\n`);
  night.pass(MINUTE);
  assert.deepEqual(startsOf(night), ["de-risk"]);
});

test("a wall clock that is set back holds nothing up, before a restart and after", () => {
  const night = startNight(calm);
  night.save(`${HEAD}run: a\n`);
  night.pass(MINUTE);
  night.setClock(-HOUR);
  night.save(`${night.text()}\nrun: b\n`);
  night.pass(MINUTE);
  assert.deepEqual(startsOf(night), ["a", "b"]);
  night.setClock(-400 * 24 * HOUR);
  night.crashAtEffect(0, 1_000);
  night.save(`${night.text()}\nrun: c\n`);
  night.pass(MINUTE);
  assert.deepEqual(startsOf(night), ["a", "b", "c"]);
  assert.match(untraced(night.text()), /run: c\n\n> \*\*done\*\*/);
  assert.equal(night.text(EXPERIMENT).split("**done**").length, 4);
});

test("a space behind a line, or receipts that come and go, do not show that its author moved on", () => {
  const night = startNight(calm);
  night.save(`${HEAD}run: z\n`);
  night.pass(MINUTE);
  const shown = night.text();
  night.save(`${shown}\nrun: a --lr\n`);
  night.pass(2_000);
  night.save(`${HEAD}run: z\n\nrun: a --lr \n`);
  night.pass(6_000);
  assert.deepEqual(startsOf(night), ["z"]);
  night.save(`${shown}\nrun: a --lr 0.1\n`);
  night.pass(MINUTE);
  assert.deepEqual(
    night.starts.map(({ args }) => args.join(" ")),
    ["z", "a --lr 0.1"],
  );
});

test("what was queued before a merge waits for its end", () => {
  const night = startNight(calm);
  night.save(`${HEAD}run: a\n\nrun: b\n`);
  night.pass(15_000);
  assert.deepEqual(startsOf(night), ["a"]);
  const whole = night.text();
  night.save(`${whole}\n<<<<<<< ours\nmine\n=======\ntheirs\n>>>>>>> theirs\n`);
  night.pass(HOUR);
  assert.deepEqual(startsOf(night), ["a"]);
  night.save(`${whole}\nmine\n\ntheirs\n`);
  night.pass(MINUTE);
  assert.deepEqual(startsOf(night), ["a", "b"]);
});

test("a tick is the go for what is held behind a failed run, too", () => {
  const night = startNight({ ...calm, exitCode: (name) => (name === "a" ? 1 : 0) });
  night.save(`${HEAD}run: a\n\nrun: b after=a\n`);
  night.pass(2 * MINUTE);
  assert.match(untraced(night.text()), /> \*\*held\*\* .*ended as failed/);
  night.save(night.text().replace("- [ ] start", "- [x] start"));
  night.pass(2 * MINUTE);
  assert.deepEqual(startsOf(night), ["a", "b"]);
});

test("what comes after a name that may still grow waits for it, and is not held", () => {
  const night = startNight(calm);
  night.save(`${HEAD}run: base\n\nrun: base-2\n\nrun: full after=base\n`);
  night.pass(HOUR);
  assert.deepEqual(startsOf(night).toSorted(), ["base", "base-2", "full"]);
});

test("a run that has started, and whose folder knows nothing of it any more, is lost", () => {
  const night = startNight(calm);
  night.save(`${HEAD}run: a\n`);
  night.pass(15_000);
  const { attempt } = night.starts[0] ?? assert.fail(night.text());
  night.machine.forget(attempt);
  night.crashAtEffect(0, 1_000);
  night.pass(MINUTE);
  assert.deepEqual(startsOf(night), ["a"]);
  assert.match(untraced(night.text()), /run: a\n\n> \*\*lost\*\*/);
});
