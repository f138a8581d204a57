// The code of a system error, such as ENOENT.

/** The `code` of a system error; "" for any other value. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error) || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}
