// Seeds in the arguments and names of runs.

/** A run's name without its seed: `full-seed-3` → `full`. A name that is only a seed stays. */
export function nameWithoutSeed(name: string): string {
  const bare = name.replace(/(?:^|[-_.])(?:seed|s)[-_.=]?\d+(?=$|[-_.])/i, "");
  return bare === "" ? name : bare;
}

/** The value of the last `--seed 3` or `--seed=3`. */
export function seedOf(args: readonly string[]): string | undefined {
  let seed: string | undefined;
  for (const [index, arg] of args.entries()) {
    if (arg === "--seed") seed = args[index + 1] ?? seed;
    else if (arg.startsWith("--seed=")) seed = arg.slice("--seed=".length);
  }
  return seed;
}
