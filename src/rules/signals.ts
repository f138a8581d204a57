// The signals behind exit codes as a shell reports them.
// Who sent a signal and why is not known here; cause.ts looks for evidence.

const SIGNALS: Readonly<Record<number, string>> = {
  1: "SIGHUP",
  2: "SIGINT",
  3: "SIGQUIT",
  4: "SIGILL",
  5: "SIGTRAP",
  6: "SIGABRT",
  7: "SIGBUS",
  8: "SIGFPE",
  9: "SIGKILL",
  10: "SIGUSR1",
  11: "SIGSEGV",
  12: "SIGUSR2",
  13: "SIGPIPE",
  14: "SIGALRM",
  15: "SIGTERM",
  24: "SIGXCPU",
  25: "SIGXFSZ",
  31: "SIGSYS",
};

/**
 * The name of the signal of exit code 128 + n, with Linux numbers; undefined for other codes. The
 * code alone proves no signal: a shell passes it on where a signal ended what it ran.
 */
export function signalOf(code: number): string | undefined {
  return code > 128 ? SIGNALS[code - 128] : undefined;
}

/** When shells and uv end with this exit code, as a clause; undefined where they have no rule. */
export function shellMeaning(code: number): string | undefined {
  if (code === 126) return "as shells do when a program cannot be executed";
  if (code === 127) return "as shells do when a program is not found";
  const signal = signalOf(code);
  if (signal === undefined) return undefined;
  return `as shells and uv do when ${signal} ends what they run: 128 + ${code - 128}`;
}
