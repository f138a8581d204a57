import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { replaceJournal } from "../../src/effects/journal-store/journal-file.ts";
import { getVersion } from "../../src/effects/journal-store/version-store.ts";
import { replayIntents } from "../../src/effects/journal-store/replay-intents.ts";
import { readSettled } from "../../src/effects/os/stable-read.ts";
import { hashText } from "../../src/base/ids.ts";
import { ALL_WAYS, makePlace, until, wayName, type WriteStep } from "./journal-place.ts";
import { startSaver } from "./saver-process.ts";

const OLD = "\ufeff# Warm-up\r\n\r\nrun: de-risk\r\n\r\n\tø 実験 🙂 no end";
const NEW =
  "\ufeff# Warm-up\r\n\r\nrun: de-risk\r\n\r\n> **done** `k7f3`\r\n\r\n\tø 実験 🙂 no end";
const SAVED = "# Warm-up, saved late\n";

for (const way of ALL_WAYS) {
  test(`${wayName(way)}: a journal is replaced byte for byte, its mode kept`, async () => {
    const place = makePlace(OLD, way);
    chmodSync(place.journal, 0o640);
    const result = await place.replace(OLD, NEW);
    assert.deepEqual(result, { kind: "written", hash: hashText(NEW) });
    assert.equal(readFileSync(place.journal, "utf8"), NEW);
    assert.equal(statSync(place.journal).mode & 0o7777, 0o640);
    assert.equal(statSync(place.journal).nlink, 1);
    assert.deepEqual(place.leftovers(), []);
    await place.remove();
  });

  test(`${wayName(way)}: a text that was saved meanwhile stays, and the write says changed`, async () => {
    const place = makePlace(SAVED, way);
    assert.deepEqual(await place.replace(OLD, NEW), { kind: "changed" });
    assert.equal(readFileSync(place.journal, "utf8"), SAVED);
    assert.deepEqual(place.leftovers(), []);
    await place.remove();
  });

  test(`${wayName(way)}: a save between check and exchange undoes the write`, async () => {
    const how = {
      "rename-over": (path: string) => {
        writeFileSync(`${path}.saving`, SAVED);
        renameSync(`${path}.saving`, path);
      },
      ...(way.leases ? {} : { "in-place": (path: string) => writeFileSync(path, SAVED) }),
    };
    for (const [name, save] of Object.entries(how)) {
      const place = makePlace(OLD, way);
      const moment: WriteStep = way.exchange ? "exchange" : "rename-aside";
      const result = await place.replace(OLD, NEW, {
        before: (effect) => {
          if (effect === moment) save(place.journal);
        },
      });
      assert.equal(result.kind, "busy", name);
      assert.equal(readFileSync(place.journal, "utf8"), SAVED, name);
      await place.displaced.lookNow();
      assert.deepEqual(place.late, [], name);
      await place.remove();
    }
  });

  test(`${wayName(way)}: a save into the displaced file is kept and told`, async () => {
    const place = makePlace(OLD, way);
    // Open for reading and writing since before the write, as no lease can see on some systems.
    const result = await place.replace(OLD, NEW);
    assert.equal(result.kind, "written");
    const [parked] = readdirSync(place.keptDir).filter((name) => name.startsWith("displaced-"));
    const file = openSync(join(place.keptDir, String(parked)), "r+");
    writeSync(file, SAVED);
    if (way.leases) {
      await place.displaced.lookNow();
      assert.deepEqual(place.late, [], "still open: not settled");
    }
    closeSync(file);
    await place.displaced.lookNow();
    assert.deepEqual(
      place.late.map(({ path, text, basedOnHash }) => [path, text.slice(0, 21), basedOnHash]),
      [[place.journal, SAVED.slice(0, 21), hashText(OLD)]],
    );
    const [late] = place.late;
    const kept = await getVersion(place.keptDir, String(late?.hash));
    assert.equal(kept?.toString(), late?.text);
    await place.displaced.lookNow();
    assert.equal(place.late.length, 1, "told once");
    assert.deepEqual(place.troubles, []);
    await place.remove();
  });

  test(`${wayName(way)}: a displaced file goes after its last look, its text kept`, async () => {
    const place = makePlace(OLD, way, [1, 5, 10]);
    await place.replace(OLD, NEW);
    await until("the displaced file goes", () => place.displaced.count === 0);
    assert.equal((await getVersion(place.keptDir, hashText(OLD)))?.toString(), OLD);
    assert.deepEqual(readdirSync(place.intentDir), []);
    assert.deepEqual(
      readdirSync(place.keptDir).filter((name) => name.startsWith("displaced-")),
      [],
    );
    await place.remove();
  });

  const effects: readonly WriteStep[] = way.exchange
    ? ["save-draft", "write-temp", "save-ready", "exchange", "sync-folder", "park", "watch"]
    : ["save-ready", "rename-aside", "link-temp", "unlink-temp", "sync-folder", "park", "watch"];
  for (const crash of effects) {
    test(`${wayName(way)}: a crash before ${crash} is put right at the next start`, async () => {
      const place = makePlace(OLD, way, [1, 2]);
      const crashing = place.replace(OLD, NEW, {
        before: (effect) => {
          if (effect === crash) throw new Error("power cut");
        },
      });
      await assert.rejects(crashing, /power cut/);
      const exchanged = ["unlink-temp", "sync-folder", "park", "watch"].includes(crash);
      const displaced = place.restart();
      await replayIntents(place.intentDir, place.lab, displaced);
      assert.equal(readFileSync(place.journal, "utf8"), exchanged ? NEW : OLD);
      assert.equal(statSync(place.journal).nlink, 1);
      await until("all private files go", () => displaced.count === 0);
      assert.deepEqual(place.leftovers(), []);
      assert.equal(existsSync(place.intentDir) ? readdirSync(place.intentDir).length : 0, 0);
      assert.deepEqual(place.late, []);
      assert.deepEqual(place.troubles, []);
      await place.remove();
    });
  }

  test(`${wayName(way)}: a save into a file that a crash left behind is told at the next start`, async () => {
    const place = makePlace(OLD, way);
    const crashing = place.replace(OLD, NEW, {
      before: (effect) => {
        if (effect === "sync-folder") throw new Error("power cut");
      },
    });
    await assert.rejects(crashing, /power cut/);
    const [left] = place.leftovers();
    appendFileSync(join(place.folder, String(left)), SAVED);
    const first = place.restart();
    await replayIntents(place.intentDir, place.lab, first);
    assert.deepEqual(
      place.late.map(({ text }) => text),
      [OLD + SAVED],
    );
    await first.close();
    await replayIntents(place.intentDir, place.lab, place.restart());
    assert.equal(place.late.length, 1, "a second start does not tell it again");
    await place.remove();
  });

  test(`${wayName(way)}: an editor's rename at the same moment is never overwritten`, async () => {
    const place = makePlace(OLD, way);
    const moment: WriteStep = way.exchange ? "exchange" : "link-temp";
    const result = await place.replace(OLD, NEW, {
      before: (effect) => {
        if (effect !== moment) return;
        if (way.exchange) renameSync(place.journal, `${place.journal}~`);
        else writeFileSync(place.journal, SAVED);
      },
    });
    assert.equal(result.kind, "busy");
    if (way.exchange) assert.equal(existsSync(place.journal), false);
    else assert.equal(readFileSync(place.journal, "utf8"), SAVED);
    assert.deepEqual(place.leftovers(), []);
    await place.remove();
  });
}

