// Labs of earlier releases, kept for ever: each opens with its ledger, its attempts and its run.json
// as the release left them. A fixture is a lab that was cut off in the middle of its work (held,
// waiting, queued, failed, stopped and repeated commands, a paused queue), with what
// `nightlab status --json` said then; its plots are left out.
import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import {
  globSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { untraced } from "../untraced.ts";

/** Each release: ended receipts and runs in its lab, and the command that was queued in it. */
const RELEASES = [
  { release: "0.1", receipts: 10, runs: 13, queued: "x2kw" },
  // As it was being made, on 2026-11-30.
  { release: "0.2", receipts: 9, runs: 9, queued: "s2jp" },
] as const;

const LAUNCHER = fileURLToPath(new URL("../../bin/nightlab.js", import.meta.url));
const ENDED = /^> \*\*(?:done|failed|stopped|lost)\*\* `/;

let root = "";
let lab = "";
let env: NodeJS.ProcessEnv = {};
let daemon: ChildProcess | undefined;
let log = "";

/** Unpacks a release's lab, and has everything in it say where it lies now. */
function unpack(release: string): void {
  root = realpathSync(mkdtempSync(join(tmpdir(), "nightlab-before-")));
  lab = join(root, "lab");
  env = { ...process.env, NIGHTLAB_STATE_DIR: join(root, "state") };
  log = "";
  const madeAt = `/tmp/nightlab-${release}`;
  const fixture = new URL(`../fixtures/lab-${release}.tar.gz`, import.meta.url);
  execFileSync("tar", ["xzf", fileURLToPath(fixture), "-C", root]);
  for (const name of globSync("{lab,state}/{.nightlab/**,**}", {
    cwd: root,
    withFileTypes: true,
  })) {
    const path = join(name.parentPath, name.name);
    if (!name.isFile() || path.endsWith(".sqlite")) continue;
    const text = readFileSync(path, "utf8");
    if (text.includes(madeAt)) writeFileSync(path, text.replaceAll(madeAt, root));
    if (name.name === "lab.json") {
      const { dev, ino, birthtimeNs } = statSync(lab, { bigint: true });
      const folder = { device: String(dev), inode: String(ino), born: String(birthtimeNs) };
      const record = JSON.parse(readFileSync(path, "utf8")) as object;
      writeFileSync(path, JSON.stringify({ ...record, folder }));
    }
  }
  const status = join(root, "status.json");
  writeFileSync(status, readFileSync(status, "utf8").replaceAll(madeAt, root));
  // A window of the lab's: never while the test runs.
  const settings = join(lab, "nightlab.yaml");
  const hour = (new Date().getUTCHours() + 6) % 24;
  writeFileSync(settings, readFileSync(settings, "utf8").replace("0 12 * * *", `0 ${hour} * * *`));
  const ledger = new DatabaseSync(join(root, "state", "ledger.sqlite"));
  ledger.exec(
    `UPDATE facts SET lab = replace(lab, '${madeAt}', '${root}'), body = replace(body, '${madeAt}', '${root}')`,
  );
  ledger.close();
}

function remove(): void {
  daemon?.kill("SIGKILL");
  if (root !== "") rmSync(root, { recursive: true, force: true });
}
after(remove);

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

for (const { release, receipts: ended, runs: made, queued } of RELEASES) {
  test(`a lab of release ${release} is as that release left it, and goes on`, async () => {
    remove();
    unpack(release);
    assert.deepEqual(
      lasting(nightlab("status", "--json")),
      lasting(readFileSync(join(root, "status.json"), "utf8")),
    );

    // Every command of it is explained, as far as that release wrote it down.
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

    const [receipts, runs] = [endedReceipts(), records()];
    assert.deepEqual([receipts.size, runs.size], [ended, made]);
    daemon = spawn(process.execPath, [LAUNCHER, "watch", lab], { env });
    daemon.stdout?.on("data", (data: Buffer) => (log += data.toString()));
    daemon.stderr?.on("data", (data: Buffer) => (log += data.toString()));
    await until("the daemon watches", () => log.includes('"watching"'));
    nightlab("resume");
    // It was queued in 0.1 and runs now: by then every journal was read and what is due was written.
    assert.match(nightlab("wait", queued), /done/);
    await until("its receipt is written", () => endedReceipts().has(queued));

    const [now, nowRuns] = [endedReceipts(), records()];
    assert.deepEqual(new Map([...now].filter(([id]) => id !== queued)), receipts);
    assert.deepEqual(new Map([...nowRuns].filter(([path]) => runs.has(path))), runs);
    assert.equal(nowRuns.size, runs.size + 1, "one run was started, and no other");
  });
}
