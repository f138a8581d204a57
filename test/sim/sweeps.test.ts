// Sweeps and second tries in simulated nights: what starts, how often, and what the journal says.
import assert from "node:assert/strict";
import { test } from "node:test";
import { commandId } from "../../src/base/ids.ts";
import type { Command } from "../../src/domain/world.ts";
import { startNight, type Night, type NightOptions } from "./night.ts";
import { untraced } from "../untraced.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Of lives with crashes. */
const ROUNDS = Number(process.env["NIGHTLAB_SWEEP_LIVES"] ?? 15);
const HEAD = "# A night\n\n## 2025-02-02\n\n";

const calm: NightOptions = {
  text: HEAD,
  durationMs: () => 20_000,
  exitCode: () => 0,
  delayMs: () => 10,
};

const fence = (...lines: readonly string[]): string =>
  `${HEAD}\`\`\`yaml\n${lines.join("\n")}\n\`\`\`\n`;
const GRID = fence("run: lr-sweep", "sweep: { lr: [1e-4, 3e-4], seed: [0, 1] }", "go: true");

const names = (night: Night): readonly string[] => night.starts.map(({ name }) => name);
const lineOf = (night: Night, has: string): string =>
  night
    .text()
    .split("\n")
    .find((line) => line.includes(has)) ?? night.text();

function head(night: Night): Command {
  const found = [...night.world().commands.values()].find(({ spec }) => spec.sweep !== undefined);
  assert.ok(found !== undefined, night.text());
  return found;
}

test("each run of a sweep starts once, in the order of its grid, and its table tells of each", () => {
  const night = startNight({
    ...calm,
    text: GRID,
    metrics: (name) => ({ loss: name.includes("1e-4") ? "0.30" : "0.2" }),
  });
  night.pass(10 * MINUTE);
  assert.deepEqual(
    night.starts.map(({ attempt, args }) => `${attempt} ${args.join(" ")}`),
    [
      "lr-sweep-lr-1e-4-seed-0 --lr 1e-4 --seed 0",
      "lr-sweep-lr-1e-4-seed-1 --lr 1e-4 --seed 1",
      "lr-sweep-lr-3e-4-seed-0 --lr 3e-4 --seed 0",
      "lr-sweep-lr-3e-4-seed-1 --lr 3e-4 --seed 1",
    ].map((args, i) => `${head(night).id}.${i + 1}-1 ${args}`),
  );
  assert.equal(head(night).state, "done");
  const { id } = head(night);
  assert.match(
    lineOf(night, "**done**"),
    /^> \*\*done\*\* `\w+` · 2025-02-02 22:00:\d\d, 1 min 2\d s · 4 runs$/,
  );
  assert.match(
    untraced(night.text()),
    new RegExp(
      [
        "> \\| run {6}\\| lr {3}\\| seed \\| state \\| time \\| loss \\|",
        "> \\| -+ \\| ---- \\| ---- \\| ----- \\| ---- \\| ---- \\|",
        `> \\| \`${id}.1\` \\| 1e-4 \\| 0 {4}\\| done {2}\\| 19 s \\| 0.30 \\|`,
      ].join("\n"),
    ),
  );
  const writes = night.writes();
  night.pass(HOUR);
  assert.equal(night.writes(), writes, "at rest nothing is written");
});

test("one run that fails stops no other, and what comes after the sweep is held", () => {
  const night = startNight({
    ...calm,
    text: `${GRID}\nrun: eval-all after=lr-sweep\n\nrun: clean-up after="lr-sweep (any)"\n`,
    exitCode: (name) => (name.endsWith("1e-4-seed-1") ? 1 : 0),
  });
  night.pass(30 * MINUTE);
  assert.deepEqual(names(night).length, 5, names(night).join());
  assert.equal(names(night)[4], "clean-up");
  assert.equal(head(night).state, "failed");
  assert.match(untraced(night.text()), /\*\*failed\*\* `\w+` · [^\n]* · 3 of 4 done, 1 failed\n/);
  assert.match(
    untraced(night.text()),
    new RegExp(`> - \`${head(night).id}\\.2\` failed: exit code 1\n`),
  );
  assert.match(lineOf(night, "**held**"), /`\w+` \(lr-sweep\) ended as failed/);
});

