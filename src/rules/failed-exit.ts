// Rule: the run failed, and its cause has no rule of its own.
import type { Cause } from "../domain/run.ts";
import { deathFinding, lastLineSuffix } from "./death.ts";
import { rule } from "./rule.ts";
import { shellMeaning } from "./signals.ts";

export const failedExit = rule({
  name: "failed-exit",
  tier: "A",
  says: "The script ended with a code other than 0 or by a signal, with the cause in words.",
  silent: "Runs that you stopped, and causes that have a rule of their own.",
  numbers: {},
  find(input) {
    const { outcome } = input;
    if (outcome === undefined) return [];
    const words = inWords(outcome.cause, outcome.exitCode);
    if (words === undefined) return [];
    return [deathFinding(input, `${words}${lastLineSuffix(input)}`)];
  },
});

/** The cause in words; undefined for one that is no failure or has a rule of its own. */
function inWords(cause: Cause, exitCode: number | undefined): string | undefined {
  const code = exitCode === undefined ? "" : ` (exit code ${exitCode})`;
  switch (cause.kind) {
    case "exit-code": {
      const meaning = shellMeaning(cause.code);
      const why = meaning === undefined ? "" : ` (${meaning})`;
      return `the script ended with exit code ${cause.code}${why}`;
    }
    case "signal":
      return cause.signal === "SIGKILL"
        ? "the script was killed (SIGKILL); by whom cannot be told"
        : `the script was ended by ${cause.signal}`;
    case "import-error":
      return `an import failed, module ${cause.module}${code}`;
    case "environment":
      return `the environment could not be built: ${cause.message}`;
    case "no-runner":
    case "start-failed":
      return `the script could not be started: ${cause.message}`;
    case "script-missing":
      return `the script ${cause.script} is not there${code}`;
    case "success":
    case "disk-full":
    case "hidden-crash":
    case "gpu-out-of-memory":
    case "host-out-of-memory":
    case "over-limit":
    case "stopped":
    case "machine-restarted":
    case "lost":
      return undefined;
  }
}
