// `nightlab wait` on a real ledger, to which the test adds what a daemon would.
import assert from "node:assert/strict";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { waitFor } from "../../src/cli/wait.ts";
import { openLedger } from "../../src/effects/state/ledger.ts";
import type { Fact } from "../../src/domain/fact.ts";
import { commandId, experimentPath, labPath } from "../../src/base/ids.ts";
import { until } from "./run-harness.ts";

test("who waits for a held command is told so, and why", async () => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "nightlab-wait-")));
  process.env["NIGHTLAB_STATE_DIR"] = join(dir, "state");
  writeFileSync(join(dir, "nightlab.yaml"), "");
  const [lab, experiment] = [labPath(dir), experimentPath(join(dir, "exp"))];
  const id = commandId("k7f3");
  const ledger = openLedger(join(dir, "state"));
  const add = (fact: Fact): void => {
    ledger.append([{ lab, fact }]);
  };
  try {
    add({ kind: "experiment-known", experiment, lab, foreign: false, atMs: 1 });
    add({
      kind: "command-accepted",
      id,
      experiment,
      spec: { verb: "run", target: "full", args: [], go: false },
      canonical: "full",
      form: "line",
      source: "run: full",
      heading: "",
      line: 1,
      state: "held",
      reason: "no de-risking run has passed",
      released: false,
      notes: [],
      atMs: 2,
    });
    const told: string[] = [];
    const answer = waitFor("full", dir, (text) => told.push(text));
    await until("it is told", () => told.length > 0);
    add({ kind: "command-state", id, state: "cancelled", reason: "deleted", atMs: 3 });
    assert.equal((await answer).exitCode, 1);
    assert.deepEqual(told, [
      "k7f3 (run: full) is held for your go: no de-risking run has passed. Waiting.",
    ]);
  } finally {
    ledger.close();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  }
});