test("a long sweep is asked about once, with all its hours, and its tick lets all of it go", () => {
  const night = startNight({ ...calm, text: fence("run: full", "timeout: 90m", "seeds: 3") });
  night.pass(5 * MINUTE);
  assert.deepEqual(names(night), []);
  assert.match(
    lineOf(night, "[ ] start"),
    /^> - \[ \] start \(3 runs, up to 1 h 30 min each and 4 h 30 min together\)$/,
  );
  night.save(night.text().replace("[ ] start", "[x] start"));
  night.pass(10 * MINUTE);
  assert.deepEqual(names(night), ["full-seed-0", "full-seed-1", "full-seed-2"]);
  assert.equal(head(night).state, "done");
});

test("short runs that take hours together are asked about too", () => {
  const night = startNight({ ...calm, text: fence("run: many", "seeds: 61") });
  night.pass(5 * MINUTE);
  assert.deepEqual(names(night), []);
  assert.match(
    untraced(night.text()),
    /\*\*held\*\* `\w+` · a sweep over 2 h needs a `because`, or your go\n/,
  );
  const few = startNight({ ...calm, text: fence("run: many", "seeds: 60") });
  few.pass(5 * MINUTE);
  assert.ok(names(few).length > 3);
});

test("a sweep with its reason waits for the de-risk and then needs no further go", () => {
  const night = startNight({
    ...calm,
    text: `${HEAD}run: de-risk\n\n\`\`\`yaml\nrun: full\ntimeout: 2h\nbecause: it fell\nseeds: 2\n\`\`\`\n`,
  });
  night.pass(20 * MINUTE);
  assert.deepEqual(names(night), ["de-risk", "full-seed-0", "full-seed-1"]);
});

test("a queue that paused itself over a sweep's failures leaves the rest of it queued", () => {
  const night = startNight({
    ...calm,
    text: fence("run: bad", "seeds: 9", "go: true"),
    durationMs: () => 500,
    exitCode: () => 1,
  });
  night.pass(10 * MINUTE);
  assert.equal(night.starts.length, 3);
  assert.match(
    untraced(night.text()),
    /\*\*queued\*\* `\w+` · since 22:00 · 3 of 9 failed, 6 queued\n/,
  );
  night.save(`${night.text()}\nqueue: resume\n`);
  night.pass(10 * MINUTE);
  assert.ok(night.starts.length > 3);
});

test("stopping a sweep stops all of it, stopping a member that one", () => {
  const stopped = startNight({ ...calm, text: GRID });
  stopped.pass(30_000);
  stopped.save(`${stopped.text()}\nstop: lr-sweep\n`);
  stopped.pass(5 * MINUTE);
  assert.equal(names(stopped).length, 2);
  assert.equal(head(stopped).state, "stopped");
  assert.match(
    stopped.text(),
    /\*\*stopped\*\* `\w+` · [^\n]* · 1 of 4 done, 1 stopped, 2 cancelled\n/,
  );

  const one = startNight({ ...calm, text: GRID });
  one.pass(10_000);
  one.save(`${one.text()}\nstop: ${head(one).id}.3\n`);
  one.pass(5 * MINUTE);
  assert.deepEqual(
    names(one).map((name) => name.slice(9)),
    ["lr-1e-4-seed-0", "lr-1e-4-seed-1", "lr-3e-4-seed-1"],
  );
  assert.match(one.text(), /3 of 4 done, 1 cancelled/);
});

