// A pause applies to the whole machine: each daemon watches the ledger for pauses and resumes that
// other daemons recorded. `step` decides what a pause prevents from starting.
import { watch } from "node:fs";
import { POLL_MS } from "../../base/limits.ts";
import type { PauseFact } from "../../domain/fact.ts";
import type { World } from "../../domain/world.ts";
import type { Ledger } from "./ledger.ts";

/** Delay from a change of the ledger to reading it: most changes come in bursts of other facts. */
const PAUSE_DELAY_MS = 200;

/** A running watch. */
export interface PauseWatch {
  /** Checks now: reports a new pause or resume before it returns. */
  readonly look: () => void;
  /** Ends the watch. */
  readonly close: () => void;
}

/** Reports the latest pause or resume whenever it is not in this daemon's world yet. */
export function watchPause(
  stateDir: string,
  ledger: Pick<Ledger, "lastPause">,
  world: Pick<World, "paused" | "pause">,
  report: (fact: PauseFact) => void,
): PauseWatch {
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    const fact = ledger.lastPause();
    if (fact !== undefined && !isKnown(fact, world)) report(fact);
  };
  const soon = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      look();
    }, PAUSE_DELAY_MS).unref();
  };
  // File watchers can lose events, and some file systems have none.
  const poll = setInterval(look, POLL_MS).unref();
  const closers = [() => clearInterval(poll), () => clearTimeout(timer)];
  try {
    const watcher = watch(stateDir, soon).unref();
    watcher.on("error", () => watcher.close());
    closers.push(() => watcher.close());
  } catch {
    // Any failure: polling is enough.
  }
  return {
    look,
    close() {
      for (const close of closers) close();
    },
  };
}

function isKnown({ paused, atMs }: PauseFact, world: Pick<World, "paused" | "pause">): boolean {
  return paused ? world.pause?.atMs === atMs : !world.paused;
}
