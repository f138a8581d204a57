// The result of a subcommand, and the exit codes that all of them share. main.ts prints it and
// exits.

export interface CommandResult {
  /** Printed to standard output when `exitCode` is 0 or 1, else to standard error. */
  readonly text: string;
  readonly exitCode: ExitCode;
  /** Exit right after printing, since a GPU query may still hang in the driver. */
  readonly atOnce?: true;
}

/** 0: success. 1: it was done, but the answer is negative. 2: it could not be done. */
export type ExitCode = 0 | 1 | 2;

/** The result for what cannot be done: exit code 2, the text on standard error. */
export const refused = (text: string): CommandResult => ({ text, exitCode: 2 });
