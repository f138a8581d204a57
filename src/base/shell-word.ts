// A path as one word for a shell, for commands that a person is shown and may copy.
// nightlab itself hands nothing to a shell.

/** The text, in single quotes where a POSIX shell would not take it as it is. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
