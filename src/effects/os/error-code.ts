// The code of a system error, such as ENOENT.

/** The `code` of a system error; "" for any other value. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error) || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}

/** The `code` of a system error. Throws any other error on: it is no answer of the disk but a bug. */
export function systemErrorCode(error: unknown): string {
  const code = errorCode(error);
  if (code === "") throw error;
  return code;
}
