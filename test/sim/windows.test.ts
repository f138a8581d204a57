import assert from "node:assert/strict";
import { test } from "node:test";
import { localStamp } from "../../src/base/time.ts";
import { startNight, type Night, type NightOptions } from "./night.ts";
import { untraced } from "../untraced.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const HEAD = "# A night\n\n## 2026-11-23\n\n";
const BERLIN = "Europe/Berlin";

/** Monday afternoon in Berlin. */
const calm: NightOptions = {
  text: HEAD,
  durationMs: () => 20 * SECOND,
  exitCode: () => 0,
  delayMs: () => 10,
  powerOnMs: Date.parse("2026-11-23T16:00:00+01:00"),
  settings: `time-zone: ${BERLIN}\n`,
  pollMs: 10 * MINUTE,
};

/** Name and start of every script, by the clock of Berlin. */
const startsOf = (night: Night, zone = BERLIN): readonly string[] => {
  const switchedOnMs = night.now() - night.machineMs();
  return night.starts.map(
    ({ name, atMs }) => `${name} ${localStamp(switchedOnMs + atMs, zone).slice(5, 16)}`,
  );
};

/** Receipts, without their ids. */
const receiptsOf = (night: Night): readonly string[] =>
  night
    .text()
    .split("\n")
    .filter((line) => line.startsWith("> **"))
    .map((line) => line.replace(/`[a-z][a-z0-9]{3}`/, "`id`"));

const nightWith = (text: string, options: Partial<NightOptions> = {}): Night => {
  const night = startNight({ ...calm, ...options });
  night.save(`${HEAD}${text}\n`);
  night.pass(2 * MINUTE);
  return night;
};

test("`when: tonight` starts at 22:00, and its receipt says so before", () => {
  const night = nightWith("run: a when=tonight\n\nrun: b");
  assert.match(untraced(night.text()), /> \*\*waiting\*\* `\w+` · tonight from 22:00\n/);
  assert.deepEqual(startsOf(night), ["b 11-23 16:00"]);
  night.pass(5 * HOUR + 57 * MINUTE);
  assert.equal(night.starts.length, 1);
  night.pass(2 * MINUTE);
  assert.deepEqual(startsOf(night), ["b 11-23 16:00", "a 11-23 22:00"]);
  assert.match(untraced(night.text()), /run: a when=tonight\n\n> \*\*done\*\*/);
});

test("all that waits for the night goes on in it, and what is left goes on in the next", () => {
  const runs = ["a", "b", "c"].map((name) => `run: ${name} when=17:00-17:30 timeout=1h !`);
  const night = nightWith(runs.join("\n\n"), { durationMs: () => 20 * MINUTE });
  night.pass(30 * HOUR);
  assert.deepEqual(startsOf(night), ["a 11-23 17:00", "b 11-23 17:20", "c 11-24 17:00"]);
});

test("a time range, a time and a date are times of their own", () => {
  const night = nightWith(
    "run: range when=18:00-19:00\n\nrun: clock when=03:00\n\nrun: dated when=2026-11-25 04:30\n\n" +
      "run: stamp when=2026-11-23T17:30",
  );
  assert.deepEqual(receiptsOf(night), [
    "> **waiting** `id` · from 18:00",
    "> **waiting** `id` · at 03:00",
    "> **waiting** `id` · at 2026-11-25 04:30",
    "> **waiting** `id` · at 2026-11-23 17:30",
  ]);
  night.pass(48 * HOUR);
  assert.deepEqual(startsOf(night), [
    "stamp 11-23 17:30",
    "range 11-23 18:00",
    "clock 11-24 03:00",
    "dated 11-25 04:30",
  ]);
});

test("a window by cron has its own zone, and its receipt the lab's", () => {
  const night = nightWith("run: a when=weekend", {
    settings: `time-zone: ${BERLIN}
windows:
  weekend: { start: 0 20 * * fri, length: 58h, time-zone: America/New_York }
`,
  });
  assert.deepEqual(receiptsOf(night), ["> **waiting** `id` · weekend from 2026-11-28 02:00"]);
  night.pass(6 * 24 * HOUR);
  assert.deepEqual(startsOf(night), ["a 11-28 02:00"]);
});

test("waiting outlives deaths of the daemon, and a night that began without it", () => {
  const night = nightWith("run: a when=tonight\n\nrun: b when=17:00");
  night.crashAtEffect(0, 8 * HOUR);
  // Anything that makes it act: it dies of that, and is back after midnight.
  night.save(`${night.text()}\nrun: c\n`);
  night.pass(9 * HOUR);
  assert.deepEqual(startsOf(night).toSorted(), ["a 11-24 00:02", "b 11-24 00:02", "c 11-24 00:02"]);
});

