// Nightlab's own files, changed in every way: each is read as it was written, or told with its path
// and what to do; nothing else is thrown, and caches are made anew.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { attemptId, commandId, experimentPath, labPath } from "../../src/base/ids.ts";
import type { AttemptSpec } from "../../src/domain/run.ts";
import { saveIntent, readIntents } from "../../src/effects/journal-store/write-intents.ts";
import { areLinksTaken, noteLinksTaken } from "../../src/effects/os/trusted-links.ts";
import { onUnread } from "../../src/effects/os/unread.ts";
import { readLive } from "../../src/effects/run-store/run-heartbeat.ts";
import { saveRecord, readRecord } from "../../src/effects/state/lab-records.ts";
import { openLedger } from "../../src/effects/state/ledger.ts";
import { readStatusView, viewPath, keepStatusView } from "../../src/effects/state/status-view.ts";
import { openTroubles, readTroubles } from "../../src/effects/state/troubles.ts";
import { readNotes, takeNotes } from "../../src/effects/supervise/attempt-notes.ts";
import { attemptDir, createAttempt, readAttempt } from "../../src/effects/supervise/attempts.ts";
import { hostFacts } from "../../src/effects/os/process-identity.ts";
import * as fc from "../properties.ts";

const root = realpathSync(mkdtempSync(join(tmpdir(), "nightlab-stored-files-")));
after(() => rmSync(root, { recursive: true, force: true }));
const lab = labPath(join(root, "lab"));
const experiment = experimentPath(join(lab, "exp"));
const state = join(root, "state");
for (const dir of [experiment, state]) mkdirSync(dir, { recursive: true });
process.env["NIGHTLAB_STATE_DIR"] = state;
const spec: AttemptSpec = {
  attempt: attemptId("k7f3-1"),
  command: commandId("k7f3"),
  verb: "run",
  name: "de-risk",
  lab,
  experiment,
  script: "train.py",
  args: ["de-risk"],
  env: {},
  limitMs: 60_000,
};
const TROUBLE =
  /^(?:Error: )?\w*(?:Trouble|Error): .*(?:is not what was written there: .+; .+|written by a newer nightlab \(version [\d.e+]+\); use that one)$/s;

const value = fc.oneof(
  fc.constantFrom(undefined, null, 0, 2, -1, 1.5, "", "x", true, [], {}, [null], { v: 2 }),
  fc.string(),
);
/** What may become of a text that holds an object. */
const change = fc.record({
  how: fc.constantFrom("cut", "byte", "field", "version", "all"),
  at: fc.nat(),
  to: value,
});

function changed(text: string, { how, at, to }: { how: string; at: number; to: unknown }): string {
  const i = at % text.length;
  switch (how) {
    case "cut":
      return text.slice(0, i);
    case "byte":
      return text.slice(0, i) + String.fromCodePoint(at % 127) + text.slice(i + 1);
    case "version":
      return JSON.stringify({ ...(JSON.parse(text) as object), v: to });
    case "all":
      return JSON.stringify(to) ?? "";
    default: {
      const whole = JSON.parse(text) as Record<string, unknown>;
      const keys = Object.keys(whole);
      return JSON.stringify({ ...whole, [keys[at % keys.length] ?? ""]: to });
    }
  }
}

/** Reads a file again and again, each time changed otherwise; `read` may reject with a trouble. */
async function holds(
  path: string,
  read: () => unknown,
  check: (found: unknown, text: string) => void,
): Promise<void> {
  const whole = readFileSync(path, "utf8");
  await fc.assert(
    fc.asyncProperty(change, async (one) => {
      const text = changed(whole, one);
      writeFileSync(path, text);
      let found: unknown;
      try {
        found = await read();
      } catch (error) {
        assert.match(String(error), TROUBLE);
        assert.ok(String(error).includes(path));
        return;
      }
      check(found, text);
    }),
    { numRuns: 400 },
  );
  writeFileSync(path, whole);
  assert.notEqual(await read(), undefined, "as it was, it is read");
}

