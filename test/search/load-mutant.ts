// `--import` of this serves one source file changed, as NIGHTLAB_MUTANT says: nothing on disk is.
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { mutated } from "./mutated.ts";

const asked = process.env["NIGHTLAB_MUTANT"];
if (asked !== undefined) {
  const { url, ...change } = JSON.parse(asked) as {
    readonly url: string;
    readonly start: number;
    readonly end: number;
    readonly becomes: string;
  };
  registerHooks({
    load(loading, context, next) {
      if (loading !== url) return next(loading, context);
      const source = mutated(readFileSync(fileURLToPath(url), "utf8"), change);
      return { format: "module-typescript", source, shortCircuit: true };
    },
  });
}
