// Each rule finds what is planted for it, and healthy runs of every shape are left alone. The full
// corpus is `node bench/rules.ts`; NIGHTLAB_CORPUS=10 makes this one ten times as large.
import assert from "node:assert/strict";
import { test } from "node:test";
import { measure } from "../corpus/measure.ts";

const size = Number(process.env["NIGHTLAB_CORPUS"] ?? 1);
const seed = Number(process.env["NIGHTLAB_SEED"] ?? 20_250_202);

test(`rules find planted faults and leave healthy runs alone (seed ${seed})`, () => {
  const planted = 20 * size;
  const { rules, flagged, healthy, wrongly } = measure(seed, planted, 240 * size);
  // Of so few runs a rule at its bound may miss one or two more by chance: four deviations.
  for (const { rule, tier, found } of rules) {
    const bound = tier === "A" ? 0.95 : 0.9;
    const chance = 4 * Math.sqrt((bound * (1 - bound)) / planted);
    assert.ok(found / planted >= bound - chance, `${rule}: ${found} of ${planted}, seed ${seed}`);
  }
  const most = 0.01 * healthy + 4 * Math.sqrt(0.01 * healthy);
  assert.ok(flagged <= most, `${flagged} of ${healthy}, seed ${seed}:\n${wrongly.join("\n")}`);
});
