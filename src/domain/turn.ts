// One turn of `step`: facts are applied to the world as they are recorded, effects are collected.
// The loop makes the facts durable before it carries out any of the effects.
import { apply } from "./apply.ts";
import type { Effect } from "./effect.ts";
import type { Fact } from "./fact.ts";
import type { World } from "./world.ts";

type WithoutTime<T> = T extends unknown ? Omit<T, "atMs"> : never;
/** A fact whose time is the turn's. */
export type NewFact = WithoutTime<Fact>;

export interface Turn {
  readonly world: World;
  readonly atMs: number;
  record(fact: NewFact): void;
  effect(effect: Effect): void;
  /** Something is due then: another turn is wanted at that time. */
  wake(atMs: number): void;
  readonly facts: readonly Fact[];
  readonly effects: readonly Effect[];
  readonly wakeAtMs: () => number | undefined;
}

/** Opens a turn at a time; `record` changes the world at once. */
export function openTurn(world: World, atMs: number): Turn {
  const facts: Fact[] = [];
  const effects: Effect[] = [];
  let wakeAtMs: number | undefined;
  return {
    world,
    atMs,
    facts,
    effects,
    record(fact) {
      const timed = { ...fact, atMs } as Fact;
      facts.push(timed);
      apply(world, timed);
    },
    effect: (effect) => effects.push(effect),
    wake(dueAtMs) {
      if (dueAtMs > atMs) wakeAtMs = Math.min(wakeAtMs ?? dueAtMs, dueAtMs);
    },
    wakeAtMs: () => wakeAtMs,
  };
}
