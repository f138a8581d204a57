// What a window allows besides its time: hours of GPUs, and what happens to runs at its end. And the
// room that a disk must have.
import assert from "node:assert/strict";
import { test } from "node:test";
import { localStamp } from "../../src/base/time.ts";
import { Gpus } from "./gpus.ts";
import { startNight, type Night, type NightOptions } from "./night.ts";
import { untraced } from "../untraced.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const HEAD = "# A night\n\n## 2026-11-23\n\n";

const afternoon: NightOptions = {
  text: HEAD,
  durationMs: () => 10 * MINUTE,
  exitCode: () => 0,
  delayMs: () => 10,
  powerOnMs: Date.UTC(2026, 10, 23, 16),
  pollMs: 10 * MINUTE,
};

/** A lab whose window goes from 17:00 to 18:00. */
const nightWith = (
  text: string,
  window: string,
  options: Partial<NightOptions> = {},
  gpus = 2,
): Night => {
  const night = startNight({
    ...afternoon,
    gpus: new Gpus(gpus, { releaseMs: () => 0 }),
    settings: `windows:\n  hour: { start: 17:00, end: 18:00, ${window} }\n`,
    ...options,
  });
  night.save(`${HEAD}${text}\n`);
  night.pass(2 * MINUTE);
  return night;
};

const startsOf = (night: Night): readonly string[] => {
  const switchedOnMs = night.now() - night.machineMs();
  return night.starts.map(
    ({ name, atMs }) => `${name} ${localStamp(switchedOnMs + atMs, "UTC").slice(8, 16)}`,
  );
};
const linesOf = (names: string, rest: string): string =>
  names
    .split(" ")
    .map((name) => `run: ${name} when=hour ${rest}`)
    .join("\n\n");
const untilMs = (night: Night, stamp: string): number =>
  Date.parse(`2026-11-${stamp.replace(" ", "T")}:30Z`) - night.now();

test("GPU hours: what a run may take and what was used decide; the rest waits for the next time", () => {
  // Each may take half an hour and takes ten minutes; a little over one GPU hour an evening.
  const night = nightWith(linesOf("a b c d e f g h", "timeout=30m !"), "gpu-hours: 1.02");
  night.pass(untilMs(night, "23 17:59"));
  assert.deepEqual(startsOf(night), [
    "a 23 17:00",
    "b 23 17:00",
    // 20 min are used and 41 left: for one of half an hour, not for two.
    "c 23 17:10",
    "d 23 17:20",
  ]);
  night.pass(25 * HOUR);
  assert.deepEqual(startsOf(night).slice(4), [
    "e 24 17:00",
    "f 24 17:00",
    "g 24 17:10",
    "h 24 17:20",
  ]);
});

test("GPU hours: the receipt says what is left, or that all is used, and when it goes on", () => {
  const night = nightWith(linesOf("a b", "timeout=40m !"), "gpu-hours: 1", {}, 2);
  night.pass(untilMs(night, "23 17:01"));
  assert.match(
    untraced(night.text()),
    /run: b .*\n\n> \*\*waiting\*\* `\w+` · it may take 0\.67 GPU hours, and 0\.33 of the 1 of `hour` are left\n/,
  );
  night.pass(untilMs(night, "23 17:11"));
  assert.deepEqual(startsOf(night), ["a 23 17:00", "b 23 17:10"]);
});

test("GPU hours: a run that ended while the daemon was away has used what it held, and no more", () => {
  const night = nightWith(linesOf("a", "timeout=30m !"), "gpu-hours: 1", {
    durationMs: () => 5 * MINUTE,
  });
  night.pass(untilMs(night, "23 17:02"));
  night.crashAtEffect(0, 28 * MINUTE);
  night.save(`${night.text()}\n${linesOf("b", "timeout=40m !")}\n`);
  night.pass(untilMs(night, "23 17:35"));
  assert.deepEqual(startsOf(night), ["a 23 17:00", "b 23 17:30"]);
});

test("GPU hours: when all are used the next evening goes on", () => {
  const night = nightWith(linesOf("a b", "timeout=30m !"), "gpu-hours: 0.5", {
    durationMs: () => 30 * MINUTE,
  });
  night.pass(untilMs(night, "23 17:31"));
  assert.match(
    untraced(night.text()),
    /run: b .*\n\n> \*\*waiting\*\* `\w+` · the 0\.5 GPU hours of `hour` are used up; next from 2026-11-24 17:00\n/,
  );
  night.pass(24 * HOUR);
  assert.deepEqual(startsOf(night), ["a 23 17:00", "b 24 17:00"]);
});

