// Files that are there and cannot be read are not absent: nothing is deleted, overwritten, trusted,
// counted or dropped for it; it is told, and goes on when they can be read again.
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { readdirSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { labPath, type LabPath } from "../../src/base/ids.ts";
import { dropSnapshot } from "../../src/effects/code/snapshot-places.ts";
import { takeSnapshot } from "../../src/effects/code/snapshots.ts";
import { getVersion, keepVersion } from "../../src/effects/journal-store/version-store.ts";
import { readIntents, saveIntent } from "../../src/effects/journal-store/write-intents.ts";
import { backUpEditedFile } from "../../src/effects/os/back-up-edited-file.ts";
import {
  areLinksTaken,
  isTrustedLink,
  noteLinksTaken,
} from "../../src/effects/os/trusted-links.ts";
import { onUnread } from "../../src/effects/os/unread.ts";
import { readExperimentFiles } from "../../src/effects/run-store/experiment-files.ts";
import { readRunRecord } from "../../src/effects/run-store/run-record.ts";
import { readRun } from "../../src/effects/run-store/tail.ts";
import { changeTrust, recognizeLab } from "../../src/effects/state/lab-identity.ts";
import { watchRequests, writeRequest, type Request } from "../../src/effects/state/requests.ts";
import { listRunFolders } from "../../src/effects/supervise/run-folders.ts";
import { chooseRunner } from "../../src/effects/environment/runner.ts";
import { whileUnreadable } from "../unreadable.ts";
import { until } from "./run-harness.ts";

const root = realpathSync(mkdtempSync(join(tmpdir(), "nightlab-unreadable-")));
chmodSync(root, 0o755);
after(() => rmSync(root, { recursive: true, force: true }));

let lab: LabPath;
let experiment: string;
let state: string;
let made = 0;
beforeEach(() => {
  made += 1;
  lab = labPath(join(root, `lab ${made}`));
  experiment = join(lab, "exp");
  state = join(root, `state ${made}`);
  for (const path of [experiment, state]) mkdirSync(path, { recursive: true });
  process.env["NIGHTLAB_STATE_DIR"] = state;
  writeFileSync(join(experiment, "JOURNAL.md"), "# Exp\n");
});

const RUN = "2025-02-02T14-30-00-full";
const write = (path: string, text: string): string => {
  mkdirSync(dirname(join(experiment, path)), { recursive: true });
  writeFileSync(join(experiment, path), text);
  return join(experiment, path);
};

test("a snapshot whose manifest or files cannot be read keeps what its run wrote", async () => {
  write("train.py", "print(1)\n");
  const { note } = await takeSnapshot(lab, experiment, "k7f3");
  assert.ok(note.kind === "kept");
  writeFileSync(join(note.dir, "made.txt"), "what the run wrote");
  const manifest = join(lab, ".nightlab", "snapshots", "k7f3", "manifest.json");
  for (const path of [manifest, note.dir]) {
    await whileUnreadable(path, () =>
      assert.rejects(dropSnapshot(lab, experiment, "k7f3"), /EACCES/, path),
    );
  }
  const whole = readFileSync(manifest, "utf8");
  for (const text of ["", whole.slice(0, 20), "[]", '{"a":1}', '{"a":{"mark":1}}']) {
    writeFileSync(manifest, text);
    await assert.rejects(dropSnapshot(lab, experiment, "k7f3"), /manifest\.json is not what/, text);
  }
  assert.equal(readFileSync(join(note.dir, "made.txt"), "utf8"), "what the run wrote");
  writeFileSync(manifest, whole);
  assert.deepEqual(await dropSnapshot(lab, experiment, "k7f3"), []);
  assert.equal(readFileSync(join(experiment, "made.txt"), "utf8"), "what the run wrote");
});

test("a run.json that was edited is kept, though the marks of ours cannot be read now", async () => {
  const marks = join(lab, "marks");
  const path = write("run.json", "ours");
  await backUpEditedFile(path, marks, "ours");
  writeFileSync(path, "edited by a person");
  await whileUnreadable(marks, () =>
    assert.rejects(backUpEditedFile(path, marks, "new"), /EACCES/),
  );
  assert.equal(readFileSync(path, "utf8"), "edited by a person");
  const aside = await backUpEditedFile(path, marks, "new");
  assert.equal(readFileSync(aside ?? "", "utf8"), "edited by a person");
});

test("a run.json that cannot be read is no missing one", async () => {
  const path = write(`runs/${RUN}/run.json`, "{}");
  const read = await whileUnreadable(path, () => readRunRecord(dirname(path)));
  assert.match(read.kind === "problem" ? read.message : "", /EACCES/);
  const folder = await whileUnreadable(dirname(path), () => readRunRecord(dirname(path)));
  assert.equal(folder.kind, "problem");
  writeFileSync(path, '{"version":2}');
  const newer = await readRunRecord(dirname(path));
  assert.match(newer.kind === "problem" ? newer.message : "", /newer nightlab .*use that one/);
});

test("no report is made while ignored runs or the list of runs cannot be read", async () => {
  const ignored = write("IGNORED_RUNS.md", `- ${RUN}: too short\n`);
  write(`runs/${RUN}/logs/train.log`, "loss=1\n");
  for (const path of [ignored, join(experiment, "runs")]) {
    await whileUnreadable(path, () => assert.rejects(readExperimentFiles(experiment), /EACCES/));
  }
  await whileUnreadable(join(experiment, "runs"), () =>
    assert.rejects(listRunFolders(experiment), /EACCES/),
  );
  const { input } = await readExperimentFiles(experiment);
  assert.deepEqual([input.runs.length, input.ignored.length], [1, 1]);
});

test("a log that cannot be read is told until it can be, and the others are read", async () => {
  const log = write(`runs/${RUN}/logs/train.log`, "step=1 loss=1\n");
  write(`runs/${RUN}/logs/other.log`, "step=1 acc=1\n");
  const told: (string | undefined)[] = [];
  const end = onUnread((path, why) => path === log && told.push(why));
  const keys = async (): Promise<readonly string[]> =>
    (await readRun(join(experiment, "runs", RUN))).series.map(({ summary }) => summary.key);
  assert.deepEqual(await whileUnreadable(log, keys), ["acc"]);
  assert.match(told[0] ?? "", /EACCES/);
  assert.equal(told.length, 1, "once");
  assert.deepEqual((await keys()).toSorted(), ["acc", "loss"]);
  assert.deepEqual(told.slice(1), [undefined]);
  end();
});

test("a kept version that cannot be read is no missing merge base", async () => {
  const kept = join(lab, "kept");
  const hash = await keepVersion(kept, "a text");
  const [name = ""] = readdirSync(kept);
  const path = join(kept, name);
  chmodSync(kept, 0o755);
  await whileUnreadable(path, () => assert.rejects(getVersion(kept, hash), /kept version/));
  assert.equal((await getVersion(kept, hash))?.toString(), "a text");
});

test("a lab whose record cannot be read is no new one, and keeps its trust", async () => {
  const record = changeTrust(state, lab, () => false, { trusted: true });
  const path = join(state, "labs", record.id, "lab.json");
  const trust = () => changeTrust(state, lab, () => false, { arrivals: "start" });
  await whileUnreadable(path, () => assert.throws(() => recognizeLab(state, lab), /EACCES/));
  const whole = readFileSync(path, "utf8");
  for (const text of [
    "",
    whole.slice(0, 60),
    "null",
    whole.replace('"trusted": true', '"trusted": 1'),
  ]) {
    writeFileSync(path, text);
    assert.throws(
      () => recognizeLab(state, lab),
      /lab\.json is not what was written there.*held/,
      text,
    );
    assert.throws(trust, /lab\.json/, "and it is not overwritten");
    assert.equal(readFileSync(path, "utf8"), text);
  }
  writeFileSync(path, whole);
  const again = recognizeLab(state, lab);
  assert.ok("record" in again && again.record.trusted);
});

test("another lab's record that cannot be read stops none that is known", async () => {
  changeTrust(state, lab, () => false, { trusted: true });
  const other = join(state, "labs", "0".repeat(32));
  mkdirSync(other);
  writeFileSync(join(other, "lab.json"), "torn");
  assert.equal(recognizeLab(state, lab).kind, "lab");
});

test("links are not taken over again while those that were trusted cannot be read", async () => {
  const link = { link: join(lab, "data"), target: "/elsewhere" };
  noteLinksTaken(lab, [link]);
  assert.ok(isTrustedLink(link));
  const path = join(state, "trusted-links.json");
  const whole = readFileSync(path, "utf8");
  for (const text of ["", "{}", '{"links":[1],"labs":[]}']) {
    writeFileSync(path, text);
    assert.throws(() => areLinksTaken(lab), /trusted-links\.json is not what was written/, text);
    assert.throws(() => noteLinksTaken(lab, []), /trusted-links\.json/);
    assert.ok(isTrustedLink(link), "what was read last");
    assert.ok(!isTrustedLink({ ...link, target: "/other" }));
    assert.equal(readFileSync(path, "utf8"), text);
  }
  writeFileSync(path, whole);
  assert.ok(areLinksTaken(lab));
});

test("an intent that is not whole is told, and the private files that it names stay", async () => {
  const dir = join(state, "intents");
  const paths = { path: "a", target: "b", temp: "c", aside: "d", parked: "e", keptDir: "f" };
  const intent = { id: "a1-0123456789ab", phase: "ready", ...paths } as const;
  await saveIntent(dir, { ...intent, basedOnHash: "g", newHash: "h", toldHashes: [] });
  const path = join(dir, "a1-0123456789ab.json");
  chmodSync(dir, 0o755);
  const whole = readFileSync(path, "utf8");
  const told: (string | undefined)[] = [];
  const end = onUnread((one, why) => one === path && told.push(why));
  assert.deepEqual(await whileUnreadable(path, () => readIntents(dir)), []);
  writeFileSync(path, whole.slice(0, 50));
  assert.deepEqual(await readIntents(dir), []);
  assert.match(told[0] ?? "", /EACCES/);
  assert.match(told[1] ?? "", /not what was written there.*may hold what somebody saved/);
  writeFileSync(path, whole);
  assert.equal((await readIntents(dir)).length, 1);
  assert.deepEqual(told.slice(2), [undefined]);
  end();
});

test("a request waits while it cannot be read, and one of another release is told", async () => {
  const taken: Request[] = [];
  const told: string[] = [];
  const stop = { kind: "stop", id: "k7f3" } as const;
  writeRequest(state, stop as unknown as Request);
  const path = join(state, "requests", "stop-k7f3.json");
  chmodSync(dirname(path), 0o755);
  const end = await whileUnreadable(path, () =>
    watchRequests(
      state,
      (one) => taken.push(one),
      (_, why) => told.push(why),
    ),
  );
  assert.deepEqual(taken, []);
  assert.match(told[0] ?? "", /EACCES/);
  await until("it is taken", () => taken.length === 1);
  assert.deepEqual(taken, [stop]);
  for (const text of ["", "null", '{"kind":"later","id":"x"}', '{"kind":"stop","id":"../x"}']) {
    const before = told.length;
    writeFileSync(path, text);
    await until("it is told", () => told.length > before);
    assert.match(told.at(-1) ?? "", /no request that this nightlab knows/);
  }
  assert.equal(taken.length, 1);
  assert.ok(!existsSync(path));
  end();
});

test("a manifest of pixi that cannot be read has no other runner started", async () => {
  const project = write("other/pyproject.toml", "[tool.pixi.project]\n");
  await whileUnreadable(project, () =>
    assert.rejects(chooseRunner(dirname(project), lab, undefined), /EACCES/),
  );
});
