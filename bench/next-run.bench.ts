// From the moment a GPU is free again to the next run's process on it, on the real daemon, against
// what the queues of peers.ts take from one command to the next. The driver and uv are stand-ins:
// the first tells of the memory, the second says when it was called.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { standIn } from "../test/contract/gpu-stand-in.ts";
import { JOURNAL, openLab, trainScript } from "../test/e2e/lab.ts";
import { measure, quantile } from "./measure.ts";
import { boundBy, peers, type Peer } from "./peers.ts";
import type { Bench } from "./run.ts";

const ROUNDS = 15;
const BOUND_MS = 50;
/** Says when it was started and when it ended. */
const STAMPS = "date +%s%N >> started\nsleep 0.3\ndate +%s%N >> ended\n";

/** Times in a file of stamps, ms since 1970; none where it is not there yet. */
function stampsIn(folder: string, name: string): readonly number[] {
  try {
    const lines = readFileSync(join(folder, name), "utf8").trim().split("\n");
    return lines.map((line) => Number(line) / 1e6);
  } catch {
    return [];
  }
}

/** What a peer takes from one command's end to the next one's process, ms in the median. */
function gapOf(peer: Peer): number {
  const folder = mkdtempSync(join(tmpdir(), "nightlab-bench-"));
  try {
    mkdirSync(join(folder, "work"));
    const count = Math.min(ROUNDS + 1, peer.most);
    const command = [
      "sh",
      "-c",
      `cd ${join(folder, "work")}; ${STAMPS.trim().replaceAll("\n", "; ")}`,
    ];
    peer.row(
      folder,
      Array.from({ length: count }, () => command),
    );
    const started = stampsIn(join(folder, "work"), "started");
    const ended = stampsIn(join(folder, "work"), "ended");
    const gaps = started.slice(1).map((at, i) => at - (ended[i] ?? Number.NaN));
    return quantile(
      gaps.toSorted((a, b) => a - b),
      0.5,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where `heldMs` is over 0, a run's memory stays in use so long; the time counts from its release. */
function benchOf(what: string, heldMs: number): Bench {
  let boundMs = BOUND_MS;
  return {
    what,
    get boundMs() {
      return boundMs;
    },
    run: async () => {
      for (const peer of heldMs > 0 ? [] : peers()) {
        const gapMs = gapOf(peer);
        console.log(`     ${what}: ${peer.name} takes ${gapMs.toPrecision(3)} ms`);
        // What nq does is to fork: it asks nobody about a GPU.
        if (peer.isDaemon) boundMs = Math.min(boundMs, boundBy(peer, gapMs));
      }
      const folder = mkdtempSync(join(tmpdir(), "nightlab-bench-"));
      const uv = join(folder, "uv");
      writeFileSync(uv, `#!/bin/sh\n[ "$1" = run ] || exit 0\n${STAMPS}`);
      chmodSync(uv, 0o755);
      const driver = standIn(folder, [4]);
      const env = { ...driver.env, NIGHTLAB_UV: uv };
      const lab = await openLab({ journal: JOURNAL, train: trainScript(""), env });
      const times = (name: string): readonly number[] => stampsIn(lab.experiment, name);
      try {
        await lab.start();
        return await measure(ROUNDS, async (round) => {
          const [began, over] = [times("started").length, times("ended").length];
          const names = [`a${round + 10}`, `b${round + 10}`];
          await lab.save(
            `${lab.journal().trimEnd()}\n\n${names.map((name) => `run: ${name} !\n`).join("\n")}`,
          );
          await lab.until("the first started", () => times("started").length === began + 1);
          if (heldMs > 0) driver.say([60_000]);
          await lab.until("the first ended", () => times("ended").length === over + 1);
          let freeAtMs = times("ended")[over] ?? Number.NaN;
          if (heldMs > 0) {
            await new Promise((resolve) => setTimeout(resolve, heldMs));
            freeAtMs = Date.now();
            driver.say([4]);
          }
          await lab.until("both ended", () => times("ended").length === over + 2);
          return (times("started")[began + 1] ?? Number.NaN) - freeAtMs;
        });
      } finally {
        await lab.close();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

export const benches: readonly Bench[] = [
  benchOf("from a run's end to the next one's process on the same GPU", 0),
  benchOf("from the release of a GPU's memory to the next run's process on it", 300),
];
