// How long a run takes for a step: from a metric of its own, or from stamps and steps.
// Stamps are whole seconds in most logs, so they are taken over stretches of many seconds.
import type { RunReading, Series } from "../../domain/sample.ts";
import { finite, median } from "../../base/robust-statistics.ts";

/** Times of steps or of stretches of steps, in order; the unit is the log's own or ms. */
export interface StepTimes {
  readonly times: readonly number[];
  /** Where the i-th can be seen, in a metric's case. */
  readonly series?: Series;
  readonly key: string;
}

/** Names of metrics that are the time of one step; averages since the start do not count. */
const STEP_TIME =
  /^(?:[a-z]+[/_.])?(?:step_?time|time_?per_?(?:step|iter(?:ation)?)|iter(?:ation)?_?time|batch_?time|dt|step_?ms|dt_?ms|ms_?per_?(?:step|iter)|sec(?:onds)?_?per_?(?:step|iter)|elapsed_time_per_iteration)(?:_?(?:ms|s|sec))?$/i;

/** Whole seconds: a stretch this long is known to a twentieth. */
const STRETCH_MS = 20_000;
const STRETCH_STEPS = 30;

/** The step times of a run; undefined where its logs do not tell them. */
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

/** ms a step over stretches of at least 20 s and 30 lines. */
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

/** The usual time of a step in ms, in what unit ever it was logged; undefined where unknown. */
export function usualStepTime(reading: RunReading): number | undefined {
  const found = stepTimes(reading);
  return found === undefined || found.times.length < 10 ? undefined : median(found.times);
}
