// From the facts of the ledger to a world, and the lab of a fact.
// effects/state/ledger.ts keeps the facts in SQLite.
import { apply } from "./apply.ts";
import type { Fact } from "./fact.ts";
import type { LabPath } from "../base/ids.ts";
import { emptyWorld, type World } from "./world.ts";

/** Builds the world from facts, oldest first, or goes on from the world that earlier ones gave. */
export function replay(facts: Iterable<Fact>, world = emptyWorld()): World {
  for (const fact of facts) apply(world, fact);
  world.nowMs = world.recordedMs;
  world.replayedMs = world.recordedMs;
  return world;
}

/** The lab that a fact belongs to; "" for a fact about the whole machine or an unknown lab. */
export function labOf(world: World, fact: Fact): LabPath | "" {
  if ("lab" in fact) return fact.lab;
  const experiment =
    "experiment" in fact
      ? fact.experiment
      : "id" in fact
        ? world.commands.get(fact.id)?.experiment
        : undefined;
  if (experiment === undefined) return "";
  return world.experiments.get(experiment)?.lab ?? "";
}
