// nightlab.yaml as it is found on disk: half saved, torn, mistaken, away, unreadable. Whatever is
// there, the last good settings hold until a whole and valid file is.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it as test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { TRUSTED } from "../../src/domain/lab-settings.ts";
import { labPath } from "../../src/base/ids.ts";
import type { NewEvent } from "../../src/effects/daemon/effect-handlers.ts";
import { watchSettings } from "../../src/effects/daemon/watched-settings.ts";
import { readSettingsInForce } from "../../src/effects/run-store/lab-settings.ts";

const root = mkdtempSync(join(tmpdir(), "nightlab-settings-"));
after(() => rmSync(root, { recursive: true, force: true }));

type Opened = Extract<NewEvent, { kind: "lab-opened" }>;

interface Place {
  readonly file: string;
  readonly lab: string;
  readonly state: string;
  /** What was posted, in order. */
  readonly posted: readonly Opened[];
  readonly until: (what: string, look: (last: Opened | undefined) => boolean) => Promise<void>;
  readonly open: () => Promise<{ touch(): void; close(): void }>;
}

let places = 0;
function place(): Place {
  places += 1;
  const lab = join(root, String(places), "lab");
  const state = join(root, String(places), "state");
  mkdirSync(lab, { recursive: true });
  mkdirSync(state);
  const posted: Opened[] = [];
  return {
    lab,
    state,
    posted,
    file: join(lab, "nightlab.yaml"),
    async until(what, look) {
      const deadline = Date.now() + 30_000;
      while (!look(posted.at(-1))) {
        assert.ok(Date.now() < deadline, `${what} never came: ${JSON.stringify(posted)}`);
        await pause(20);
      }
    },
    async open() {
      const watched = watchSettings({
        lab: labPath(lab),
        post: (event) => void posted.push(event as Opened),
        warn: (message) => assert.fail(message),
        stateDir: state,
        timeZone: "UTC",
        standing: () => ({ trust: TRUSTED, notices: [] }),
      });
      await watched.open();
      return watched;
    },
  };
}

const GOOD = "settle: 60s\nquiet: 30s\nwindows:\n  tonight: 01:00-05:00\n";
/** As if it had been saved an hour ago. */
function saveOld(file: string, text: string | Uint8Array): void {
  writeFileSync(file, text);
  const anHourAgo = Date.now() / 1_000 - 3_600;
  utimesSync(file, anHourAgo, anHourAgo);
}

const isGood = (one: Opened | undefined): boolean =>
  one?.settings?.settleMs === 60_000 &&
  one.settings.quietMs === 30_000 &&
  one.settings.windows?.length === 1;

/** What can be in the place of the file; each leaves it so. */
const BROKEN: Readonly<Record<string, (file: string) => void>> = {
  "is empty": (file) => writeFileSync(file, ""),
  "has a typo": (file) => writeFileSync(file, GOOD.replace("05:00", "5 o'clock")),
  "has an unknown key": (file) => writeFileSync(file, GOOD.replace("settle", "setle")),
  "is torn inside a word": (file) => writeFileSync(file, GOOD.slice(0, -4)),
  "is torn at a line's end": (file) => writeFileSync(file, GOOD.slice(0, 12)),
  "is no YAML": (file) => writeFileSync(file, "{{{ settle: [\n"),
  "is in Latin-1": (file) => writeFileSync(file, Buffer.from("# f\xfcr\n" + GOOD, "latin1")),
  "is UTF-16": (file) => writeFileSync(file, Buffer.from(`\uFEFF${GOOD}`, "utf16le")),
  "is away": (file) => rmSync(file),
  "is a folder": (file) => (rmSync(file), mkdirSync(file)),
  "is a FIFO": (file) => (rmSync(file), execFileSync("mkfifo", [file])),
  "is a link in a circle": (file) => (rmSync(file), execFileSync("ln", ["-s", file, file])),
  "is over 64 KiB": (file) => writeFileSync(file, `${GOOD}# ${"x".repeat(70_000)}\n`),
};

