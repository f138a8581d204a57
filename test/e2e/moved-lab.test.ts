// A lab's folder is renamed, copied or replaced, and its `.nightlab` removed, with and without a
// daemon that watches it and a run that goes on.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { trustForTest } from "../trust.ts";
import { copyTree } from "./copy-tree.ts";
import { JOURNAL, trainScript } from "./lab.ts";
import { openPlace, type WatchedPlace } from "./watched-place.ts";

const SLOW = trainScript(`
for step in range(60):
    metric(step=step, **{"val/loss": 1.0 / (1 + step)})
    time.sleep(0.1)
sys.exit(5)
`);
const QUICK = trainScript("pass");

const open: WatchedPlace[] = [];
after(async () => {
  for (const one of open) await one.close();
});

/** A place with one trusted lab `lab`, watched. */
async function watchedLab(train: string): Promise<{ place: WatchedPlace; lab: string }> {
  const place = openPlace();
  open.push(place);
  const lab = await place.makeLab("lab", JOURNAL, train);
  trustForTest(place.state, lab);
  await place.watch(lab);
  return { place, lab };
}

const journalOf = (lab: string): string => readFileSync(join(lab, "exp", "JOURNAL.md"), "utf8");
const runsIn = (lab: string): readonly string[] =>
  existsSync(join(lab, "exp", "runs")) ? readdirSync(join(lab, "exp", "runs")) : [];
const type = (lab: string, text: string): Promise<void> =>
  writeFile(join(lab, "exp", "JOURNAL.md"), text);
const idOf = (lab: string): string => readFileSync(join(lab, ".nightlab", "id"), "utf8");
const has = (lab: string, text: string) => (): boolean => journalOf(lab).includes(text);

test("a lab renamed while its daemon is down and a run goes: the run's end is told", async () => {
  const { place, lab } = await watchedLab(SLOW);
  await type(lab, `${JOURNAL}run: five\n`);
  await place.until("it runs", () => runsIn(lab).length > 0, 60_000);
  await place.stop("SIGKILL");
  const renamed = join(place.root, "renamed");
  await rename(lab, renamed);

  await place.watch(renamed);
  await place.until("its end is told", has(renamed, "> **failed** `"), 60_000);
  assert.match(journalOf(renamed), /exit code 5/);
  assert.equal(runsIn(renamed).length, 1);
  assert.ok(!existsSync(lab), "nothing is made at the old path");
  const status = await place.nightlab(renamed, "status", "--json");
  const { commands } = JSON.parse(status.stdout) as { commands: { state: string }[] };
  assert.deepEqual(
    commands.map(({ state }) => state),
    ["failed"],
  );
  // The next start finds the same, and a command that is typed there runs.
  await place.stop();
  await place.watch(renamed);
  await type(renamed, `${journalOf(renamed)}\nrun: six\n`);
  await place.until("the next one runs", () => runsIn(renamed).length === 2, 60_000);
});

test("a lab renamed under its daemon: told, nothing deleted, and taken up at the next start", async () => {
  const { place, lab } = await watchedLab(SLOW);
  await type(lab, `${JOURNAL}run: five\n`);
  await place.until("it runs", () => runsIn(lab).length > 0, 60_000);
  const renamed = join(place.root, "renamed");
  await rename(lab, renamed);
  await place.until("the log tells", () => place.log().includes(`was renamed to ${renamed}`));
  const status = await place.nightlab(renamed, "status");
  assert.match(status.stdout, new RegExp(`this lab was ${lab}: end the daemon`));
  await place.until("the run has ended", () => ended(renamed));

  await place.stop();
  await place.watch(renamed);
  await place.until("its end is told", has(renamed, "> **failed** `"), 60_000);
  assert.match(journalOf(renamed), /exit code 5/);
  assert.equal(runsIn(renamed).length, 1);
});

const ended = (lab: string): boolean => {
  const attempts = join(lab, ".nightlab", "attempts");
  return readdirSync(attempts).every((one) =>
    /^\d/.test(readFileSync(join(attempts, one, "exit"), "utf8")),
  );
};

