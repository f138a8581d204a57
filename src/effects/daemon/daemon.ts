// The loop: passes one event at a time to `step`, appends its facts to the ledger, then dispatches
// its effects. It decides nothing and does no I/O of its own; compose-daemon.ts gives it its parts.
import { dispatch, type EffectHandlers, type NewEvent } from "./effect-handlers.ts";
import type { Recorder } from "./recording.ts";
import type { Ledger } from "../state/ledger.ts";
import { labOf } from "../../domain/replay.ts";
import type { Event } from "../../domain/event.ts";
import type { World } from "../../domain/world.ts";
import { step } from "../../scheduler/step.ts";

export interface LoopParts {
  readonly world: World;
  readonly ledger: Pick<Ledger, "append">;
  readonly handlers: EffectHandlers;
  /** ms since 1970. */
  readonly now: () => number;
  /** Calls back once at or after a time; a later call replaces the earlier one. */
  readonly wakeAt: (atMs: number | undefined, callback: () => void) => void;
  /** Sees every event before its turn, and what came of it. */
  readonly recorder?: Pick<Recorder, "event" | "turn"> | undefined;
  /** A bug of the daemon, or a ledger that cannot be written: the daemon must end. */
  readonly onFault: (error: unknown) => void;
}

export interface Loop {
  /** Runs the event's turn now, or after the turn in progress. */
  post(event: NewEvent): void;
  /** No further event is taken; effects in progress may still finish. */
  stop(): void;
}

/**
 * Starts a loop; it does nothing until the first event is posted. After a fault it takes no further
 * event.
 */
export function startLoop(parts: LoopParts): Loop {
  const { world, ledger, handlers } = parts;
  const waiting: Event[] = [];
  let busy = false;
  let stopped = false;
  let isClosing = false;

  const fault = (error: unknown): void => {
    // An effect in progress may find closed what it needs.
    if (isClosing) return;
    stopped = true;
    parts.wakeAt(undefined, () => undefined);
    parts.onFault(error);
  };
  const runTurn = (event: Event): void => {
    parts.recorder?.event(event);
    const outcome = step(world, event);
    parts.recorder?.turn(outcome);
    const { facts, effects, wakeAtMs } = outcome;
    ledger.append(facts.map((fact) => ({ lab: labOf(world, fact), fact })));
    parts.wakeAt(wakeAtMs, () => post({ kind: "tick" }));
    for (const effect of effects) dispatch(handlers, effect, post).catch(fault);
  };
  const post = (event: NewEvent): void => {
    waiting.push({ ...event, atMs: parts.now() });
    // A handler that posts synchronously must not nest one turn in another.
    if (busy) return;
    busy = true;
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        if (!stopped) runTurn(next);
      }
    } catch (error) {
      fault(error);
    } finally {
      busy = false;
    }
  };
  return {
    post: (event) => {
      if (!stopped) post(event);
    },
    stop() {
      stopped = true;
      isClosing = true;
      parts.wakeAt(undefined, () => undefined);
    },
  };
}
