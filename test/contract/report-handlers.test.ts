// When a report and the pictures of its experiment are made anew: the report whenever a log has
// grown, the pictures of runs that go on now and then, and at once where more has happened.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createReadingCache } from "../../src/effects/run-store/experiment-files.ts";
import type { Renderer } from "../../src/effects/render/render.ts";
import {
  reportHandlers,
  LOOKED_AT_START,
  type ReportHandlers,
  RENEW_RUN_MS,
} from "../../src/effects/daemon/report-handlers.ts";
import { experimentPath, labPath } from "../../src/base/ids.ts";
import type { Trouble } from "../../src/domain/trouble.ts";

const CASE = join(import.meta.dirname, "../golden/report/three-seeds");
const root = await mkdtemp(join(tmpdir(), "nightlab reports "));
after(() => rm(root, { recursive: true, force: true }));

const experiment = experimentPath(join(root, "exp"));
await cp(CASE, experiment, { recursive: true });

let drawn = 0;
const renderer: Renderer = {
  render() {
    drawn += 1;
    return Promise.resolve({ webp: new Uint8Array([drawn]) });
  },
  turn: () => Promise.resolve(() => undefined),
  close: () => Promise.resolve(),
};
let renewed = 0;
/** When each report was there: a busy machine lets a test see it late. */
const renewedAt: number[] = [];
let restMs = 0;
/** Happens before the hand has gone on from a report. */
let atRenewal = (): void => undefined;
const troubles: unknown[] = [];
let lastTold: readonly Trouble[] = [];
const hands: ReportHandlers = reportHandlers({
  labOf: () => labPath(root),
  renewed: () => {
    renewed += 1;
    renewedAt.push(performance.now());
    atRenewal();
  },
  cache: createReadingCache(),
  renderer,
  renewMs: () => restMs,
  warn: (message, facts) => troubles.push([message, facts]),
  troubles: {
    tell: (_place, _source, told) => (lastTold = told),
    close: () => Promise.resolve(),
  },
});
after(() => hands.close());

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!holds()) {
    assert.ok(performance.now() < deadline, `Waited 20 s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

let step = 900;
async function grow(): Promise<void> {
  const [run = ""] = await readdir(join(experiment, "runs"));
  step += 1;
  const line = `2025-02-02 14:30:09 | INFO | metric {"step": ${step}, "val/loss": 0.${step}}\n`;
  await appendFile(join(experiment, "runs", run, "logs", "train.log"), `\n${line}`);
}

test("logs that grow renew the report each time, the pictures only now and then", async () => {
  const before = renewed;
  hands.touch(experiment);
  await until("the first report", () => renewed === before + 1);
  const first = drawn;
  assert.ok(first > 0);
  for (let more = 2; more <= 4; more += 1) {
    await grow();
    hands.touch(experiment);
    await until("the report of a longer log", () => renewed === before + more);
  }
  assert.equal(drawn, first);
  assert.ok((await readFile(join(experiment, "REPORT.md"), "utf8")).includes(`0.${step}`));
  assert.deepEqual(troubles, []);
});

test("the more runs a report has, the longer it rests", async () => {
  const wide = experimentPath(join(root, "wide"));
  await cp(CASE, wide, { recursive: true });
  for (let n = 100; n < 300; n += 1) await mkdir(join(wide, `runs/2025-01-01T00-00-00-n${n}`));
  const before = renewed;
  restMs = 1;
  // One run more at once: news from while a report is made, too, wait for its rest.
  atRenewal = () => {
    atRenewal = () => undefined;
    mkdirSync(join(wide, "runs", "2025-01-02T00-00-00-more"));
    hands.touch(wide);
  };
  hands.touch(wide);
  await until("the report with one run more", () => renewed === before + 2);
  const [first = 0, second = 0] = renewedAt.slice(-2);
  assert.ok(second - first >= 200 * RENEW_RUN_MS);
  restMs = 0;
});

/** The hands of a daemon that comes later, and how often they made a report. */
function laterHands(): { readonly hands: ReportHandlers; readonly made: () => number } {
  let made = 0;
  const later = reportHandlers({
    labOf: () => labPath(root),
    renewed: () => void (made += 1),
    cache: createReadingCache(),
    renderer,
    renewMs: () => 0,
    warn: () => undefined,
    troubles: { tell: () => undefined, close: () => Promise.resolve() },
  });
  after(() => later.close());
  return { hands: later, made: () => made };
}

const readAtStart = (to: ReportHandlers, path: typeof experiment): void =>
  void to["renew-report"]({ kind: "renew-report", experiment: path }, () => undefined);

test("the next daemon makes no report again that is up to date", async () => {
  const kept = experimentPath(join(root, "kept"));
  const stale = experimentPath(join(root, "stale"));
  for (const path of [kept, stale]) await cp(CASE, path, { recursive: true });
  const first = laterHands();
  for (const path of [kept, stale]) readAtStart(first.hands, path);
  await until("both reports", () => first.made() === 2);
  await first.hands.close();
  const [run = ""] = await readdir(join(stale, "runs"));
  const log = join(stale, "runs", run, "logs", "train.log");
  await appendFile(log, '2025-02-02 14:30:09 | INFO | metric {"step": 9, "val/loss": 0.1}\n');
  const second = laterHands();
  for (const path of [kept, stale]) readAtStart(second.hands, path);
  await until("the report whose log has grown", () => second.made() > 0);
  await second.hands.close();
  assert.equal(second.made(), 1);
});

test("of many experiments the runs of the last ones are looked at a little later", async () => {
  const last = experimentPath(join(root, "last"));
  await cp(CASE, last, { recursive: true });
  const first = laterHands();
  readAtStart(first.hands, last);
  await until("the report", () => first.made() === 1);
  await first.hands.close();
  const [run = ""] = await readdir(join(last, "runs"));
  const log = join(last, "runs", run, "logs", "train.log");
  await appendFile(log, '2025-02-02 14:30:09 | INFO | metric {"step": 9, "val/loss": 0.1}\n');
  const second = laterHands();
  for (let i = 0; i < LOOKED_AT_START; i += 1) {
    readAtStart(second.hands, experimentPath(join(root, `none-${i}`)));
  }
  readAtStart(second.hands, last);
  await until("the report whose log has grown", () => second.made() === 1);
  assert.match(await readFile(join(last, "REPORT.md"), "utf8"), /0\.1/);
});

test("where a run has ended they are drawn at once", async () => {
  const [before, already] = [renewed, drawn];
  await grow();
  await hands["renew-report"]({ kind: "renew-report", experiment }, () => undefined);
  await until("the report", () => renewed === before + 1);
  assert.ok(drawn > already);
});

test("a report that cannot be written is a trouble, and none any more once it can", async () => {
  const page = join(experiment, "REPORT.md");
  const mine = await readFile(page, "utf8");
  const before = renewed;
  await writeFile(page, `<<<<<<< HEAD\n${mine}`);
  await grow();
  hands.touch(experiment);
  await until("it is told", () => lastTold.length > 0);
  assert.match(lastTold[0]?.where ?? "", /REPORT\.md$/);
  assert.match(lastTold[0]?.says ?? "", /conflict markers on line 1/);
  await writeFile(page, mine);
  hands.touch(experiment);
  await until("it is renewed", () => renewed >= before + 2 && lastTold.length === 0);
});
