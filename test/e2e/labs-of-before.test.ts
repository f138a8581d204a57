// Labs of earlier releases, kept for ever: each opens with its ledger, its attempts and its run.json
// as the release left them. The fixture is a lab of release 0.1, cut off in the middle of its work
// (held, waiting, queued, swept, failed and stopped commands, a paused queue), with what
// `nightlab status --json` said then; its plots are left out.
import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { untraced } from "../untraced.ts";

const FIXTURE = fileURLToPath(new URL("../fixtures/lab-0.1.tar.gz", import.meta.url));
const LAUNCHER = fileURLToPath(new URL("../../bin/nightlab.js", import.meta.url));
/** Where the lab lay when it was made. */
const MADE_AT = "/tmp/nightlab-0.1";
const ENDED = /^> \*\*(?:done|failed|stopped|lost)\*\* `/;

const root = realpathSync(mkdtempSync(join(tmpdir(), "nightlab-before-")));
const lab = join(root, "lab");
const env = { ...process.env, NIGHTLAB_STATE_DIR: join(root, "state") };
let daemon: ChildProcess | undefined;
let log = "";

before(() => {
  execFileSync("tar", ["xzf", FIXTURE, "-C", root]);
  for (const name of globSync("{lab/{.nightlab/**,**},status.json}", {
    cwd: root,
    withFileTypes: true,
  })) {
    if (!name.isFile()) continue;
    const path = join(name.parentPath, name.name);
    const text = readFileSync(path, "utf8");
    if (text.includes(MADE_AT)) writeFileSync(path, text.replaceAll(MADE_AT, root));
  }
  // A window of the lab's: never while the test runs.
  const settings = join(lab, "nightlab.yaml");
  const hour = (new Date().getUTCHours() + 6) % 24;
  writeFileSync(settings, readFileSync(settings, "utf8").replace("0 12 * * *", `0 ${hour} * * *`));
  const ledger = new DatabaseSync(join(root, "state", "ledger.sqlite"));
  ledger.exec(
    `UPDATE facts SET lab = replace(lab, '${MADE_AT}', '${root}'), body = replace(body, '${MADE_AT}', '${root}')`,
  );
  ledger.close();
});

after(() => {
  daemon?.kill("SIGKILL");
  rmSync(root, { recursive: true, force: true });
});

interface Status {
  readonly paused: boolean;
  readonly commands: readonly { readonly id: string; readonly state: string }[];
}

const nightlab = (...args: readonly string[]): string =>
  execFileSync(process.execPath, [LAUNCHER, ...args], { cwd: lab, env, encoding: "utf8" });

/** What a status says for good: without the moment of the look and what is waited for. */
function lasting(text: string): unknown {
  const { paused, commands } = JSON.parse(text) as Status;
  return { paused, commands: commands.map(({ ...command }) => ({ ...command, why: undefined })) };
}

async function until(what: string, look: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!look()) {
    assert.ok(Date.now() < deadline, `${what}: not within a minute\n${log}`);
    await pause(50);
  }
}

const journals = (): readonly string[] => globSync("*/JOURNAL.md", { cwd: lab }).toSorted();

/** Receipts of ended commands, whole, by the id that they show. */
function endedReceipts(): ReadonlyMap<string, string> {
  const receipts = new Map<string, string>();
  for (const journal of journals()) {
    for (const block of readFileSync(join(lab, journal), "utf8").split(/\n\n(?=[^>])/)) {
      const receipt = block.slice(block.indexOf("> **"));
      const id = /`([\w.]+)`/.exec(receipt)?.[1];
      if (ENDED.test(receipt) && id !== undefined) receipts.set(id, untraced(receipt).trim());
    }
  }
  return receipts;
}

const records = (): ReadonlyMap<string, string> =>
  new Map(
    globSync("*/runs/*/run.json", { cwd: lab })
      .toSorted()
      .map((path) => [path, readFileSync(join(lab, path), "utf8")]),
  );

test("every command of it is explained, as far as 0.1 wrote it down", () => {
  const { commands } = JSON.parse(nightlab("status", "--json")) as Status;
  for (const { id, state } of commands) {
    const story = nightlab("explain", id);
    assert.ok(story.startsWith(`${id} · `), story);
    assert.ok(story.split("\n")[0]?.endsWith(` · ${state}`), story);
    assert.match(
      story,
      /^ {2}\d\d:\d\d:\d\d {2}(?:accepted: [\w-]+\/JOURNAL\.md:\d+|asked for by)/m,
    );
  }
});

test("a lab of release 0.1 is as that release left it, and goes on", async () => {
  assert.deepEqual(
    lasting(nightlab("status", "--json")),
    lasting(readFileSync(join(root, "status.json"), "utf8")),
  );

  const [receipts, runs] = [endedReceipts(), records()];
  assert.deepEqual([receipts.size, runs.size], [10, 13]);
  daemon = spawn(process.execPath, [LAUNCHER, "watch", lab], { env });
  daemon.stdout?.on("data", (data: Buffer) => (log += data.toString()));
  daemon.stderr?.on("data", (data: Buffer) => (log += data.toString()));
  await until("the daemon watches", () => log.includes('"watching"'));
  nightlab("resume");
  // It was queued in 0.1 and runs now: by then every journal was read and what is due was written.
  assert.match(nightlab("wait", "x2kw"), /done/);
  await until("its receipt is written", () => endedReceipts().has("x2kw"));

  const [now, nowRuns] = [endedReceipts(), records()];
  assert.deepEqual(new Map([...now].filter(([id]) => id !== "x2kw")), receipts);
  assert.deepEqual(new Map([...nowRuns].filter(([path]) => runs.has(path))), runs);
  assert.equal(nowRuns.size, runs.size + 1, "one run was started, and no other");
});
