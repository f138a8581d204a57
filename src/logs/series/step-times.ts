// How long a step of a run takes: from a metric that says so, or from the stamps of log lines.
// Stamps are whole seconds in most logs, so they are compared over stretches of many seconds.
import type { RunReading, Series } from "../../domain/sample.ts";
import { finite, median } from "../../base/robust-statistics.ts";

export interface StepTimes {
  /** Time per step, in order. In ms if measured from stamps; otherwise in the metric's own unit. */
  readonly times: readonly number[];
  /** The metric they are from; absent where they are measured from stamps. */
  readonly series?: Series;
  readonly key: string;
}

/** Names of metrics that are the time of one step. Averages since the start of the run are not. */
const STEP_TIME =
  /^(?:[a-z]+[/_.])?(?:step_?time|time_?per_?(?:step|iter(?:ation)?)|iter(?:ation)?_?time|batch_?time|dt|step_?ms|dt_?ms|ms_?per_?(?:step|iter)|sec(?:onds)?_?per_?(?:step|iter)|elapsed_time_per_iteration)(?:_?(?:ms|s|sec))?$/i;

/** With stamps in whole seconds, the length of such a stretch is known to a twentieth. */
const STRETCH_MS = 20_000;
/** Lines in a stretch, at least. */
const STRETCH_STEPS = 30;

/** The step times of a run; undefined where its logs do not give them. */
export function stepTimes(reading: RunReading): StepTimes | undefined {
  const series = reading.series.find(({ summary }) =>
    STEP_TIME.test(summary.key.replaceAll(" ", "_")),
  );
  if (series !== undefined && series.values.length > 0) {
    return { times: finite(series.values), series, key: series.summary.key };
  }
  const paces = (reading.lineFacts ?? []).map(({ pace }) => stretches(pace.steps, pace.stampsMs));
  const [times] = paces.toSorted((a, b) => b.length - a.length);
  return times === undefined || times.length === 0 ? undefined : { times, key: "a step" };
}

/** ms per step, over stretches of at least STRETCH_MS and STRETCH_STEPS lines. */
function stretches(steps: Float64Array, stampsMs: Float64Array): readonly number[] {
  const times: number[] = [];
  let from = 0;
  for (let i = 1; i < steps.length; i += 1) {
    const took = (stampsMs[i] ?? 0) - (stampsMs[from] ?? 0);
    const done = (steps[i] ?? 0) - (steps[from] ?? 0);
    if (done < 0 || took < 0) from = i;
    else if (took >= STRETCH_MS && i - from >= STRETCH_STEPS && done > 0) {
      times.push(took / done);
      from = i;
    }
  }
  return times;
}

/**
 * The median time of a step, in the unit of stepTimes; undefined where fewer than ten are known.
 * Only compared with runs of the same code, so the unit does not matter.
 */
export function usualStepTime(reading: RunReading): number | undefined {
  const found = stepTimes(reading);
  return found === undefined || found.times.length < 10 ? undefined : median(found.times);
}