test("a sweep whose block is deleted starts no more runs, and an undo asks before it goes on", () => {
  const night = startNight({ ...calm, text: GRID });
  night.pass(30_000);
  const before = night.text();
  night.save(HEAD);
  night.pass(5 * MINUTE);
  assert.equal(names(night).length, 2, "what ran goes on, what waited does not");
  night.save(before);
  night.pass(5 * MINUTE);
  assert.equal(names(night).length, 2);
  assert.match(
    untraced(night.text()),
    /\*\*held\*\* `\w+` · [^\n]*its block was deleted and came back\n/,
  );
  assert.match(
    untraced(night.text()),
    /- \[ \] start \(2 runs, up to 2 min each and 4 min together; lr-sweep-\S+ took 19 s\)/,
  );
  night.save(night.text().replace("[ ] start", "[x] start"));
  night.pass(5 * MINUTE);
  assert.equal(names(night).length, 4);
  assert.equal(new Set(names(night)).size, 4);
});

test("a sweep that was copied with its receipt starts nothing, one without is a new sweep", () => {
  const night = startNight({ ...calm, text: GRID });
  night.pass(10 * MINUTE);
  night.save(night.text() + night.text().slice(HEAD.length));
  night.pass(10 * MINUTE);
  assert.equal(names(night).length, 4);
  assert.match(
    untraced(night.text()),
    /\*\*held\*\* `\w+` · it was copied together with its receipt\n/,
  );
  night.save(`${night.text()}\n${GRID.slice(HEAD.length)}`);
  night.pass(10 * MINUTE);
  assert.equal(names(night).length, 8);
});

