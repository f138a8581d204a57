// Which lab a folder is, on a real disk: renamed, copied, replaced, emptied; and what a release
// before this one left in it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { labPath, type LabPath } from "../../src/base/ids.ts";
import { answerCopied, answerMoved } from "../../src/effects/state/answer-moved.ts";
import { changeTrust, recognizeLab } from "../../src/effects/state/lab-identity.ts";
import { trustIn } from "../../src/effects/state/lab-records.ts";
import { openLedger, type Ledger } from "../../src/effects/state/ledger.ts";
import { isLocalExperiment } from "../../src/effects/state/local-experiments.ts";
import { takeUpLab, type TakenUp } from "../../src/effects/state/take-up-lab.ts";
import {
  keptFolder,
  intentFolder,
  intentsOfBefore,
} from "../../src/effects/journal-store/journal-paths.ts";
import {
  isOwnIntent,
  newIntentId,
  readIntents,
  saveIntent,
  type WriteIntent,
} from "../../src/effects/journal-store/write-intents.ts";

let root: string;
let state: string;
let ledger: Ledger;
let knows: Ledger["knows"];
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "nightlab identity 'x' ")));
  state = join(root, "state");
  ledger = openLedger(state);
  knows = (lab) => ledger.knows(lab);
});
afterEach(() => {
  ledger.close();
  rmSync(root, { recursive: true, force: true });
});

function folder(name: string): LabPath {
  const lab = join(root, name);
  mkdirSync(join(lab, "exp"), { recursive: true });
  return labPath(lab);
}
const takeUp = (lab: LabPath): Promise<TakenUp> => takeUpLab(state, lab, ledger);
const idIn = (lab: string): string => readFileSync(join(lab, ".nightlab", "id"), "utf8").trim();
const known = (lab: LabPath): void => {
  const night = { startMs: 0, endMs: 1 };
  ledger.append([
    { lab, fact: { kind: "night-told", lab, atMs: 1, night, asOfMs: 1, atWork: [] } },
  ]);
};
const isIn = (lab: LabPath): boolean =>
  ledger.read([lab]).some(({ kind }) => kind === "night-told");
const copyTree = (from: string, to: string): void => void execFileSync("cp", ["-a", from, to]);

test("a new lab is not trusted, and holds what git brings", async () => {
  const { record } = await takeUp(folder("a"));
  assert.deepEqual(trustIn(record), { trusted: false, arrivals: "hold" });
  assert.equal(idIn(record.path), record.id);
});

test("a folder is the lab under whatever name, and its history goes along", async () => {
  const before = await takeUp(folder("a"));
  known(before.record.path);
  const b = labPath(join(root, "b"));
  renameSync(before.record.path, b);
  const { record, from } = await takeUp(b);
  assert.deepEqual([record.id, record.path, from], [before.record.id, b, before.record.path]);
  assert.ok(isIn(b) && !isIn(before.record.path));
  assert.equal((await takeUp(b)).from, undefined, "once");
});

test("a lab without its `.nightlab` is still the lab", async () => {
  const { record } = await takeUp(folder("a"));
  rmSync(join(record.path, ".nightlab"), { recursive: true });
  const again = await takeUp(record.path);
  assert.equal(again.record.id, record.id);
  assert.equal(idIn(record.path), record.id);
});

test("a copy gets an id and nothing else, not even trust", async () => {
  const { record } = await takeUp(folder("a"));
  changeTrust(state, record.path, knows, { trusted: true });
  known(record.path);
  const b = labPath(join(root, "b"));
  copyTree(record.path, b);
  const copy = await takeUp(b);
  assert.notEqual(copy.record.id, record.id);
  assert.equal(idIn(b), copy.record.id);
  assert.deepEqual([copy.record.trusted, copy.record.copyOf], [false, record.path]);
  assert.ok(!isIn(b) && isIn(record.path));
  assert.equal((await takeUp(record.path)).record.id, record.id);
});

test("another folder with its id is asked about; as the lab it keeps all, as a copy nothing", async () => {
  for (const answer of ["moved", "copied"]) {
    const { record } = await takeUp(folder(answer));
    changeTrust(state, record.path, knows, { trusted: true });
    known(record.path);
    const b = labPath(join(root, `${answer} elsewhere`));
    copyTree(record.path, b);
    rmSync(record.path, { recursive: true });
    const asked = await takeUp(b);
    assert.equal(recognizeLab(state, b).kind, "asked");
    assert.equal(asked.record.id, record.id);
    assert.ok(isIn(b), "until the answer its runs are not lost sight of");
    assert.equal((await takeUp(b)).from, undefined);
    if (answer === "moved") await answerMoved(state, b, ledger, false);
    else answerCopied(state, b, ledger);
    const after = recognizeLab(state, b);
    assert.equal(after.kind, "lab");
    assert.ok("record" in after);
    assert.equal(after.record.id === record.id, answer === "moved");
    assert.equal(isIn(b), answer === "moved");
    assert.equal(isIn(record.path), answer === "copied");
    assert.equal(idIn(b), after.record.id);
  }
});

test("another folder at its path is asked about too, and as a copy begins anew", async () => {
  const { record } = await takeUp(folder("a"));
  known(record.path);
  renameSync(record.path, join(root, "away"));
  rmSync(join(root, "away"), { recursive: true });
  await takeUp(folder("a"));
  assert.equal(recognizeLab(state, record.path).kind, "asked");
  answerCopied(state, record.path, ledger);
  assert.equal(recognizeLab(state, record.path).kind, "lab");
  assert.ok(!isIn(record.path));
});

