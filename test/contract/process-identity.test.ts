// Who a process is, with real processes: a signal reaches no stranger, and a look misses none.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  groupLives,
  hostFacts,
  identityOf,
  isAlive,
  processesWith,
  signalGroup,
  signalProcess,
} from "../../src/effects/os/process-identity.ts";
import { until } from "./run-harness.ts";

describe("a process's identity", () => {
  it("a process that is replacing itself is found among those of its run each time", async () => {
    const folder = mkdtempSync(join(tmpdir(), "nightlab-exec-"));
    const script = join(folder, "again.sh");
    writeFileSync(script, `exec sh ${script}\n`);
    const env = { ...process.env, NIGHTLAB_RUN_ID: "replacing-1" };
    const child = spawn("sh", [script], { detached: true, stdio: "ignore", env });
    try {
      await until("its start", () => identityOf(child.pid ?? 0));
      const missed = Array.from({ length: 300 }, () =>
        processesWith("NIGHTLAB_RUN_ID", "replacing-1").every(({ pid }) => pid !== child.pid),
      ).filter(Boolean).length;
      assert.equal(missed, 0, "looks that missed it, of 300");
    } finally {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("holds for that process only: another start time or boot is a stranger's", async () => {
    const child = spawn("sleep", ["30"], { detached: true, stdio: "ignore" });
    const own = await until("its start", () => identityOf(child.pid ?? 0));
    for (const stranger of [
      { ...own, startTime: `${own.startTime}0` },
      { ...own, bootId: "earlier" },
    ]) {
      assert.ok(!isAlive(stranger));
      assert.ok(!signalProcess(stranger, "SIGKILL"));
      assert.ok(!groupLives(stranger));
      assert.ok(!signalGroup(stranger, "SIGKILL"));
    }
    assert.ok(isAlive(own) && groupLives(own));
    assert.ok(signalGroup(own, "SIGKILL"));
    await until("its end", () => !isAlive(own) && !groupLives(own));
    assert.equal(child.signalCode ?? "SIGKILL", "SIGKILL");
  });

  it("never is the whole machine, or the first process of it", () => {
    for (const pid of [0, 1, -1]) {
      assert.ok(!signalGroup({ pid, startTime: "", bootId: hostFacts().bootId }, "SIGCONT"));
    }
  });
});
