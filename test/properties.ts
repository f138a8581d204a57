// fast-check for every property test: one seed for the whole suite, so that what was green for one
// person is green for the next. `NIGHTLAB_SEED=random` looks for new cases, a number repeats some.
import * as fc from "fast-check";

const asked = process.env["NIGHTLAB_SEED"] ?? "20250202";
// Without a seed fast-check takes one of its own, and prints it where a property fails.
if (asked !== "random") fc.configureGlobal({ seed: Number(asked) });

export * from "fast-check";
