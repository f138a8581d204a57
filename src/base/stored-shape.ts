// Shapes of what is stored as JSON: what comes back from disk is checked, not cast. A shape says
// what is wrong with a value, with its place in it: `.spec.args[2] is no text`.

/**
 * What is wrong with a value that should be a T, as the rest of a sentence; undefined: nothing.
 * Fields that a shape does not name are let through: a later release may have added them.
 */
export type Shape<T> = ((value: unknown) => string | undefined) & { readonly of?: T };

/** The shapes of an object's fields; one that may be absent has a shape made by `maybe`. */
export type Fields<T> = {
  readonly [K in keyof T]-?: {} extends Pick<T, K> ? Maybe<T[K]> : Shape<T[K]>;
};
type Maybe<T> = Shape<Exclude<T, undefined>> & { readonly mayBeAbsent: true };

/** Any text, and so also one of the branded ones. */
export const string = <T extends string>(): Shape<T> => isText;
const isText = (value: unknown): string | undefined =>
  typeof value === "string" ? undefined : " is no text";

/** A number; also NaN and the infinities, which stored-json.ts restores. */
export const number: Shape<number> = (value) =>
  typeof value === "number" ? undefined : " is no number";

/** A whole number from 0. */
export const whole: Shape<number> = (value) =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? undefined : " is no whole number";

export const boolean: Shape<boolean> = (value) =>
  typeof value === "boolean" ? undefined : " is neither true nor false";

/** One of these values. */
export function oneOf<T extends string | number | boolean>(...values: readonly T[]): Shape<T> {
  const known: ReadonlySet<unknown> = new Set(values);
  return (value) => (known.has(value) ? undefined : ` is not ${values.join(", ")}`);
}

export function list<T>(item: Shape<T>): Shape<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) return " is no list";
    for (let i = 0; i < value.length; i += 1) {
      const wrong = item(value[i]);
      if (wrong !== undefined) return `[${i}]${wrong}`;
    }
    return undefined;
  };
}

/** An object whose keys are not known, with values of one shape. */
export function record<T>(item: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return (value) => {
    if (!isObject(value)) return " is no object";
    for (const key of Object.keys(value)) {
      const wrong = item(value[key]);
      if (wrong !== undefined) return `.${key}${wrong}`;
    }
    return undefined;
  };
}

/** A field that may be absent. */
export function maybe<T>(shape: Shape<T>): Maybe<T> {
  const check = (value: unknown): string | undefined =>
    value === undefined ? undefined : shape(value);
  return Object.assign(check, { mayBeAbsent: true } as const);
}

export function object<T>(fields: Fields<T>): Shape<T> {
  const keys = Object.keys(fields);
  const shapes: readonly Shape<unknown>[] = Object.values(fields);
  return (value) => {
    if (!isObject(value)) return " is no object";
    // Counted: a ledger has hundreds of thousands of rows.
    for (let i = 0; i < keys.length; i += 1) {
      const key = keys[i] ?? "";
      const field = value[key];
      const wrong = shapes[i]?.(field);
      if (wrong === undefined) continue;
      return field === undefined ? `.${key} is missing` : `.${key}${wrong}`;
    }
    return undefined;
  };
}

/** Objects of several kinds, each with its own fields beside `kind`. */
export function kinds<T extends { readonly kind: string }>(of: {
  readonly [K in T["kind"]]: Fields<Omit<Extract<T, { readonly kind: K }>, "kind">>;
}): Shape<T> {
  const shapes = new Map(
    Object.entries(of).map(([kind, fields]) => [kind, object(fields as Fields<object>)]),
  );
  return (value) => {
    if (!isObject(value)) return " is no object";
    const shape = shapes.get(String(value["kind"]));
    return shape === undefined ? ".kind is none that is known" : shape(value);
  };
}

/** A list of so many items, each of its own shape. */
export function tuple<T extends readonly unknown[]>(
  ...items: { readonly [I in keyof T]: Shape<T[I]> }
): Shape<T> {
  const shapes: readonly Shape<unknown>[] = items;
  return (value) => {
    if (!Array.isArray(value) || value.length !== shapes.length)
      return ` is no list of ${shapes.length}`;
    for (const [i, shape] of shapes.entries()) {
      const wrong = shape(value[i]);
      if (wrong !== undefined) return `[${i}]${wrong}`;
    }
    return undefined;
  };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
