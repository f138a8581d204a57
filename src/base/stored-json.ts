// Parses stored JSON. JSON has no NaN and no infinity: such a value of a sample is stored as null,
// beside the literal token that says which one it was.

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
