// From the ledger's rows to a world, and from a fact to its row.
// Where the rows are kept is not its business: effects/state/ledger.ts holds them in SQLite.
import { apply } from "./apply.ts";
import type { Fact } from "./fact.ts";
import type { LabPath } from "../base/ids.ts";
import { emptyWorld, type World } from "./world.ts";

/** The world as the facts, oldest first, say that it is. */
export function replay(facts: Iterable<Fact>): World {
  const world = emptyWorld();
  for (const fact of facts) {
    apply(world, fact);
    world.nowMs = Math.max(world.nowMs, fact.atMs);
  }
  return world;
}

/** The lab that a fact belongs to; "" for what concerns the whole machine. */
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
