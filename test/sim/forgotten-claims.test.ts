// A claim on the lab's disk of which the ledger knows nothing: only a person's word, given after they
// were told, starts the command.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startNight } from "./night.ts";

const HEAD = "# A night\n\n## 2025-02-02\n\n";
const MINUTE = 60_000;
const base = { text: HEAD, durationMs: () => MINUTE, exitCode: () => 0, delayMs: () => 5 };

test("a go from before the hold starts nothing, one after it starts an attempt of its own", () => {
  const night = startNight({ ...base, forgotten: new Set(["big"]) });
  night.save(`${HEAD}run: big !\n\nrun: small\n`);
  night.pass(10 * MINUTE);
  assert.deepEqual(
    night.starts.map(({ name }) => name),
    ["small"],
  );
  assert.match(night.text(), /\*\*held\*\* `(\w+)` · a run of it was claimed .* \(\1-1\), of which/);
  night.save(night.text().replace("- [ ] start", "- [x] start"));
  night.pass(10 * MINUTE);
  assert.deepEqual(
    night.starts.map(({ name }) => name),
    ["small", "big"],
  );
  const [big] = night.world().commands.values();
  assert.equal(big?.run?.attempt, `${big?.id}-2`);
  assert.equal(big?.state, "done");
});

test("a retry counts on from the number that was free", () => {
  const codes = [1, 0];
  const night = startNight({
    ...base,
    forgotten: new Set(["big"]),
    exitCode: () => codes.shift() ?? 0,
    cause: () => ({ kind: "gpu-out-of-memory" }),
  });
  night.save(`${HEAD}run: big retry=2\n`);
  night.pass(10 * MINUTE);
  night.save(night.text().replace("- [ ] start", "- [x] start"));
  night.pass(30 * MINUTE);
  const [big] = night.world().commands.values();
  const attempts = [...(big?.earlierRuns ?? []), big?.run].map((run) => run?.attempt);
  assert.deepEqual(attempts, [`${big?.id}-2`, `${big?.id}-3`]);
});

test("a sweep is held for its first run, and each other run for itself", () => {
  const night = startNight({ ...base, forgotten: new Set(["big-seed-0", "big-seed-1"]) });
  night.save(`${HEAD}run: big seeds=3\n`);
  night.pass(10 * MINUTE);
  assert.deepEqual(night.starts, []);
  assert.match(night.text(), /\*\*held\*\*/);
  night.save(night.text().replace("- [ ] start", "- [x] start"));
  night.pass(20 * MINUTE);
  assert.deepEqual(
    night.starts.map(({ name }) => name),
    ["big-seed-0", "big-seed-2"],
  );
  night.save(night.text().replace("- [ ] start", "- [x] start"));
  night.pass(20 * MINUTE);
  assert.deepEqual(
    night.starts.map(({ name }) => name),
    ["big-seed-0", "big-seed-2", "big-seed-1"],
  );
  const ended = [...night.world().commands.values()].map(({ state }) => state);
  assert.deepEqual(new Set(ended), new Set(["done"]));
});
