// What the rules about a run's ending share: each cause gives one finding, from one rule.
// Which cause it was is decided in cause.ts.
import type { RunReading, DeathMarker } from "../domain/sample.ts";
import type { Found, RuleInput } from "./rule.ts";
import { defined } from "../base/defined.ts";

/**
 * A blocking finding about the ending; `evidence` is the last line of the fatal traceback if
 * absent.
 */
export function deathFinding(
  input: RuleInput,
  message: string,
  evidence: Found["evidence"] = lastLinePlace(input),
): Found {
  return {
    message,
    ...defined({ evidence }),
    count: 1,
    blocking: true,
  };
}

/** `: ValueError: bad input`, the run's last line to append to a message; empty without one. */
export function lastLineSuffix(input: RuleInput): string {
  const text = input.outcome?.lastLine?.text;
  return text === undefined ? "" : `: ${text}`;
}

/** The place of the last line of the traceback that ended the run. */
function lastLinePlace({ outcome, reading }: RuleInput): Found["evidence"] {
  const last = outcome?.lastLine;
  if (last === undefined) return undefined;
  const found = reading.tracebacks.find(
    (one) => one.file === last.file && one.lastLineNumber === last.line,
  );
  if (found === undefined) return undefined;
  return { file: found.file, line: found.lastLineNumber, offset: found.lastLineOffset };
}

/** The last death marker of this kind that no metric follows. */
export function lastDeathMarker(
  reading: RunReading,
  kind: DeathMarker["kind"],
): DeathMarker | undefined {
  return reading.deathMarkers.findLast((line) => line.kind === kind && !line.metricAfter);
}

/** The place of a death marker, as evidence. */
export function markerPlace(line: DeathMarker | undefined): Found["evidence"] {
  return line === undefined ? undefined : { file: line.file, line: line.line, offset: line.offset };
}