test("an in-place save that waits for the lease gets the journal back", async (t) => {
  const place = makePlace(OLD);
  const saver = await startSaver(place.journal);
  let saved: Promise<string> | undefined;
  const result = await place.replace(OLD, NEW, {
    before: (effect) => {
      if (effect !== "exchange") return;
      saved = saver.order("in-place", SAVED);
      // The loop stands still here, as it does in the daemon: wait for the other process itself.
      const deadline = performance.now() + 5_000;
      while (!isWaiting(saver.pid) && performance.now() < deadline);
    },
  });
  assert.equal(await saved, "saved");
  assert.equal(result.kind, "busy");
  t.diagnostic("the writer was held by the lease until the exchange had been undone");
  assert.equal(readFileSync(place.journal, "utf8"), SAVED);
  await place.displaced.lookNow();
  assert.deepEqual(place.late, []);
  await saver.end();
  await place.remove();
});

/** Whether a process waits for a lease to be broken. */
function isWaiting(pid: number): boolean {
  const thread = readFileSync(`/proc/${pid}/wchan`, "utf8");
  return thread.includes("break_lease");
}

test("a journal that somebody has open for writing is busy, for reading too", async () => {
  const place = makePlace(OLD);
  const saver = await startSaver(place.journal);
  await saver.order("hold");
  assert.equal((await readSettled(place.journal)).kind, "busy");
  assert.equal((await place.replace(OLD, NEW)).kind, "busy");
  await saver.order("finish", SAVED);
  const read = await readSettled(place.journal, { lastSize: OLD.length });
  assert.equal(read.kind === "text" && read.text, SAVED);
  await saver.end();
  await place.remove();
});

test("a write that leaves the size as it was is left to the caller", async () => {
  const place = makePlace("old\n");
  assert.deepEqual(await place.replace("old\n", "new\n"), { kind: "same-size" });
  assert.equal(readFileSync(place.journal, "utf8"), "old\n");
  const result = await place.replace("old\n", "new\n", { allowSameSize: true });
  assert.equal(result.kind, "written");
  assert.equal(readFileSync(place.journal, "utf8"), "new\n");
  await place.remove();
});

