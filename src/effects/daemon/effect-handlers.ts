// The port between deciding and doing: one effect handler for each kind of effect. A handler
// executes its effect, posts the results as events, and must tolerate getting an effect twice.
import type { Effect } from "../../domain/effect.ts";
import type { Event } from "../../domain/event.ts";

type WithoutTime<T> = T extends unknown ? Omit<T, "atMs"> : never;
/** An event as it is posted: the loop adds the time. */
export type NewEvent = WithoutTime<Event>;
export type Post = (event: NewEvent) => void;

type EffectOf<K extends Effect["kind"]> = Extract<Effect, { kind: K }>;

/** A handler for each kind of effect. A rejected promise is a bug and ends the daemon. */
export type EffectHandlers = {
  readonly [K in Effect["kind"]]: (effect: EffectOf<K>, post: Post) => void | Promise<void>;
};

/** Passes an effect to its handler; rejects as the handler does. */
export async function dispatch(
  handlers: EffectHandlers,
  effect: Effect,
  post: Post,
): Promise<void> {
  const handler = handlers[effect.kind] as (effect: Effect, post: Post) => void | Promise<void>;
  await handler(effect, post);
}
