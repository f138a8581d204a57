// Lives of sweeps by chance: deaths of the daemon, full disks, deletions, undos, stops and ticks in
// any order. `NIGHTLAB_SWEEP_LIVES` is how many are played.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ENDED } from "../../src/domain/command-state.ts";
import * as fc from "../properties.ts";
import { startNight, type Night } from "./night.ts";

const MINUTE = 60_000;
const HEAD = "# A night\n\n## 2025-02-02\n\n";
const SWEEP = `${HEAD}\`\`\`yaml
run: grid
sweep: { lr: [1e-4, 3e-4], seed: [0, 1, 2] }
retry: { on: oom, times: 2, delay: 20s }
go: true
\`\`\`
`;
const MEMBERS = 6;
const TRIES = 3;

const happening = fc.oneof(
  fc.record({ kind: fc.constant("crash" as const), n: fc.nat(8), downMs: fc.nat(30_000) }),
  fc.record({ kind: fc.constant("disk-full" as const), downMs: fc.nat(20_000) }),
  fc.record({ kind: fc.constant("writes-fail" as const), n: fc.nat(2) }),
  fc.record({ kind: fc.constantFrom("delete", "undo", "stale", "tick", "touch") }),
  fc.record({ kind: fc.constant("stop" as const), member: fc.nat(MEMBERS) }),
);
const life = fc.record({
  happenings: fc.array(fc.tuple(happening, fc.nat(45_000)), { minLength: 1, maxLength: 12 }),
  delays: fc.array(fc.nat(2_500), { minLength: 1, maxLength: 6 }),
  /** Of each member, how many of its tries run out of memory. */
  full: fc.array(fc.nat(3), { minLength: MEMBERS, maxLength: MEMBERS }),
});
type Life = typeof life extends fc.Arbitrary<infer T> ? T : never;
type Happening = Life["happenings"][number][0];

function happen(night: Night, one: Happening, shown: readonly string[]): void {
  switch (one.kind) {
    case "crash":
      night.crashAtEffect(one.n, one.downMs);
      return;
    case "disk-full":
      night.fillDisk(one.downMs);
      return;
    case "writes-fail":
      night.failWrites(one.n);
      return;
    case "delete":
      night.save(HEAD);
      return;
    case "undo":
      night.save(shown.at(-1) ?? SWEEP);
      return;
    case "stale":
      night.save(SWEEP);
      return;
    case "tick":
      night.save(night.text().replace("[ ] start", "[x] start"));
      return;
    case "stop": {
      const ids = [...night.world().commands.keys()];
      const id = ids[one.member];
      if (id !== undefined) night.post({ kind: "stop-asked", id });
      return;
    }
    default:
      night.save(`${night.text()}\nA thought.\n`);
  }
}

function live({ happenings, delays, full }: Life): void {
  let turn = 0;
  const left = new Map<string, number>();
  const night = startNight({
    text: HEAD,
    // Longer than what the queue pauses itself over.
    durationMs: (name) => 12_000 + name.length * 300,
    exitCode: () => 1,
    cause: ({ attempt }) => {
      const [, member = "", tried = ""] = /\.(\d+)-(\d+)$/.exec(attempt) ?? [];
      return Number(tried) <= (full[Number(member) - 1] ?? 0)
        ? { kind: "gpu-out-of-memory" }
        : undefined;
    },
    delayMs: () => delays[(turn += 1) % delays.length] ?? 0,
  });
  night.pass(1_000);
  night.save(SWEEP);
  const shown: string[] = [];
  for (const [one, waitMs] of happenings) {
    happen(night, one, shown);
    night.pass(waitMs);
    if (night.text().includes("> **")) shown.push(night.text());
    sound(night, left);
  }
  night.crashAtEffect(Number.POSITIVE_INFINITY, 0);
  for (let round = 0; round < 3; round += 1) {
    night.pass(10 * MINUTE);
    night.save(night.text().replaceAll("[ ] start", "[x] start"));
  }
  night.pass(20 * MINUTE);
  // What lost its line is kept for a day.
  if (!night.text().includes("sweep")) night.pass(25 * 60 * MINUTE);
  sound(night, left);
  const head = [...night.world().commands.values()][0];
  assert.ok(head === undefined || ENDED.has(head.state), `${head?.state}\n${night.text()}`);
  const writes = night.writes();
  night.pass(60 * MINUTE);
  assert.equal(night.writes(), writes, "at rest nothing is written");
}

/** No try starts twice, none is one too many, and the sweep stands as its runs do. */
function sound(night: Night, seen: Map<string, number>): void {
  const attempts = night.starts.map(({ attempt }) => attempt);
  assert.equal(new Set(attempts).size, attempts.length, attempts.join());
  seen.clear();
  for (const { command } of night.starts) seen.set(command, (seen.get(command) ?? 0) + 1);
  for (const [command, count] of seen) assert.ok(count <= TRIES, `${command} ran ${count} times`);
  assert.ok(night.most() <= 1, "one run at a time");
}

test("whatever happens to a sweep, no try of a run starts twice and all of it comes to an end", () => {
  fc.assert(fc.property(life, live), {
    numRuns: Number(process.env["NIGHTLAB_SWEEP_LIVES"] ?? 25),
  });
});
