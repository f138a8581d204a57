import assert from "node:assert/strict";
import { test } from "node:test";
import { startLoop, type LoopParts } from "../../../../src/effects/daemon/daemon.ts";
import { experimentPath, labPath } from "../../../../src/base/ids.ts";
import { DEFAULT_SETTINGS } from "../../../../src/domain/lab-settings.ts";
import { emptyWorld } from "../../../../src/domain/world.ts";
import type { EffectHandlers } from "../../../../src/effects/daemon/effect-handlers.ts";
import { readJournal } from "../../../../src/journal/read/read.ts";
import { hashText } from "../../../../src/base/ids.ts";

const LAB = labPath("/lab");
const EXPERIMENT = experimentPath("/lab/exp");

/** A loop whose ledger and hands only note what was asked of them, in order. */
function notingLoop(
  append: LoopParts["ledger"]["append"],
  onFault: LoopParts["onFault"],
  carryOut: () => void | Promise<void> = () => undefined,
) {
  const done: string[] = [];
  let nowMs = 0;
  let wake: { atMs: number; callback: () => void } | undefined;
  const hands = new Proxy({} as EffectHandlers, {
    get: (_, kind) => () => {
      done.push(String(kind));
      return carryOut();
    },
  });
  const loop = startLoop({
    world: emptyWorld(),
    handlers: hands,
    ledger: {
      append(rows) {
        append(rows);
        done.push(...rows.map(({ fact }) => `fact ${fact.kind}`));
      },
    },
    now: () => nowMs,
    wakeAt(atMs, callback) {
      wake = atMs === undefined ? undefined : { atMs, callback };
    },
    onFault,
  });
  const settings = { ...DEFAULT_SETTINGS, timeZone: "UTC" };
  loop.post({ kind: "lab-opened", lab: LAB, settings, problems: [] });
  loop.post({ kind: "experiment-found", lab: LAB, experiment: EXPERIMENT, sight: "made" });
  const text = "run: de-risk !\n";
  loop.post({
    kind: "journal-read",
    experiment: EXPERIMENT,
    text,
    hash: hashText(text),
    reading: readJournal(text),
  });
  return {
    done,
    loop,
    settle: () => {
      nowMs = wake?.atMs ?? nowMs;
      wake?.callback();
    },
  };
}

test("a decision is in the ledger before any effect that it causes", () => {
  const { done, settle, loop } = notingLoop(
    () => undefined,
    (error) => assert.fail(String(error)),
  );
  settle();
  loop.post({ kind: "gpus-seen", epoch: 0, tookMs: 5, seen: { kind: "seen", gpus: [] } });
  const accepted = done.indexOf("fact command-accepted");
  const examined = done.indexOf("examine-start");
  assert.ok(accepted >= 0 && examined > accepted, done.join(", "));
});

test("where the ledger refuses, no effect is carried out and the daemon ends", () => {
  const faults: unknown[] = [];
  let full = false;
  const { done, settle } = notingLoop(
    () => {
      if (full) throw new Error("disk full");
    },
    (error) => faults.push(error),
  );
  full = true;
  settle();
  assert.match(String(faults[0]), /disk full/);
  assert.ok(!done.includes("examine-start"), done.join(", "));
});

test("an effect that finds everything closed after the end is no fault", async () => {
  const faults: unknown[] = [];
  const closed = Promise.withResolvers<undefined>();
  const failing = async (): Promise<void> => {
    await closed.promise;
    throw new Error("database is not open");
  };
  const { loop, settle } = notingLoop(
    () => undefined,
    (error) => faults.push(error),
    failing,
  );
  settle();
  loop.stop();
  closed.resolve(undefined);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(faults, []);
});
