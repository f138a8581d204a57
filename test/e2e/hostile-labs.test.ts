// Three labs as a stranger may hand them on, through everything that reads a lab.
// test/long/hostile-labs.test.ts draws as many as are asked for. `NIGHTLAB_SEED` plays one again.
import { test } from "node:test";
import { judgeLab } from "./hostile-labs.ts";
import { canTrace } from "./watched-world.ts";

/** Each of these was seen to fail with links followed. */
const SEEDS = [107, 143, 145];

test("a lab from elsewhere changes nothing outside of it and runs no program", async (t) => {
  const asked = process.env["NIGHTLAB_SEED"];
  const seeds = asked === undefined ? SEEDS : [Number(asked)];
  const how = canTrace ? "every execve traced" : "no strace: programs are known by what they leave";
  t.diagnostic(`seeds ${seeds.join(", ")}; ${how}`);
  await Promise.all(seeds.map(judgeLab));
});
