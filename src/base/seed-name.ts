// Seeds of runs, as arguments give them, and the names of runs that differ in nothing else.

/** `full-seed-3` → `full`. A name that is nothing but a seed stays. */
export function nameWithoutSeed(name: string): string {
  const bare = name.replace(/(?:^|[-_.])(?:seed|s)[-_.=]?\d+(?=$|[-_.])/i, "");
  return bare === "" ? name : bare;
}

/** `--seed 3` or `--seed=3`, the last one given. */
export function seedOf(args: readonly string[]): string | undefined {
  let seed: string | undefined;
  for (const [index, arg] of args.entries()) {
    if (arg === "--seed") seed = args[index + 1] ?? seed;
    else if (arg.startsWith("--seed=")) seed = arg.slice("--seed=".length);
  }
  return seed;
}
