// Objects without keys that have no value: with `exactOptionalPropertyTypes` an optional key is left
// out, and never set to undefined, so that what is stored and compared has one form.

/** `T` with each key that may be undefined made optional, and without undefined. */
export type Defined<T> = {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
} & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** The object without its keys that are undefined: `{ at, ...defined({ why, limit }) }`. */
export function defined<T extends object>(values: T): Defined<T> {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(values)) if (value !== undefined) kept[key] = value;
  return kept as Defined<T>;
}
