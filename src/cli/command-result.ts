// What a subcommand answers with, and the exit codes that all of them share.
// Printing and leaving is main.ts's.

export interface CommandResult {
  /** Printed to standard output when `exitCode` is 0 or 1, else to standard error. */
  readonly text: string;
  readonly exitCode: ExitCode;
  /** Leave as soon as it is printed: a driver that hangs may still be asked for its GPUs. */
  readonly atOnce?: true;
}

/** 0: as asked. 1: it was done, and the answer is no. 2: it could not be done. */
export type ExitCode = 0 | 1 | 2;

export const refused = (text: string): CommandResult => ({ text, exitCode: 2 });
