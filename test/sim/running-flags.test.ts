import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../../src/domain/finding.ts";
import { FLAG_HOLDS_MS, RUNNING_FLAGS } from "../../src/scheduler/running-flags.ts";
import type { Start } from "./machine.ts";
import { startNight, type Night } from "./night.ts";
import { notFinite } from "./not-finite.ts";

const MINUTE = 60_000;
const HEAD = "# A night\n\n## 2025-02-02\n\n";

const nightOf = (findings: (start: Start, ranMs: number) => readonly Finding[]): Night =>
  startNight({
    text: `${HEAD}run: full timeout=1h because="it fell" !\n`,
    durationMs: () => 6 * MINUTE,
    exitCode: () => 0,
    delayMs: () => 10,
    findings,
  });

/** Passes second by second up to `ms`; when the text first was as asked, ms from the start. */
function firstSeen(night: Night, ms: number, isSo: (text: string) => boolean): number | undefined {
  let seen: number | undefined;
  for (let at = 0; at < ms; at += 2_000) {
    night.pass(2_000);
    if (isSo(night.text())) seen ??= at;
  }
  return seen;
}

test("a flag of a run that goes on stands in its receipt, and is renewed at the end", () => {
  const night = nightOf((_, ranMs) => (ranMs >= MINUTE ? [notFinite()] : []));
  const seen = firstSeen(night, 1.5 * MINUTE, (text) =>
    /> \*\*running\*\*[^]*\[WEIRD\] loss is NaN at step 3/.test(text),
  );
  assert.ok(seen !== undefined && seen >= MINUTE + 2_000, `after ${seen} ms`);
  const written = night.writes();
  night.pass(3 * MINUTE);
  assert.equal(night.writes(), written, "the same flag again is no news");
  night.pass(3 * MINUTE);
  assert.match(night.text(), /> \*\*done\*\*[^]*\[WEIRD\] loss is NaN at step 3/);
  assert.equal(night.text().match(/\[WEIRD\]/g)?.length, 1);
});

test("what has passed by the end is gone from the receipt", () => {
  const night = nightOf((_, ranMs) => (ranMs < MINUTE ? [notFinite()] : []));
  night.pass(3 * MINUTE);
  assert.match(night.text(), /> \*\*running\*\*[^]*\[WEIRD\]/);
  night.pass(4 * MINUTE);
  assert.match(night.text(), /> \*\*done\*\*/);
  assert.doesNotMatch(night.text(), /\[WEIRD\]/);
});

test("a finding of tier B is told once it has held for a minute, and only where it persists", () => {
  const since = Date.UTC(2025, 1, 2, 22) + MINUTE;
  const holding = notFinite({
    rule: "spike",
    tier: "B",
    persists: true,
    atMs: since,
    message: "it holds",
  });
  const passing = notFinite({ rule: "slower", tier: "B", atMs: since, message: "it may pass" });
  const note = notFinite({ rule: "over-limit", tier: "note", message: "a note" });
  const night = nightOf((_, ranMs) => (ranMs >= MINUTE ? [holding, passing, note] : []));
  const seen = firstSeen(night, 3 * MINUTE, (text) => text.includes("it holds"));
  assert.ok(seen !== undefined && seen >= MINUTE + FLAG_HOLDS_MS, `after ${seen} ms`);
  assert.doesNotMatch(night.text(), /it may pass|a note/);
});

test("however much the rules say, a run that goes on is written a few times", () => {
  const night = nightOf((_, ranMs) =>
    Array.from({ length: Math.floor(ranMs / 2_000) }, (__, i) =>
      notFinite({ metric: `m${i}`, message: `m${i} is NaN` }),
    ),
  );
  night.pass(MINUTE);
  const before = night.writes();
  night.pass(3 * MINUTE);
  assert.match(night.text(), /> \*\*running\*\*/);
  assert.ok(night.writes() - before <= RUNNING_FLAGS, `${night.writes() - before} writes`);
  assert.equal(night.text().match(/\[WEIRD\]/g)?.length, RUNNING_FLAGS);
});

test("a flag that the person resolves while the run goes on stays resolved", () => {
  const night = nightOf((_, ranMs) => (ranMs >= 10_000 ? [notFinite()] : []));
  night.pass(2 * MINUTE);
  night.save(night.text().replace("[WEIRD]", "[RESOLVED]"));
  night.pass(MINUTE);
  assert.match(night.text(), /> \*\*running\*\*[^]*\[RESOLVED\] loss is NaN/);
  night.pass(5 * MINUTE);
  assert.match(night.text(), /> \*\*done\*\*[^]*\[RESOLVED\] loss is NaN/);
  assert.doesNotMatch(night.text(), /\[WEIRD\]/);
});

test("wherever the daemon dies meanwhile, the flag is told once", () => {
  for (let n = 0; n < 12; n += 1) {
    const night = nightOf((_, ranMs) => (ranMs >= 30_000 ? [notFinite()] : []));
    night.pass(38_000);
    night.crashAtEffect(n, 3_000);
    night.pass(MINUTE);
    assert.equal(night.text().match(/\[WEIRD\] loss is NaN/g)?.length, 1, `crash at effect ${n}`);
  }
});
