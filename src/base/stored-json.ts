// Reads back what was stored as JSON. JSON knows no NaN and no infinity: such a value of a log
// was stored as null, beside the token that says which of them it was.

/** As `JSON.parse`; samples have their value again. */
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
