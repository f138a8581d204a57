// The port between deciding and doing: one hand for each kind of effect.
// A hand carries its effect out, reports what came of it as events, and may be asked twice.
import type { Effect } from "../../domain/effect.ts";
import type { Event } from "../../domain/event.ts";

type WithoutTime<T> = T extends unknown ? Omit<T, "atMs"> : never;
/** An event as its finder reports it: the loop puts the time on. */
export type NewEvent = WithoutTime<Event>;
export type Post = (event: NewEvent) => void;

type EffectOf<K extends Effect["kind"]> = Extract<Effect, { kind: K }>;

/** What the daemon can do. A rejected promise is a bug and ends the daemon. */
export type EffectHandlers = {
  readonly [K in Effect["kind"]]: (effect: EffectOf<K>, post: Post) => void | Promise<void>;
};

/** Gives an effect to its hand. */
export async function dispatch(hands: EffectHandlers, effect: Effect, post: Post): Promise<void> {
  const hand = hands[effect.kind] as (effect: Effect, post: Post) => void | Promise<void>;
  await hand(effect, post);
}
