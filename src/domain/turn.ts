// One turn of `step`: each fact is applied to the world as it is recorded, effects are collected.
// A turn is one transaction: the loop commits its facts together before it executes the effects.
import { apply } from "./apply.ts";
import type { Effect } from "./effect.ts";
import type { Fact } from "./fact.ts";
import type { World } from "./world.ts";

type WithoutTime<T> = T extends unknown ? Omit<T, "atMs"> : never;
/** A fact without its time, which is the turn's. */
export type NewFact = WithoutTime<Fact>;

/** What decisions see and do in one turn. */
export interface Turn {
  readonly world: World;
  readonly atMs: number;
  /** Records a fact and applies it to the world at once. */
  record(fact: NewFact): void;
  /** Requests an effect, to be executed after the turn. */
  effect(effect: Effect): void;
  /** Requests another turn at that time, ms since 1970; ignored where it is not in the future. */
  wake(atMs: number): void;
  readonly facts: readonly Fact[];
  readonly effects: readonly Effect[];
  /** The earliest requested time of another turn. */
  readonly wakeAtMs: () => number | undefined;
}

/** Opens a turn at a time, ms since 1970. */
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