test("an edit before the start changes the grid, an edit after it only says what ran", () => {
  const night = startNight({ ...calm, text: `${HEAD}run: first\n` });
  night.pass(15_000);
  const sweep = GRID.slice(HEAD.length).replace("go: true", "after: first");
  night.save(`${night.text()}\n${sweep}`);
  night.pass(1_000);
  night.save(night.text().replace("seed: [0, 1]", "seed: [7]"));
  night.pass(10 * MINUTE);
  assert.deepEqual(names(night).slice(1), ["lr-sweep-lr-1e-4-seed-7", "lr-sweep-lr-3e-4-seed-7"]);
  night.save(night.text().replace("seed: [7]", "seed: [7, 8]"));
  night.pass(10 * MINUTE);
  assert.equal(names(night).length, 3);
  assert.match(
    untraced(night.text()),
    /ran as: `run: lr-sweep; sweep: \{ lr: \[1e-4, 3e-4\], seed: \[7\] \}/,
  );
});

test("a longer limit reaches what runs of a sweep and what is still to run", () => {
  const night = startNight({ ...calm, text: GRID });
  night.pass(10_000);
  night.save(night.text().replace("go: true", "go: true\ntimeout: 1h"));
  night.pass(30_000);
  const limits = (head(night).members ?? []).map(
    (id) => night.world().commands.get(id)?.run?.limitMs,
  );
  assert.deepEqual(limits.slice(0, 2), [HOUR, HOUR]);
});

test("however often the daemon dies, each member of a sweep starts once", () => {
  for (let n = 0; n < ROUNDS; n += 1) {
    const night = startNight({ ...calm, text: GRID });
    for (let round = 0; round < 5; round += 1) {
      night.crashAtEffect((n * 7 + round * 3) % 11, 5_000 + n * 137);
      night.pass(25_000 + n * 331);
    }
    night.crashAtEffect(Number.POSITIVE_INFINITY, 0);
    night.pass(20 * MINUTE);
    const attempts = night.starts.map(({ attempt }) => attempt);
    assert.equal(new Set(attempts).size, attempts.length, `round ${n}: ${attempts.join()}`);
    assert.equal(attempts.length, 4, `round ${n}: ${attempts.join()}`);
    assert.equal(head(night).state, "done", `round ${n}\n${night.text()}`);
    assert.match(untraced(night.text()), /\*\*done\*\* `\w+` · [^\n]* · 4 runs\n/, `round ${n}`);
  }
});

test("two hundred short runs rewrite the journal a few times only", () => {
  const night = startNight({
    ...calm,
    text: fence("run: noop", "seeds: 200", "go: true"),
    durationMs: () => 20,
    delayMs: () => 1,
  });
  night.pass(30 * MINUTE);
  assert.equal(names(night).length, 200);
  assert.equal(head(night).state, "done");
  assert.ok(night.writes() <= 12, `${night.writes()} writes`);
  assert.match(
    untraced(night.text()),
    /176 more are not shown: 176 done; `nightlab status \w+` has them all\./,
  );
  assert.equal(untraced(night.text()).split("\n").length < 50, true);
});

const OOM: NightOptions = {
  ...calm,
  exitCode: (name) => (name === "full" ? 1 : 0),
  cause: ({ attempt }) => (attempt.endsWith("-3") ? undefined : { kind: "gpu-out-of-memory" }),
};

test("a run that filled the GPU is tried again after a while, as often as is written", () => {
  const night = startNight({ ...OOM, text: `${HEAD}run: full retry=2\n\nrun: other\n` });
  night.pass(45_000);
  assert.match(
    untraced(night.text()),
    /\*\*waiting\*\* `\w+` · the GPU ran out of memory; try 2 of 3 in 1 min\n/,
  );
  night.pass(20 * MINUTE);
  const id = commandId(night.starts[0]?.command ?? "");
  assert.deepEqual(
    night.starts.map(({ attempt, name }) => (name === "full" ? attempt : name)),
    [`${id}-1`, "other", `${id}-2`, `${id}-3`],
  );
  const gaps = night.starts.map(({ atMs }) => Math.round(atMs / MINUTE));
  assert.ok((gaps[3] ?? 0) - (gaps[2] ?? 0) >= 5, gaps.join());
  assert.equal(night.world().commands.get(id)?.state, "failed");
  assert.match(untraced(night.text()), /\*\*failed\*\* `\w+` · [^\n]*, 19 s · exit code 1/);
  assert.match(
    untraced(night.text()),
    /> - 22:00:\d\d try 1, 19 s: the GPU ran out of memory \(\[run\]\(runs\/2025-full\)\)\n> - 22:01:\d\d try 2/,
  );
});

test("what is written to change changes with each try, and is said", () => {
  const night = startNight({
    ...OOM,
    text: fence(
      "run: full --batch-size 64",
      "retry: { on: oom, times: 2, delay: 10s, set: { batch-size: /2 } }",
    ),
  });
  night.pass(10 * MINUTE);
  assert.deepEqual(
    night.starts.map(({ args }) => args.join(" ")),
    ["full --batch-size 64", "full --batch-size 32", "full --batch-size 16"],
  );
  assert.match(
    untraced(night.text()),
    /try 1, 19 s: the GPU ran out of memory \(\S+\); then `--batch-size 32` instead of `64`\n/,
  );
});

/** What is found of a run that goes on, when the daemon looks for it. */
function lose(night: Night, why: "machine-restarted" | "lost"): void {
  const running = [...night.world().commands.values()].find(({ state }) => state === "running");
  const attempt = running?.run?.attempt;
  assert.ok(attempt !== undefined, night.text());
  night.post({ kind: "attempt-lost", attempt, why });
}

test("what a restart of the machine ended is tried again at once, what is lost otherwise never", () => {
  const asked = startNight({ ...calm, text: `${HEAD}run: full retry=1\n` });
  asked.pass(15_000);
  lose(asked, "machine-restarted");
  asked.pass(10 * MINUTE);
  assert.deepEqual(
    asked.starts.map(({ attempt }) => attempt.slice(-2)),
    ["-1", "-2"],
  );
  assert.match(asked.text(), /\*\*done\*\*[\s\S]*try 1: the machine restarted while it ran/);

  for (const [text, why] of [
    ["run: full retry=1\n", "lost"],
    ["run: full\n", "machine-restarted"],
    ["```yaml\nrun: full\nretry: { on: oom }\ngo: true\n```\n", "machine-restarted"],
  ] as const) {
    const other = startNight({ ...calm, text: HEAD + text });
    other.pass(15_000);
    lose(other, why);
    other.pass(HOUR);
    assert.equal(other.starts.length, 1, text);
    assert.match(other.text(), /\*\*lost\*\*/, text);
  }
});

test("a stop that comes between the end of a try and its reading leaves no next one", () => {
  const night = startNight({ ...OOM, delayMs: () => 4_000, text: `${HEAD}run: full retry=2 !\n` });
  night.pass(20_000);
  const running = [...night.world().commands.values()][0];
  for (
    let i = 0;
    i < 400 && night.world().commands.get(running?.id ?? commandId(""))?.run?.exited !== true;
    i += 1
  ) {
    night.pass(100);
  }
  assert.equal(night.world().commands.get(running?.id ?? commandId(""))?.run?.outcome, undefined);
  night.post({ kind: "stop-asked", id: running?.id ?? commandId("") });
  night.pass(HOUR);
  assert.equal(night.starts.length, 1);
});

test("nothing is tried again that nobody asked for, or for the code's own faults", () => {
  for (const text of ["run: full\n", "```yaml\nrun: full\nretry: { on: restart }\n```\n"]) {
    const night = startNight({ ...OOM, text: HEAD + text });
    night.pass(HOUR);
    assert.equal(night.starts.length, 1, text);
  }
  const own = startNight({ ...OOM, cause: () => undefined, text: `${HEAD}run: full retry=2\n` });
  own.pass(HOUR);
  assert.equal(own.starts.length, 1);
});

/** A night in which the journal changes while a second try is waited for. */
const deed = (change: (text: string) => string): Night => {
  const night = startNight({ ...OOM, text: `${HEAD}run: full retry=2\n` });
  night.pass(45_000);
  night.save(change(night.text()));
  night.pass(HOUR);
  return night;
};

test("a try that waits can be stopped, deleted and edited like what has run", () => {
  const stopped = deed((text) => `${text}\nstop: full\n`);
  assert.equal(stopped.starts.length, 1);
  assert.match(stopped.text(), /\*\*cancelled\*\* `\w+` · stopped in the journal\n/);
  assert.equal(deed(() => HEAD).starts.length, 1);
  const edited = deed((text) => text.replace("retry=2", "--lr 1 retry=2"));
  assert.deepEqual(
    edited.starts.map(({ args }) => args.join(" ")),
    ["full", "full", "full"],
  );
  assert.match(edited.text(), /ran as: `run: full retry=2`/);
});

test("however often the daemon dies, each try happens once", () => {
  for (let n = 0; n < ROUNDS; n += 1) {
    const night = startNight({ ...OOM, text: `${HEAD}run: full retry=2\n` });
    for (let round = 0; round < 6; round += 1) {
      night.crashAtEffect((n * 5 + round) % 9, 1_000 + n * 97);
      night.pass(40_000 + n * 433);
    }
    night.crashAtEffect(Number.POSITIVE_INFINITY, 0);
    night.pass(30 * MINUTE);
    const attempts = night.starts.map(({ attempt }) => attempt.slice(-2));
    assert.deepEqual(attempts, ["-1", "-2", "-3"], `round ${n}`);
  }
});

test("a member of a sweep is tried again while the others go on", () => {
  const night = startNight({
    ...calm,
    text: fence("run: full", "seeds: 3", "retry: { on: oom, delay: 1m }", "go: true"),
    exitCode: (name) => (name === "full-seed-1" ? 1 : 0),
    cause: () => ({ kind: "gpu-out-of-memory" }),
  });
  night.pass(30 * MINUTE);
  assert.deepEqual(
    night.starts.map(({ attempt }) => attempt.slice(attempt.indexOf("."))),
    [".1-1", ".2-1", ".3-1", ".2-2"],
  );
  assert.equal(head(night).state, "failed");
  assert.match(untraced(night.text()), /\| failed, try 2 \|/);
});