const asWritten = (found: unknown, text: string): void => assert.deepEqual(found, JSON.parse(text));

const orNone = (found: unknown, text: string): void => {
  if (found !== undefined) asWritten(found, text);
};

test("the notes of an attempt; it never counts as not started for want of them", async () => {
  await createAttempt(spec);
  await takeNotes(spec);
  const dir = attemptDir(lab, spec.attempt);
  const path = join(dir, "notes.json");
  await holds(path, () => readNotes(spec), asWritten);
  const later = { ...hostFacts(), bootId: "later" };
  const whole = readFileSync(path, "utf8");
  await fc.assert(
    fc.asyncProperty(change, async (one) => {
      const text = changed(whole, one);
      writeFileSync(path, text);
      const { kind } = await readAttempt(dir, later);
      if (kind !== "never-started") return;
      // Notes of an early release, which had no boot: read as they are.
      assert.ok(!("bootId" in (JSON.parse(text) as object)));
    }),
    { numRuns: 400 },
  );
});

test("a lab's record, and the links that were trusted", async () => {
  const folder = { device: "1", inode: "2", born: "3" };
  const id = "0".repeat(32);
  saveRecord(state, { id, path: lab, folder, trusted: true, arrivals: "hold" });
  await holds(join(state, "labs", id, "lab.json"), () => readRecord(state, id), asWritten);
  noteLinksTaken(lab, [{ link: join(lab, "data"), target: "/elsewhere" }]);
  await holds(
    join(state, "trusted-links.json"),
    () => areLinksTaken(lab),
    (found, text) => {
      const stored = JSON.parse(text) as { readonly labs: readonly string[] };
      assert.equal(found, stored.labs.includes(lab));
    },
  );
});

test("an intent of a write is told, and never half of it followed", async () => {
  const dir = join(state, "intents");
  const paths = { path: "a", target: "b", temp: "c", aside: "d", parked: "e", keptDir: "f" };
  const intent = { id: "a1-0123456789ab", phase: "ready", ...paths } as const;
  await saveIntent(dir, { ...intent, basedOnHash: "g", newHash: "h", toldHashes: [] });
  const path = join(dir, "a1-0123456789ab.json");
  let told: string | undefined;
  const end = onUnread((one, why) => {
    if (one === path) told = why;
  });
  await holds(
    path,
    async () => {
      const [found] = await readIntents(dir);
      return found ?? told;
    },
    (found, text) => {
      if (typeof found === "string") assert.match(found, TROUBLE);
      // One with another id belongs to another file.
      else if (found !== undefined) asWritten(found, text);
      else assert.notEqual((JSON.parse(text) as { readonly id: string }).id, intent.id);
    },
  );
  end();
});

test("what can be made anew is read as it was, or is not there", async () => {
  const ledger = openLedger(state);
  const known = { kind: "experiment-known", atMs: 1, lab, experiment, foreign: false } as const;
  ledger.append([{ lab, fact: known }]);
  keepStatusView(state, lab, ledger, readStatusView(state, lab));
  ledger.close();
  const view = viewPath(state, lab);
  await holds(
    view,
    () => readStatusView(state, lab).world.experiments.has(experiment),
    (found) => assert.equal(typeof found, "boolean"),
  );
  const parts = { stateDir: state, labs: [lab], warn: () => undefined, now: () => 1 };
  const troubles = openTroubles(parts);
  troubles.tell({ lab }, "a test", [{ where: ".", says: "is a test", fix: "none" }]);
  await troubles.close();
  await holds(viewPath(state, lab, "troubles"), () => readTroubles(state, lab), orNone);
  const live = join(attemptDir(lab, spec.attempt), "live.json");
  writeFileSync(live, JSON.stringify({ atMs: 1, metrics: [{ key: "a", token: "1", curve: "x" }] }));
  await holds(live, () => readLive(lab, spec.attempt), orNone);
});
