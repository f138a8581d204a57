// Windows, conditions and the queue at rest with the real daemon, and with two of them.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { JOURNAL, openLab, trainScript, type TestLab } from "./lab.ts";

const HOUR = 3_600_000;
const QUICK = "settle: 1s\nquiet: 1s\ntime-zone: UTC\n";

/** Time of day in UTC, so many hours from now. */
const clock = (hours: number): string =>
  new Date(Date.now() + hours * HOUR).toISOString().slice(11, 16);
const settings = (from: number, to: number, rest = ""): string =>
  `${QUICK}windows:\n  shift: { start: "${clock(from)}", end: "${clock(to)}"${rest} }\n`;

/** Fails where its name says so, sleeps where its name says so, and logs a loss of 0.25. */
const TRAIN = trainScript(`
metric(step=1, **{"val/loss": 0.25})
if name.startswith("bad"):
    sys.exit(3)
if name.startswith("slow"):
    time.sleep(100)
`);

let it: TestLab;
let other: TestLab;
before(async () => {
  it = await openLab({ journal: JOURNAL, train: TRAIN, settings: settings(2, 3) });
  // The same machine: one ledger, and a daemon of its own.
  other = await openLab({
    name: "other",
    journal: JOURNAL,
    train: TRAIN,
    settings: QUICK,
    env: { NIGHTLAB_STATE_DIR: join(it.path, "..", "state") },
  });
  await it.start();
});
after(async () => {
  await it.close();
  await other.close();
});

const add = (lab: TestLab, text: string): Promise<void> =>
  lab.save(`${lab.journal().trimEnd()}\n\n${text}\n`);
const receipt = (lab: TestLab, command: string, wanted: RegExp): Promise<string> =>
  lab.until(
    `${command}: ${wanted.source}`,
    () => {
      const [, below = ""] = lab.journal().split(`${command}\n`);
      const line = /^\n(> .*)$/m.exec(below)?.[1] ?? "";
      return wanted.test(line) && line;
    },
    60_000,
  );

test("a command waits for its window over a restart, and starts when the window is there", async () => {
  await add(it, "run: a when=shift");
  await receipt(it, "run: a when=shift", /waiting.* · shift from \d\d:\d\d$/);
  const status = await it.nightlab("status");
  assert.match(status.stdout, /shift from \d\d:\d\d/);
  await it.stop("SIGKILL");
  await it.start();
  assert.equal(it.runs().length, 0);
  const file = join(it.path, "nightlab.yaml");
  const typo = settings(-1, 1).replace("end", "ned");
  for (const text of ["", settings(2, 3), typo]) {
    await writeFile(file, text);
    await pause(1_000);
  }
  const page = join(it.path, "LAB.md");
  const told = (): boolean =>
    existsSync(page) && /nightlab.yaml, line 5: /.test(readFileSync(page, "utf8"));
  await it.until("the mistake is told", told);
  assert.match((await it.nightlab("status")).stdout, /nightlab.yaml, line 5: /);
  assert.equal(it.runs().length, 0);
  await writeFile(file, settings(-1, 1));
  await receipt(it, "run: a when=shift", /done/);
  assert.equal(it.runs().length, 1);
});

test("a run is stopped when its window is over", async () => {
  const beganMs = Math.floor(Date.now() / 60_000) * 60_000;
  const start = new Date(beganMs).toISOString().slice(11, 16);
  const until = (seconds: number): Promise<void> => {
    const shift = `{ start: "${start}", length: ${seconds}s, at-end: stop }`;
    return writeFile(join(it.path, "nightlab.yaml"), `${QUICK}windows:\n  shift: ${shift}\n`);
  };
  await it.stop();
  await until(3_600);
  await it.start();
  await add(it, "run: slow when=shift");
  await receipt(it, "run: slow when=shift", /running/);
  // It is made shorter: over since a moment ago, when the run was under way.
  await until(Math.floor((Date.now() - beganMs) / 1_000));
  const line = await receipt(it, "run: slow when=shift", /stopped/);
  assert.match(line, / · `shift` was over at \d\d:\d\d, as `at-end: stop` asks · /);
});

