// What happened in the field happens again here: recordings of real daemons, played through `step`.
// `UPDATE=1` writes what the committed ones come to now; read the diff before you commit it.
import assert from "node:assert/strict";
import {
  globSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { setImmediate as turnOver } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { experimentPath, labPath } from "../../src/base/ids.ts";
import type { Fact } from "../../src/domain/fact.ts";
import { startRecording } from "../../src/effects/daemon/recording.ts";
import { openLedger } from "../../src/effects/state/ledger.ts";
import { JOURNAL, openLab, trainScript } from "../e2e/lab.ts";
import { play, readRecording } from "./recording.ts";

const RECORDINGS = fileURLToPath(new URL("recordings", import.meta.url));

for (const name of globSync("*.jsonl", { cwd: RECORDINGS }).toSorted()) {
  test(`${name} comes to the same facts and effects`, () => {
    const path = join(RECORDINGS, name);
    const recording = readRecording(path);
    assert.ok(recording.turns.length > 10);
    const { differences, renewed } = play(recording);
    if (process.env["UPDATE"] === "1") writeFileSync(path, renewed);
    else assert.deepEqual(differences, []);
  });
}

/** Looks like a key of a model hub, and opens nothing. */
const TOKEN = ["hf", "q7Rt2LmZx9Kd4Wp8Vb3Nc6Ys1Hf5Jg0Ta"].join("_");

test("a night of the real daemon, recorded, comes to the same facts and effects", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "nightlab-recorded-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  let starts = 0;
  const fileOf = (start: number): string => join(folder, `${start}.jsonl`);
  const lab = await openLab({
    journal: JOURNAL,
    train: trainScript('metric(step=1, **{"val/loss": 0.4})\nif name == "dies": sys.exit(3)'),
    settings: "settle: 1s\nquiet: 0s\n",
    watch: () => ["--record", fileOf((starts += 1))],
  });
  t.after(() => lab.close());
  const told = (state: string, count: number): Promise<unknown> =>
    lab.until(
      `${count} ${state}`,
      () => lab.journal().split(`> **${state}** `).length > count,
      90_000,
    );
  await lab.start();
  await lab.save(`${JOURNAL}A key in a note: ${TOKEN}\n\nrun: de-risk\n`);
  await told("done", 1);
  await lab.save(
    `${lab.journal().trimEnd()}\n\nrun: dies\n\nrun: long timeout=2h\n\nrun: night when=03:00\n`,
  );
  await told("failed", 1);
  await told("held", 1);
  await lab.stop();
  await lab.start();
  await lab.save(lab.journal().replace("- [ ] start", "- [x] start"));
  await told("done", 2);
  await lab.save(`${lab.journal().trimEnd()}\n\nrun: lrs sweep="lr=1,2" !\n\nqueue: pause\n`);
  await told("done", 3);
  await lab.stop();

  const ledger = openLedger(join(dirname(lab.path), "state"), { readOnly: true });
  t.after(() => ledger.close());
  for (const start of [1, 2]) {
    const text = readFileSync(fileOf(start), "utf8");
    assert.ok(!text.includes(TOKEN) && text.includes("hf_****"), "the secret is masked");
    assert.equal(statSync(fileOf(start)).mode & 0o777, 0o600);
    const recording = readRecording(fileOf(start));
    const { differences, facts } = play(recording);
    assert.deepEqual(differences, []);
    assert.equal(recording.end, "the daemon ended");
    const since = ledger.read([labPath(lab.path)], recording.head.seq);
    const stored = JSON.parse(JSON.stringify(since.slice(0, facts.length))) as unknown;
    assert.deepEqual(withoutTokens(facts), withoutTokens(stored as readonly Fact[]));
    assert.ok(facts.length > 10, `${start}: ${facts.map(({ kind }) => kind).join()}`);
  }
  assert.ok(readRecording(fileOf(2)).facts.length > 10, "the second goes on from the ledger");
});

/** A claim's token looks random, so that the recording has a mask for it. */
const withoutTokens = (facts: readonly Fact[]): unknown =>
  JSON.parse(JSON.stringify(facts, (key, value: unknown) => (key === "token" ? "" : value)));

test("a file that is there stays as it is, and the daemon does not start", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "nightlab-recorded-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const lab = await openLab({ journal: JOURNAL });
  t.after(() => lab.close());
  const file = join(folder, "mine.txt");
  writeFileSync(file, "mine");
  const { code, stderr } = await lab.nightlab("watch", lab.path, "--record", file);
  assert.equal(code, 2);
  assert.equal(stderr, `Cannot record into ${file}: it exists already.\n`);
  assert.equal(readFileSync(file, "utf8"), "mine");
});

/** What a recording into this file tells, after a head, these facts, an event and its turn. */
async function toldOf(path: string, facts: readonly Fact[]): Promise<readonly unknown[]> {
  const told: unknown[] = [];
  const recorder = startRecording({
    recordingFile: { path, descriptor: openSync(path, "w") },
    version: "1",
    atMs: 1,
    labs: [labPath("/lab")],
    ledger: { read: () => facts, last: () => undefined },
    warn: (_, { why }) => told.push(why),
  });
  for (let i = 0; i < 3; i += 1) {
    recorder?.event({ kind: "tick", atMs: 1 });
    recorder?.turn({ facts: [], effects: [], wakeAtMs: undefined });
    await turnOver();
  }
  await recorder?.close();
  return told;
}

test("a full disk and a recording that gets too large end it, are told once, and throw nothing", async () => {
  assert.deepEqual(await toldOf("/dev/null", []), []);
  const [full, ...more] = await toldOf("/dev/full", []);
  assert.match(String(full), /ENOSPC/);
  assert.deepEqual(more, []);
  const long: Fact = {
    kind: "experiment-known",
    atMs: 1,
    lab: labPath("/lab"),
    experiment: experimentPath("a ".repeat(4_000_000)),
    foreign: false,
  };
  assert.deepEqual(
    await toldOf(
      "/dev/null",
      Array.from({ length: 40 }, () => long),
    ),
    ["it reached 256 MiB"],
  );
});
