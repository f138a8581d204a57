// What the rules on a run's ending share: one cause gives one flag, from one rule.
// Which cause it was is decided in cause.ts.
import type { RunReading, DeathMarker } from "../domain/sample.ts";
import type { Found, RuleInput } from "./rule.ts";

/** A blocking finding on the ending, with the line that shows it where there is one. */
export function deathFinding(
  input: RuleInput,
  message: string,
  evidence: Found["evidence"] = lastLinePlace(input),
): Found {
  return {
    message,
    ...(evidence === undefined ? {} : { evidence }),
    count: 1,
    blocking: true,
  };
}

/** `: ValueError: bad input`, or nothing. */
export function saying(input: RuleInput): string {
  const text = input.outcome?.lastLine?.text;
  return text === undefined ? "" : `: ${text}`;
}

/** Where the last line of the traceback stands that ended the run. */
function lastLinePlace({ outcome, reading }: RuleInput): Found["evidence"] {
  const last = outcome?.lastLine;
  if (last === undefined) return undefined;
  const found = reading.tracebacks.find(
    (one) => one.file === last.file && one.lastLineNumber === last.line,
  );
  if (found === undefined) return undefined;
  return { file: found.file, line: found.lastLineNumber, offset: found.lastLineOffset };
}

/** The last line of this kind that no metric followed. */
export function lastDeathMarker(
  reading: RunReading,
  kind: DeathMarker["kind"],
): DeathMarker | undefined {
  return reading.deathMarkers.findLast((line) => line.kind === kind && !line.metricAfter);
}

/** Place of a telling line. */
export function markerPlace(line: DeathMarker | undefined): Found["evidence"] {
  return line === undefined ? undefined : { file: line.file, line: line.line, offset: line.offset };
}
