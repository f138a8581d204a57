// Parses stored JSON, and checks what it holds. JSON has no NaN and no infinity: such a value of a
// sample is stored as null, beside the literal token that says which one it was.
import type { Shape } from "./stored-shape.ts";

/** Like `JSON.parse`, but samples get their NaN or infinite value back. */
export function parseStored(text: string): unknown {
  return text.includes('"value":null') ? JSON.parse(text, withValue) : JSON.parse(text);
}

function withValue(_key: string, stored: unknown): unknown {
  if (typeof stored !== "object" || stored === null) return stored;
  const { value, token } = stored as { readonly value?: unknown; readonly token?: unknown };
  if (value !== null || typeof token !== "string") return stored;
  return {
    ...stored,
    value: /nan/i.test(token) ? NaN : token.startsWith("-") ? -Infinity : Infinity,
  };
}

/** A stored file is not what was written; the message names it and the way out. */
export class StoredTrouble extends Error {
  override readonly name = "StoredTrouble";
  constructor(path: string, what: string, fix: string) {
    super(`${path} is not what was written there: ${what}; ${fix}`);
  }
}

/** A stored file is of a release after this one. */
class NewerTrouble extends Error {
  override readonly name = "NewerTrouble";
  constructor(path: string, version: number) {
    super(`${path} was written by a newer nightlab (version ${version}); use that one`);
  }
}

/** The version of every stored file so far: one without a `v` has it, and it is not written. */
const VERSION = 1;

/** A text as a value of this shape. Throws an error that names the path and the way out. */
export function parseAs<T>(path: string, text: string, shape: Shape<T>, fix: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new StoredTrouble(path, error instanceof Error ? error.message : String(error), fix);
  }
  const { v = VERSION } = typeof value === "object" && value !== null && "v" in value ? value : {};
  if (typeof v === "number" && v > VERSION) throw new NewerTrouble(path, v);
  const wrong = v === VERSION ? shape(value) : " has no version that was ever written";
  if (wrong !== undefined) throw new StoredTrouble(path, `it${wrong}`, fix);
  return value as T;
}
