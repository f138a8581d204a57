// A world as one text: equal texts are equal worlds. Runs that are packed are compared as they read.
import type { World } from "../../src/domain/world.ts";

/** Everything of the world; the order of commands, experiments and what is open counts. */
export const canonical = (world: World): string => JSON.stringify(plain(world), undefined, 1);

function plain(value: unknown): unknown {
  if (value instanceof Map) return [...value].map(([key, one]) => [key, plain(one)]);
  if (value instanceof Set) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (typeof value !== "object" || value === null) return value;
  const whole = "toJSON" in value ? (value as { toJSON: () => object }).toJSON() : value;
  const entries = Object.entries(whole).filter(([, one]) => one !== undefined);
  return Object.fromEntries(
    entries
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, key === "index" ? unordered(plain(one)) : plain(one)]),
  );
}

/** What things are looked up by has no order. */
function unordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unordered).toSorted(byText);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value).map(([key, one]) => [key, unordered(one)]);
}

const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