test("GPU hours: what can never fit is held, and a go starts it all the same", () => {
  const night = nightWith("run: a when=hour gpus=2 timeout=50m !", "gpu-hours: 1");
  night.pass(untilMs(night, "23 17:01"));
  assert.match(
    untraced(night.text()),
    /\*\*held\*\* `\w+` · it may take 1\.7 GPU hours, over the 1 of `hour`; write a shorter/,
  );
  night.save(night.text().replace("- [ ] start", "- [x] start"));
  night.pass(MINUTE);
  assert.equal(night.starts.length, 1);
});

test("GPU hours: what runs without a window counts and does not wait; the CPU is free", () => {
  const night = nightWith(
    "run: day timeout=2h !\n\nrun: a when=hour timeout=25m !\n\nrun: cpu when=hour gpus=0 !",
    "gpu-hours: 1",
    { durationMs: (name) => (name === "day" ? 90 * MINUTE : 10 * MINUTE) },
  );
  night.pass(untilMs(night, "23 17:59"));
  // `day` may take the whole hour, and does so till half past.
  assert.deepEqual(startsOf(night), ["day 23 16:00", "cpu 23 17:00", "a 23 17:30"]);
});

test("at the end of a window its runs go on, or are stopped where it says so", () => {
  for (const [atEnd, ending] of [
    ["finish", /\*\*done\*\*/],
    ["stop", /\*\*stopped\*\* .* · `hour` was over at 18:00, as `at-end: stop` asks · /],
  ] as const) {
    const night = nightWith(
      "run: a when=hour timeout=2h !\n\nrun: b timeout=4h !",
      `at-end: ${atEnd}`,
      {
        durationMs: () => 90 * MINUTE,
      },
    );
    night.pass(5 * HOUR);
    const [a = "", b = ""] = night.text().split("run: b");
    assert.match(a, ending);
    assert.match(b, /\*\*done\*\*/, "what started without the window is left alone");
  }
});

test("a run is stopped at its window's end though the daemon dies or sleeps over it", () => {
  for (const sleeps of [true, false]) {
    const night = nightWith("run: a when=hour timeout=5h !", "at-end: stop", {
      durationMs: () => 4 * HOUR,
    });
    night.pass(untilMs(night, "23 17:10"));
    if (sleeps) night.setClock(HOUR);
    else {
      night.crashAtEffect(0, HOUR);
      night.save(`${night.text()}\nrun: z when=hour\n`);
    }
    night.pass(HOUR + 2 * MINUTE);
    assert.match(
      untraced(night.text()),
      /run: a .*\n\n> \*\*stopped\*\* .* · `hour` was over at 18:00/,
    );
  }
});

test("a window that is made longer while a run goes on lets it go on", () => {
  const night = nightWith("run: a when=hour timeout=5h !", "at-end: stop", {
    durationMs: () => 90 * MINUTE,
  });
  night.pass(untilMs(night, "23 17:50"));
  night.configure("windows: { hour: { start: 17:00, end: 19:00, at-end: stop } }\n");
  night.pass(HOUR);
  assert.match(untraced(night.text()), /run: a .*\n\n> \*\*done\*\*/);
});

test("nothing starts while the disk has less room than it must, and then by itself", () => {
  const night = startNight({ ...afternoon, settings: "disk-floor: 50GB\n" });
  night.machine.freeBytes = 49e9;
  night.save(`${HEAD}run: a\n\nrun: b\n`);
  night.pass(MINUTE);
  assert.equal(night.starts.length, 0);
  assert.match(
    untraced(night.text()),
    /run: a\n\n> \*\*waiting\*\* `\w+` · less than 50 GB are free on this disk, its `disk-floor`\n/,
  );
  const writes = night.writes();
  night.pass(10 * MINUTE);
  assert.equal(night.writes(), writes, "looking again is not worth a line");
  night.machine.freeBytes = 51e9;
  night.pass(MINUTE + SECOND);
  assert.deepEqual(
    night.starts.map(({ name }) => name),
    ["a"],
  );
});

test("a floor that is lowered lets what waited for it start at once", () => {
  const night = startNight({ ...afternoon, settings: "disk-floor: 50GB\n" });
  night.machine.freeBytes = 49e9;
  night.save(`${HEAD}run: a\n`);
  night.pass(MINUTE);
  assert.equal(night.starts.length, 0);
  night.configure("disk-floor: 40GB\n");
  night.pass(SECOND);
  assert.deepEqual(
    night.starts.map(({ name }) => name),
    ["a"],
  );
});
