// A pause is for the whole machine: each daemon sees in the ledger what another one recorded of it.
// What a pause keeps from starting is step's; whether a fact is news is all that is asked here.
import { watch } from "node:fs";
import { POLL_MS } from "../../base/limits.ts";
import type { PauseFact } from "../../domain/fact.ts";
import type { World } from "../../domain/world.ts";
import type { Ledger } from "./ledger.ts";

/** What another daemon records of the queue is seen this soon: it comes with many other facts. */
const PAUSE_LOOK_MS = 200;

export interface PauseWatch {
  /** Looks now: what another daemon has recorded by then has been given over when this returns. */
  readonly look: () => void;
  readonly close: () => void;
}

/** Gives over each pause and resume that this daemon has not recorded itself. */
export function watchPause(
  stateDir: string,
  ledger: Pick<Ledger, "lastPause">,
  world: Pick<World, "paused" | "pause">,
  tell: (fact: PauseFact) => void,
): PauseWatch {
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    const fact = ledger.lastPause();
    if (fact !== undefined && !isKnown(fact, world)) tell(fact);
  };
  const soon = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      look();
    }, PAUSE_LOOK_MS).unref();
  };
  // Watchers can lose events, and some file systems have none.
  const poll = setInterval(look, POLL_MS).unref();
  const ends = [() => clearInterval(poll), () => clearTimeout(timer)];
  try {
    const watcher = watch(stateDir, soon).unref();
    watcher.on("error", () => watcher.close());
    ends.push(() => watcher.close());
  } catch {
    // The poll serves.
  }
  return {
    look,
    close() {
      for (const end of ends) end();
    },
  };
}

function isKnown({ paused, atMs }: PauseFact, world: Pick<World, "paused" | "pause">): boolean {
  return paused ? world.pause?.atMs === atMs : !world.paused;
}