test("`if` looks at what an earlier run has logged", async () => {
  await add(it, 'run: yes if="a.val/loss < 0.3"');
  await add(it, 'run: no if="a.val/loss < 0.2"');
  await receipt(it, 'run: no if="a.val/loss < 0.2"', /skipped.*is not so: 0\.25 is not < 0\.2$/);
  await receipt(it, 'run: yes if="a.val/loss < 0.3"', /done/);
});

test("a mistake in a window is told in LAB.md with the way to mend it", async () => {
  await writeFile(
    join(it.path, "nightlab.yaml"),
    `${QUICK}windows:\n  shift: { start: 0 25 * * *, length: 1h }\n`,
  );
  const page = join(it.path, "LAB.md");
  await it.until(
    "LAB.md says it",
    () => existsSync(page) && /25 is no hour/.test(readFileSync(page, "utf8")),
  );
  await writeFile(join(it.path, "nightlab.yaml"), QUICK);
  await it.until("it is mended", () => !/25 is no hour/.test(readFileSync(page, "utf8")));
});

test("nothing starts on a disk with less room than it must have", async () => {
  await it.stop();
  await writeFile(join(it.path, "nightlab.yaml"), `${QUICK}disk-floor: 900000TB\n`);
  await it.start();
  await add(it, "run: roomy");
  await receipt(it, "run: roomy", /waiting.* · less than .* are free on this disk/);
  await writeFile(join(it.path, "nightlab.yaml"), QUICK);
  await receipt(it, "run: roomy", /done/);
});

test("one pause is for all daemons of a machine, whoever says it, and so is the way on", async () => {
  await other.start();
  const paused = await it.nightlab("pause");
  assert.equal(paused.code, 0, paused.stderr);
  assert.match(paused.stdout, /Nothing new starts until `nightlab resume`/);
  await add(other, "run: b");
  await receipt(other, "run: b", /queued.* · the queue is paused$/);
  assert.match((await other.nightlab("status")).stdout, /queue paused/);
  assert.equal(other.runs().length, 0);
  await add(other, "queue: resume");
  await receipt(other, "run: b", /done/);
  await add(it, "run: c");
  await receipt(it, "run: c", /done/);
});

test("`nightlab drain` ends what runs, starts nothing, and `nightlab status` says when that is so", async () => {
  await add(it, "run: slow-2");
  await it.until("it runs", () => it.runs().some((name) => name.endsWith("-slow-2")));
  const drained = await it.nightlab("drain");
  assert.match(drained.stdout, /1 run of this lab is at work\. `nightlab status` says/);
  await it.until("it drains", () => /"queue"/.test(it.log()));
  await add(it, "run: d");
  await receipt(it, "run: d", /queued.* · the queue is drained$/);
  assert.match((await it.nightlab("status")).stdout, /queue drains: 1 run is still at work/);
  await it.nightlab("stop", "slow-2");
  await receipt(it, "run: slow-2", /stopped/);
  assert.match((await it.nightlab("status")).stdout, /queue drained: nothing runs any more/);
  await it.nightlab("resume");
  await receipt(it, "run: d", /done/);
});

test("runs that die young in a row pause the queue, and LAB.md and status say so", async () => {
  await add(it, "run: bad-1\n\nrun: bad-2\n\nrun: bad-3\n\nrun: good");
  await receipt(it, "run: good", /queued.* · the queue paused itself$/);
  const last = /run: bad-3\n\n> \*\*failed\*\*[^]*the queue paused itself after this/;
  await it.until("the last failure says it", () => last.test(it.journal()));
  assert.match(
    (await it.nightlab("status")).stdout,
    /the queue paused itself: 3 runs in a row failed within 10 s/,
  );
  const page = join(it.path, "LAB.md");
  await it.until("LAB.md says it", () => /paused itself/.test(readFileSync(page, "utf8")));
  await it.nightlab("resume");
  await receipt(it, "run: good", /done/);
  await it.until("LAB.md says it no more", () => !/paused itself/.test(readFileSync(page, "utf8")));
});