test("a window that came and went while nobody was there is waited for again", () => {
  const night = nightWith("run: a when=18:00-19:00");
  night.crashAtEffect(0, 6 * HOUR);
  night.save(`${night.text()}\nrun: c\n`);
  night.pass(7 * HOUR);
  assert.deepEqual(startsOf(night), ["c 11-23 22:02"]);
  night.pass(24 * HOUR);
  assert.deepEqual(startsOf(night), ["c 11-23 22:02", "a 11-24 18:00"]);
});

test("a machine that slept into the night starts when it wakes, and after the night does not", () => {
  const night = nightWith("run: a when=tonight\n\nrun: b when=18:00-19:00");
  night.setClock(7 * HOUR);
  night.pass(MINUTE);
  assert.deepEqual(
    night.starts.map(({ name }) => name),
    ["a"],
  );
});

test("clocks that are put forward or back in the night move no start", () => {
  for (const [evening, starts] of [
    ["2026-03-28T16:00:00+01:00", ["a 03-28 22:00", "b 03-29 03:00"]],
    ["2026-10-24T16:00:00+02:00", ["a 10-24 22:00", "b 10-25 02:30"]],
  ] as const) {
    const night = nightWith("run: a when=tonight\n\nrun: b when=02:30", {
      powerOnMs: Date.parse(evening),
    });
    night.pass(40 * HOUR);
    assert.deepEqual(startsOf(night), starts);
  }
});

test("a window's name that is none is told with the nearest, and found once it is there", () => {
  const night = nightWith("run: a when=tonigth\n\nrun: b when=lunch");
  assert.deepEqual(receiptsOf(night), [
    "> **waiting** `id` · until nightlab.yaml has a window `tonigth`",
    "> **problem** no window is called `tonigth`; did you mean `tonight`?",
    "> **waiting** `id` · until nightlab.yaml has a window `lunch`",
    "> **problem** no window is called `lunch`; nightlab.yaml has `tonight`",
  ]);
  night.configure(`time-zone: ${BERLIN}\nwindows:\n  lunch: 17:00-18:00\n`);
  night.pass(MINUTE);
  assert.deepEqual(receiptsOf(night).slice(2), ["> **waiting** `id` · lunch from 17:00"]);
  night.pass(2 * HOUR);
  assert.deepEqual(startsOf(night), ["b 11-23 17:00"]);
});

test("what is edited while it waits waits for its new time", () => {
  const night = nightWith("run: a when=tonight");
  night.save(night.text().replace("when=tonight", "when=17:00"));
  night.pass(2 * HOUR);
  assert.deepEqual(startsOf(night), ["a 11-23 17:00"]);
});

test("a time of day of an edited command counts from the edit", () => {
  const night = nightWith("run: a when=23:00");
  night.pass(2 * HOUR);
  night.save(night.text().replace("when=23:00", "when=17:00"));
  night.pass(30 * HOUR);
  assert.deepEqual(startsOf(night), ["a 11-24 17:00"]);
});

test("a time that was just over when it was read is now, one of last year wants a go", () => {
  const night = nightWith("run: now when=16:00\n\nrun: old when=2025-11-23 18:00");
  assert.deepEqual(startsOf(night), ["now 11-23 16:00"]);
  assert.match(
    untraced(night.text()),
    /\*\*held\*\* `\w+` · 2025-11-23 18:00 was long over when this was/,
  );
  night.save(night.text().replace("- [ ] start", "- [x] start"));
  night.pass(MINUTE);
  assert.equal(night.starts.length, 2);
});

test("a long run says before the night that it lacks a de-risk, and then that it has one", () => {
  const night = nightWith('run: full when=tonight timeout=2h because="it fell"');
  assert.match(untraced(night.text()), /· tonight from 22:00, once a de-risking run has passed\n/);
  night.save(`${night.text()}\nrun: de-risk\n`);
  night.pass(2 * MINUTE);
  assert.match(untraced(night.text()), /· tonight from 22:00\n/);
  night.pass(7 * HOUR);
  assert.deepEqual(startsOf(night), ["de-risk 11-23 16:02", "full 11-23 22:00"]);
});

test("what waits for a run and for the night says both", () => {
  const night = nightWith("run: a timeout=2h !\n\nrun: b after=a when=tonight", {
    durationMs: () => HOUR,
  });
  assert.match(untraced(night.text()), /\*\*waiting\*\* `\w+` · after `\w+`, tonight from 22:00\n/);
  night.pass(HOUR);
  assert.match(untraced(night.text()), /\*\*waiting\*\* `\w+` · tonight from 22:00\n/);
});

test("a sweep's runs start in the night only, those left over in the next", () => {
  const night = nightWith("run: a when=17:00-17:30 timeout=1h seeds=3 !", {
    durationMs: () => 20 * MINUTE,
  });
  night.pass(30 * HOUR);
  assert.deepEqual(
    startsOf(night).map((start) => start.slice(-11)),
    ["11-23 17:00", "11-23 17:20", "11-24 17:00"],
  );
});