test("the old folder comes back, as on a disk that was not mounted: the other is a copy", async () => {
  const { record } = await takeUp(folder("a"));
  known(record.path);
  const b = labPath(join(root, "b"));
  copyTree(record.path, b);
  renameSync(record.path, join(root, "unmounted"));
  await takeUp(b);
  assert.ok(isIn(b));
  renameSync(join(root, "unmounted"), record.path);
  assert.equal((await takeUp(record.path)).record.id, record.id);
  assert.ok(isIn(record.path) && !isIn(b));
  const copy = await takeUp(b);
  assert.equal(copy.record.copyOf, record.path);
});

test("an id that is no plain file with an id counts as none", async () => {
  const { record } = await takeUp(folder("a"));
  for (const [i, bad] of ["../../x", "", record.id.toUpperCase(), `${record.id}0`].entries()) {
    const lab = folder(`bad ${i}`);
    mkdirSync(join(lab, ".nightlab"));
    writeFileSync(join(lab, ".nightlab", "id"), bad);
    const { record: made } = await takeUp(lab);
    assert.match(made.id, /^[0-9a-f]{32}$/);
    assert.notEqual(made.id, record.id);
  }
  const linked = folder("linked");
  mkdirSync(join(linked, ".nightlab"));
  const secret = join(root, "secret");
  writeFileSync(secret, record.id);
  symlinkSync(secret, join(linked, ".nightlab", "id"));
  const { record: made } = await takeUp(linked);
  assert.notEqual(made.id, record.id);
  assert.equal(readFileSync(secret, "utf8"), record.id);
});

/** What an earlier release left in a lab: marks of origin, and an interrupted write. */
async function leaveBefore(lab: LabPath, changes: Partial<WriteIntent> = {}): Promise<void> {
  const marks = join(lab, ".nightlab", "made-here");
  mkdirSync(marks, { recursive: true });
  // SHA-256 of "exp".
  writeFileSync(join(marks, MARK_OF_EXP), "exp\n");
  writeFileSync(join(marks, "..x"), "");
  await saveIntent(intentsOfBefore(lab), { ...intentIn(lab), ...changes });
}

const MARK_OF_EXP = "dd7a946de80abf41797036335be60bf2";

function intentIn(lab: string, id = newIntentId()): WriteIntent {
  const path = join(lab, "exp", "JOURNAL.md");
  const keptDir = keptFolder(lab, dirname(path));
  mkdirSync(keptDir, { recursive: true });
  const beside = join(dirname(path), `.JOURNAL.md.nightlab-${id}`);
  return {
    id,
    phase: "draft",
    path,
    target: path,
    temp: `${beside}.new`,
    aside: `${beside}.old`,
    parked: join(keptDir, `displaced-${id}`),
    keptDir,
    basedOnHash: "a",
    newHash: "b",
    toldHashes: [],
  };
}

test("a lab of today's ledger goes on as it was; what lies in one that it has not, has no say", async () => {
  const [mine, foreign] = [folder("mine"), folder("foreign")];
  await leaveBefore(mine);
  await leaveBefore(foreign);
  known(mine);
  const taken = await takeUp(mine);
  const other = await takeUp(foreign);
  assert.deepEqual(trustIn(taken.record), { trusted: true, arrivals: "start" });
  assert.deepEqual([taken.older, other.older], [true, false]);
  assert.equal((await readIntents(intentFolder(taken.folder))).length, 1);
  assert.equal((await readIntents(intentFolder(other.folder))).length, 0);
  assert.equal((await readIntents(intentsOfBefore(foreign))).length, 1, "left alone");
  assert.deepEqual(readdirSync(join(taken.folder, "made-here")), [MARK_OF_EXP]);
  assert.ok(!isLocalExperiment({ lab: foreign, folder: other.folder }, join(foreign, "exp")));
  assert.ok(!existsSync(join(other.folder, "made-here")));
  assert.equal((await takeUp(mine)).older, false, "once");
});

test("an intent of before that names anything but its journal's files is not taken over", async () => {
  const secret = (): string => join(root, "secret");
  const wrong: readonly ((lab: string) => Partial<WriteIntent>)[] = [
    () => ({ temp: secret() }),
    () => ({ aside: secret() }),
    () => ({ parked: secret() }),
    () => ({ path: secret(), target: secret() }),
    (lab) => ({ target: join(lab, "exp", "train.py") }),
    (lab) => ({ path: `${lab}/exp/../exp/JOURNAL.md` }),
    () => ({ keptDir: root }),
    () => ({ id: "../x" }),
  ];
  for (const [i, change] of wrong.entries()) {
    const lab = folder(`wrong ${i}`);
    assert.ok(!isOwnIntent({ ...intentIn(lab), ...change(lab) }, lab) || i === 4);
    known(lab);
    await leaveBefore(lab, change(lab)).catch(() => undefined);
    const { folder: place } = await takeUp(lab);
    assert.deepEqual(await readIntents(intentFolder(place)), [], `wrong ${i}`);
  }
  // A folder on the way is a link: what is beside the journal is elsewhere.
  const lab = folder("through a link");
  rmSync(join(lab, "exp"), { recursive: true });
  symlinkSync(root, join(lab, "exp"));
  known(lab);
  await leaveBefore(lab);
  assert.deepEqual(await readIntents(intentFolder((await takeUp(lab)).folder)), []);
});

test("an interrupted write is finished where its journal is after a move", async () => {
  const { record, folder: place } = await takeUp(folder("a"));
  const intent = intentIn(record.path);
  await saveIntent(intentFolder(place), intent);
  const b = labPath(join(root, "b"));
  renameSync(record.path, b);
  await takeUp(b);
  const [moved] = await readIntents(intentFolder(place));
  assert.ok(moved !== undefined && isOwnIntent(moved, b));
  assert.equal(moved.temp, intent.temp.replace(record.path, b));
});