test("a symlink stays one, and the file that it leads to is replaced", async () => {
  const place = makePlace(OLD);
  const real = join(place.folder, "elsewhere.md");
  renameSync(place.journal, real);
  symlinkSync("elsewhere.md", place.journal);
  assert.equal((await place.replace(OLD, NEW)).kind, "written");
  assert.ok(lstatSync(place.journal).isSymbolicLink());
  assert.equal(readFileSync(real, "utf8"), NEW);
  await place.remove();
});

test("a file with two hard links and a read-only one are refused in words", async () => {
  const place = makePlace(OLD);
  linkSync(place.journal, join(place.folder, "second.md"));
  const linked = await place.replace(OLD, NEW);
  assert.match(linked.kind === "refused" ? linked.why : linked.kind, /2 hard links/);
  await place.remove();
  const readOnly = makePlace(OLD);
  chmodSync(readOnly.journal, 0o444);
  const refused = await readOnly.replace(OLD, NEW);
  assert.match(refused.kind === "refused" ? refused.why : refused.kind, /read-only/);
  assert.equal(readFileSync(readOnly.journal, "utf8"), OLD);
  await readOnly.remove();
});

test("an absent journal is busy, not failed", async () => {
  const place = makePlace(OLD);
  renameSync(place.journal, `${place.journal}~`);
  assert.equal((await place.replace(OLD, NEW)).kind, "busy");
  await place.remove();
});

test("extended attributes and access lists go along where the file system has them", async (t) => {
  const place = makePlace(OLD);
  const python = (code: string): string =>
    execFileSync("python3", ["-c", code, place.journal], { encoding: "utf8" }).trim();
  try {
    python("import os,sys; os.setxattr(sys.argv[1], 'user.tag', b'blue')");
  } catch {
    await place.remove();
    t.skip("no python3, or no user attributes on this file system");
    return;
  }
  assert.equal((await place.replace(OLD, NEW)).kind, "written");
  assert.equal(python("import os,sys; print(os.getxattr(sys.argv[1], 'user.tag'))"), "b'blue'");
  await place.remove();
});

test("a full disk fails the write and leaves the old file and nothing else", async (t) => {
  const place = makePlace(OLD);
  const small = join(place.folder, "small");
  mkdirSync(small);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", small], { stdio: "ignore" });
  } catch {
    await place.remove();
    t.skip("this user may not mount a small file system");
    return;
  }
  try {
    const journal = join(small, "JOURNAL.md");
    writeFileSync(journal, OLD);
    const { keptDir, intentDir, displaced: replaced } = place;
    const text = OLD + "x".repeat(100_000);
    const request = { path: journal, basedOnHash: hashText(OLD), text, keptDir, replaced };
    const full = await replaceJournal({ ...request, intentDir });
    assert.match(full.kind === "failed" ? full.why : full.kind, /disk is full/);
    assert.deepEqual(readdirSync(small), ["JOURNAL.md"]);
    assert.deepEqual(readdirSync(intentDir), []);
    writeFileSync(join(small, "filler"), "x".repeat(48_000));
    const noRoom = await replaceJournal({ ...request, intentDir: join(small, "intents") });
    assert.equal(noRoom.kind, "failed");
    assert.equal(readFileSync(journal, "utf8"), OLD);
    // Kept versions on another file system: the displaced file waits beside the journal.
    const beside = await replaceJournal({ ...request, text: NEW, intentDir });
    assert.equal(beside.kind, "written");
    assert.ok(readdirSync(small).some((name) => name.includes(".nightlab-")));
  } finally {
    await place.displaced.close();
    execFileSync("umount", [small]);
  }
  await place.remove();
});

test("a folder without write permission and a file of another owner are told apart", async (t) => {
  if (process.geteuid?.() !== 0) {
    t.skip("only root can become another user");
    return;
  }
  const place = makePlace(OLD);
  const root = join(place.folder, "..");
  for (const path of [root, place.folder, place.journal]) chownSync(path, NOBODY, 0);
  try {
    process.seteuid?.(NOBODY);
    chmodSync(place.folder, 0o555);
    const closed = await place.replace(OLD, NEW);
    assert.match(closed.kind === "failed" ? closed.why : closed.kind, /may not make files/);
    chmodSync(place.folder, 0o777);
    assert.equal((await place.replace(OLD, NEW)).kind, "written", "as its owner");
    process.seteuid?.(0);
    chownSync(place.journal, 0, 0);
    chmodSync(place.journal, 0o666);
    process.seteuid?.(NOBODY);
    // No lease on another user's file: reading falls back on two equal reads.
    const before = performance.now();
    const read = await readSettled(place.journal, { equalReadsMs: 20 });
    assert.equal(read.kind, "text");
    assert.ok(performance.now() - before >= 19);
    const foreign = await place.replace(NEW, OLD);
    assert.match(foreign.kind === "refused" ? foreign.why : foreign.kind, /owner or group/);
    assert.equal(readFileSync(place.journal, "utf8"), NEW);
    assert.deepEqual(place.leftovers(), []);
  } finally {
    process.seteuid?.(0);
  }
  await place.remove();
});

const NOBODY = 65_534;
