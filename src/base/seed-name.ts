// Names of runs that differ in their seed alone.

/** `full-seed-3` → `full`. A name that is nothing but a seed stays. */
export function nameWithoutSeed(name: string): string {
  const bare = name.replace(/(?:^|[-_.])(?:seed|s)[-_.=]?\d+(?=$|[-_.])/i, "");
  return bare === "" ? name : bare;
}
