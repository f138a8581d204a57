// How long `npm test` and `npm run demo` wait for setup where all is there already.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { measure } from "./measure.ts";
import type { Bench } from "./run.ts";

const SETUP = fileURLToPath(new URL("../bin/setup.js", import.meta.url));

export const bench: Bench = {
  what: "setup of a checkout that is ready",
  boundMs: 150,
  run: () =>
    measure(10, () => {
      const { status, stderr } = spawnSync(process.execPath, [SETUP], { encoding: "utf8" });
      if (status !== 0) throw new Error(stderr);
    }),
};