describe("nightlab.yaml:", { concurrency: true }, () => {
  test("whatever is in the file's place, the last good settings hold, and it is told", async () => {
    await Promise.all(
      Object.entries(BROKEN).map(async ([what, breakIt]) => {
        const it = place();
        saveOld(it.file, GOOD);
        const watched = await it.open();
        assert.ok(isGood(it.posted[0]), what);
        breakIt(it.file);
        watched.touch();
        // Emptied for good means the defaults; that takes as long as a torn file is waited for.
        if (what === "is empty" || what === "is torn at a line's end") {
          await pause(3_000);
          assert.equal(it.posted.length, 1, `${what}: ${JSON.stringify(it.posted)}`);
        } else {
          await it.until(what, (last) => (last?.problems.length ?? 0) > 0);
          assert.ok(isGood(it.posted.at(-1)), what);
          assert.match(it.posted.at(-1)?.problems.at(-1)?.message ?? "", /before it hold/);
        }
        rmSync(it.file, { recursive: true, force: true });
        writeFileSync(it.file, `${GOOD}cpu-slots: 2\n`);
        watched.touch();
        await it.until("the mended file", (last) => last?.settings?.cpuSlots === 2);
        assert.deepEqual(it.posted.at(-1)?.problems, []);
        watched.close();
      }),
    );
  });

  test("over a restart too: what a new daemon finds broken permits nothing new", async () => {
    await Promise.all(
      Object.entries(BROKEN).map(async ([what, breakIt]) => {
        if (what === "is empty" || what === "is torn at a line's end") return;
        const it = place();
        saveOld(it.file, GOOD);
        (await it.open()).close();
        breakIt(it.file);
        (await it.open()).close();
        assert.ok(isGood(it.posted.at(-1)), `${what}: ${JSON.stringify(it.posted.at(-1))}`);
        assert.notEqual(it.posted.at(-1)?.problems.length, 0, what);
      }),
    );
  });

  test("a file that was never good gives no settings, and says that nothing starts", async () => {
    const it = place();
    saveOld(it.file, "setle: 5s\n");
    const watched = await it.open();
    assert.equal(it.posted[0]?.settings, undefined);
    assert.match(it.posted[0]?.problems.at(-1)?.message ?? "", /nothing of this lab starts/);
    saveOld(it.file, "settle: 5s\n");
    watched.touch();
    await it.until("settings", (last) => last?.settings?.settleMs === 5_000);
    watched.close();
  });

  test("a file that is absent at the very first look means the defaults", async () => {
    const it = place();
    (await it.open()).close();
    assert.equal(it.posted[0]?.settings?.settleMs, 10_000);
    assert.deepEqual(it.posted[0]?.problems, []);
  });

  test("emptied and rewritten, or moved away and back, within seconds: nothing is posted", async () => {
    const it = place();
    saveOld(it.file, GOOD);
    const watched = await it.open();
    writeFileSync(it.file, "");
    watched.touch();
    await pause(1_000);
    writeFileSync(it.file, GOOD);
    watched.touch();
    await pause(500);
    renameSync(it.file, `${it.file}~`);
    watched.touch();
    await pause(1_500);
    renameSync(`${it.file}~`, it.file);
    watched.touch();
    await pause(3_000);
    assert.equal(it.posted.length, 1, JSON.stringify(it.posted));
    watched.close();
  });

  test("a change made while no daemon was there counts before anything is posted", async () => {
    const it = place();
    saveOld(it.file, GOOD);
    (await it.open()).close();
    writeFileSync(it.file, `${GOOD}cpu-slots: 3\n`);
    (await it.open()).close();
    assert.equal(it.posted.at(-1)?.settings?.cpuSlots, 3);
    assert.equal(it.posted.length, 2);
  });

  test("a shorter file counts once it has stood for ten seconds", async () => {
    const it = place();
    saveOld(it.file, GOOD);
    const watched = await it.open();
    writeFileSync(it.file, "");
    const savedMs = Date.now();
    watched.touch();
    await it.until("the defaults", (last) => last?.settings?.settleMs === 10_000);
    assert.ok(Date.now() - savedMs >= 9_500, `after ${Date.now() - savedMs} ms`);
    watched.close();
  });

  test("a file without rights is no absent one", async (t) => {
    const it = place();
    saveOld(it.file, GOOD);
    const watched = await it.open();
    chmodSync(it.file, 0o000);
    // Whoever has all rights reads it all the same.
    if (process.getuid?.() === 0) t.diagnostic("as root: the file is still read");
    watched.touch();
    await pause(2_500);
    assert.ok(isGood(it.posted.at(-1)));
    watched.close();
  });

  test("readers beside the daemon use the last good text too, which the state keeps", async () => {
    const it = place();
    saveOld(it.file, GOOD);
    (await it.open()).close();
    const [name = ""] = readdirSync(join(it.state, "settings"));
    assert.equal(readFileSync(join(it.state, "settings", name), "utf8"), GOOD);
    writeFileSync(it.file, "rules: [\n");
    const { settings, problems } = await readSettingsInForce(it.lab, "UTC", it.state);
    assert.equal(settings.quietMs, 30_000);
    assert.deepEqual(problems, []);
  });
});
