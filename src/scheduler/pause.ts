// Pausing the queue: by the user, by `queue: drain`, or by itself after several early failures in a
// row. A pause is for all labs of the machine. start.ts starts nothing while one is in force.
import { apply } from "../domain/apply.ts";
import type { QueueWord } from "../domain/command.ts";
import type { PauseFact } from "../domain/fact.ts";
import { EARLY_FAILURE_MS, EARLY_FAILURES } from "../domain/pause.ts";
import { openCommands, type World } from "../domain/world.ts";
import { changeView } from "./change-view.ts";
import { showLabPage } from "./nightly-summary.ts";
import type { Turn } from "../domain/turn.ts";
import { startable } from "./order.ts";
import { atWork } from "../domain/pause-text.ts";

/** Executes a `queue:` command and returns what its receipt says. */
export function setQueue(turn: Turn, word: QueueWord): string {
  const { paused, pause } = turn.world;
  const drain = word === "drain";
  const asIs = word === "resume" ? !paused : paused && pause?.drain === drain && !pause.why;
  if (!asIs) record(turn, { paused: word !== "resume", ...(drain ? { drain } : {}) });
  switch (word) {
    case "resume":
      return "the queue goes on";
    case "pause":
      return "nothing new starts until `queue: resume`; what runs goes on";
    case "drain":
      return drainWords(turn.world);
  }
}

/** Another daemon of this machine has paused or resumed the queue. */
export function onPausedElsewhere(turn: Turn, fact: PauseFact): void {
  // The other daemon has recorded it: the ledger is shared.
  apply(turn.world, fact);
  show(turn);
}

/**
 * Pauses the queue after EARLY_FAILURES early failures in a row, if more commands would follow. All
 * of them must have been queued before the first one failed: else the user is trying things out.
 */
export function pauseAfterFailures(turn: Turn): void {
  const { world } = turn;
  const [first, ...more] = world.earlyFailures;
  if (world.paused || first === undefined || more.length + 1 < EARLY_FAILURES) return;
  if (!more.every(({ acceptedAtMs }) => acceptedAtMs <= first.endedAtMs)) return;
  if (!openCommands(world).some(startable)) return;
  const why = `${EARLY_FAILURES} runs in a row failed within ${EARLY_FAILURE_MS / 1_000} s`;
  record(turn, { paused: true, why, died: world.earlyFailures.map(({ id }) => id) });
}

/** Ends `queue: drain` commands once nothing runs any more, or the queue was resumed. */
export function endDrains(turn: Turn): void {
  const { world } = turn;
  for (const id of world.drains) {
    const goesOn = !world.paused || world.pause?.drain !== true;
    if (!goesOn && atWork(world) > 0) continue;
    const reason = goesOn ? "the queue went on before all had ended" : drainWords(world);
    turn.record({ kind: "command-state", id, state: "done", reason });
  }
}

function drainWords(world: World): string {
  const left = atWork(world);
  const go = "`queue: resume` lets the queue go on";
  if (left === 0) return `nothing runs any more, and nothing starts; ${go}`;
  return `nothing new starts; ${left} run${left === 1 ? " is" : "s are"} still at work`;
}

function record(turn: Turn, pause: Omit<PauseFact, "kind" | "atMs">): void {
  turn.record({ kind: "queue-paused", ...pause });
  show(turn);
}

/** Waiting commands show a pause in their receipts; LAB.md shows one that nobody asked for. */
function show(turn: Turn): void {
  const { world } = turn;
  for (const experiment of world.views.keys()) changeView(world, experiment, { dirty: true });
  for (const lab of world.labs.keys()) showLabPage(turn, lab);
}