test("a copy of a lab is a lab of its own, which is not trusted and knows nothing", async () => {
  const { place, lab } = await watchedLab(QUICK);
  await type(lab, `${JOURNAL}run: one\n`);
  await place.until("it has run", has(lab, "> **done** `"), 60_000);
  const copy = join(place.root, "copy");
  // While the daemon still watches the file that its last write replaced.
  copyTree(lab, copy);
  await place.stop();
  assert.equal(idOf(copy), idOf(lab));
  await writeFile(join(copy, "exp", "JOURNAL.md"), `${journalOf(copy)}\nA line of mine.\n`);

  await place.watch(copy);
  assert.notEqual(idOf(copy), idOf(lab));
  const { stdout } = await place.nightlab(copy, "status");
  assert.match(stdout, new RegExp(`is a copy of ${lab}: .*nightlab trust`));
  await place.until("the page tells", () => existsSync(join(copy, "LAB.md")));
  assert.match(readFileSync(join(copy, "LAB.md"), "utf8"), /is a copy of/);
  assert.match(journalOf(copy), /A line of mine\./);
  await place.stop();
  await place.watch(lab);
  assert.doesNotMatch((await place.nightlab(lab, "status")).stdout, /copy|moved/);
});

test("a lab whose folder is another one is asked about once, and starts nothing until then", async () => {
  const { place, lab } = await watchedLab(QUICK);
  await type(lab, `${JOURNAL}run: one\n`);
  await place.until("it has run", has(lab, "> **done** `"), 60_000);
  await place.stop();
  const elsewhere = join(place.root, "elsewhere");
  copyTree(lab, elsewhere);
  await rm(lab, { recursive: true });

  await place.watch(elsewhere);
  assert.match((await place.nightlab(elsewhere, "status")).stdout, /moved or copied\?/);
  await type(elsewhere, `${journalOf(elsewhere)}\nrun: two\n`);
  await place.until("it waits", has(elsewhere, "until you say whether this lab was moved"));
  assert.equal(runsIn(elsewhere).length, 1);
  const plain = await place.nightlab(elsewhere, "trust");
  assert.equal(plain.code, 2);
  assert.match(plain.stderr, /--moved.*--copied/s);
  const refused = await place.nightlab(elsewhere, "trust", "--copied");
  assert.match(refused.stderr, /End the daemon/);

  assert.equal((await place.nightlab(elsewhere, "trust", "--moved")).code, 0);
  await place.until("it runs", () => runsIn(elsewhere).length === 2, 60_000);
  assert.doesNotMatch((await place.nightlab(elsewhere, "status")).stdout, /moved/);
  assert.equal((await place.nightlab(elsewhere, "trust", "--moved")).code, 2);
});

test("what lies at a lab's path and is another folder may be a lab of its own", async () => {
  const { place, lab } = await watchedLab(QUICK);
  await type(lab, `${JOURNAL}run: one\n`);
  await place.until("it has run", has(lab, "> **done** `"), 60_000);
  await place.stop();
  await rm(lab, { recursive: true });
  await place.makeLab("lab", JOURNAL, QUICK);
  await place.watch(lab);
  await place.until("the log asks", () => place.log().includes("moved or copied?"));
  await place.stop();
  assert.equal((await place.nightlab(lab, "trust", "--copied")).code, 0);

  const { stdout } = await place.nightlab(lab, "status", "--json");
  assert.deepEqual((JSON.parse(stdout) as { commands: unknown[] }).commands, []);
  await place.watch(lab);
  await type(lab, `${JOURNAL}run: two\n`);
  await place.until("it runs", has(lab, "> **done** `"), 60_000);
  assert.equal(runsIn(lab).length, 1);
});

test("`.nightlab` removed under a daemon: it goes on, says so, and the run is told as lost", async () => {
  const { place, lab } = await watchedLab(SLOW);
  await type(lab, `${JOURNAL}run: five\n`);
  await place.until("it runs", () => runsIn(lab).length > 0, 60_000);
  await rm(join(lab, ".nightlab"), { recursive: true });
  await place.until("the log tells", () => place.log().includes("`.nightlab` was removed"));
  await place.until("its end is told", has(lab, "> **lost** `"), 60_000);
  await type(lab, `${journalOf(lab)}\nA line of mine.\n\nrun: again\n`);
  await place.until("the next one runs", () => runsIn(lab).length === 2, 60_000);
  await place.until("and is told", has(lab, "> **failed** `"), 60_000);
  assert.ok(place.isWatching());
  assert.match(readFileSync(join(lab, "LAB.md"), "utf8"), /`\.nightlab` was removed/);
  assert.ok(existsSync(join(lab, ".nightlab", "id")));
});
