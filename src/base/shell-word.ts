// Quotes a path for commands that users see and may copy into a shell. nightlab itself passes
// nothing to a shell.

/** The text as one word of a POSIX shell, in single quotes if it needs them. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
