// Nights of many runs on several GPUs, with faults of the GPUs and deaths of the daemon.
// `NIGHTLAB_NIGHTS` is how many seeds are played on each number of GPUs, 200 runs each from two on.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../properties.ts";
import { dependencies } from "../../src/queue/go.ts";
import { inOrder } from "../../src/queue/order.ts";
import { ENDED } from "../../src/model/world.ts";
import { Gpus } from "./gpus.ts";
import { startNight, type Night } from "./night.ts";

const NIGHTS = Number(process.env["NIGHTLAB_NIGHTS"] ?? 1);
const RUNS = NIGHTS > 1 ? 200 : 60;
const SECOND = 1_000;
const LOOK_MS = 200;
const HEAD = "# A night\n\n## 2025-02-02\n\n";

/** A small generator of numbers (mulberry32), so that one seed is one night. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Played {
  readonly night: Night;
  readonly gpus: Gpus;
  readonly wanted: readonly string[];
  readonly idle: readonly string[];
}

/** How many GPUs the next run in order needs that waits for no other; undefined where none does. */
function nextNeed(night: Night): number | undefined {
  const world = night.world();
  const next = inOrder(world).find(
    (command) => command.spec.gpus !== 0 && dependencies(world, command).kind === "ready",
  );
  return next === undefined ? undefined : (next.spec.gpus ?? 1);
}

function play(seed: number, count: number): Played {
  const random = dice(seed);
  const below = (most: number): number => Math.floor(random() * most);
  /** From, how long, which GPU: times at which a fault is there. */
  const spells = Array.from({ length: 4 }, () => ({
    from: below(900) * SECOND,
    forMs: 10 * SECOND + below(120) * SECOND,
    index: below(count),
    kind: below(4),
  }));
  const during = (kind: number, index: number | undefined, nowMs: number): boolean =>
    spells.some(
      (one) =>
        one.kind === kind &&
        (index === undefined || one.index === index) &&
        nowMs >= one.from &&
        nowMs < one.from + one.forMs,
    );
  const gpus = new Gpus(count, {
    releaseMs: () => (random() < 0.5 ? 0 : below(6_000)),
    stranger: (index, nowMs) => during(0, index, nowMs),
    broken: (index, nowMs) => during(1, index, nowMs),
    unlisted: (index, nowMs) => during(2, index, nowMs),
    silent: (nowMs) => during(3, undefined, nowMs),
  });
  const wanted = Array.from({ length: RUNS }, (_, i) => `r${i}`);
  const options = ["", "", "", " gpus=0", " share=2", " priority=5"];
  if (count > 1) options.push(" gpus=2");
  // One in five comes after one above it, however that one ends.
  const after = (i: number): string =>
    i > 0 && below(5) === 0 ? ` after=r${Math.max(0, i - 1 - below(10))} (any)` : "";
  const lines = wanted.map(
    (name, i) => `run: ${name}${options[below(options.length)]}${after(i)}\n`,
  );
  const night = startNight({
    text: HEAD,
    durationMs: () => SECOND + below(20_000),
    exitCode: () => (random() < 0.2 ? 1 : 0),
    delayMs: () => 1 + below(20),
    gpus,
  });
  night.pass(SECOND);
  night.save(`${HEAD}${lines.join("\n")}`);
  night.pass(20 * SECOND);
  return { night, gpus, wanted, idle: watch(night, gpus, wanted.length, () => random()) };
}

/** Somebody stops a run that goes on, in the journal. */
function stopOne(night: Night, random: () => number): void {
  const running = [...night.world().commands.values()].filter(({ state }) => state === "running");
  const one = running[Math.floor(random() * running.length)];
  if (one !== undefined) night.save(`${night.text().trimEnd()}\n\nstop: ${one.id}\n`);
}

/** Lets time pass until all is over; answers when a GPU was idle although a run could start. */
function watch(night: Night, gpus: Gpus, runs: number, random: () => number): readonly string[] {
  const idle: string[] = [];
  let sinceMs: number | undefined;
  let graceMs = 0;
  let resumeAtMs = 0;
  let atMs = 0;
  for (; night.starts.length < runs && atMs < 4 * 3_600 * SECOND; atMs += LOOK_MS) {
    if (random() < 0.002) {
      night.crashAtEffect(Math.floor(random() * 20), SECOND);
      // A daemon that is dead, and one that takes up what was running, start nothing.
      graceMs = atMs + 30 * SECOND;
    }
    if (random() < 0.004) stopOne(night, random);
    // Runs that die young one after another pause the queue; the person lets it go on.
    const { paused } = night.world();
    if (paused && atMs >= resumeAtMs) {
      night.save(`${night.text().trimEnd()}\n\nqueue: resume\n`);
      resumeAtMs = atMs + 20 * SECOND;
    }
    night.pass(LOOK_MS);
    const need = nextNeed(night);
    const free = gpus.free(night.machineMs());
    const could = need !== undefined && free >= need && atMs > graceMs && !paused;
    if (!could) sinceMs = undefined;
    else if (sinceMs === undefined) sinceMs = atMs;
    else if (atMs - sinceMs > SECOND) {
      idle.push(`${free} free for ${need}, from ${sinceMs} to ${atMs}`);
      sinceMs = undefined;
    }
  }
  night.pass(60 * SECOND);
  return idle;
}

for (const count of [1, 4, 8]) {
  test(`on ${count} GPUs none is promised twice or left idle, and each command starts once`, () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), (seed) => {
        const { night, gpus, wanted, idle } = play(seed, count);
        assert.deepEqual(gpus.wrongs, []);
        assert.deepEqual(idle, []);
        const starts = night.starts.map(({ name }) => name);
        assert.deepEqual(starts.toSorted(), [...wanted].toSorted());
        const open = [...night.world().commands.values()].filter(({ state }) => !ENDED.has(state));
        assert.deepEqual(
          open.map(({ source, state }) => `${source} ${state}`),
          [],
        );
        assert.ok(night.most() <= 2 * count + 1);
      }),
      { numRuns: NIGHTS, endOnFailure: true },
    );
  });
}
