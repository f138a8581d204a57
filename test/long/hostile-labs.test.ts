// Many labs as a stranger may hand them on. NIGHTLAB_HOSTILE_LABS says how many (40), NIGHTLAB_SEED
// the first one's seed; each lab that fails is named by its own, which plays it again.
import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { judgeLab } from "../e2e/hostile-labs.ts";

const LABS = Number(process.env["NIGHTLAB_HOSTILE_LABS"] ?? 40);

test(`of ${LABS} labs from elsewhere none changes anything outside or runs a program`, async (t) => {
  const asked = process.env["NIGHTLAB_SEED"] ?? "1000";
  const first = asked === "random" ? Math.floor(Math.random() * 1e9) : Number(asked);
  t.diagnostic(`seeds ${first} to ${first + LABS - 1}`);
  const failures: string[] = [];
  let next = first;
  const judgeSome = async (): Promise<void> => {
    while (next < first + LABS) {
      const seed = next;
      next += 1;
      await judgeLab(seed).catch((error: unknown) => {
        const actual = (error as { readonly actual?: unknown }).actual ?? String(error);
        failures.push(`NIGHTLAB_SEED=${seed}: ${JSON.stringify(actual, undefined, 1)}`);
      });
    }
  };
  // Most of the time of each is waiting.
  await Promise.all(Array.from({ length: 2 * availableParallelism() }, judgeSome));
  assert.equal(failures.join("\n"), "");
});
