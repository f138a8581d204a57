// Rule: the step falls within one file: another attempt was appended, or a counter is wrong.
// Counters that restart with each epoch fall by design and are skipped.
import type { Series } from "../domain/sample.ts";
import { median } from "../base/robust-statistics.ts";
import { logPlaceAt } from "../logs/series/series-place.ts";
import { rule, type Found, type RuleInput } from "./rule.ts";
import { defined } from "../base/defined.ts";

export const stepsGoBack = rule({
  name: "steps-go-back",
  tier: "B",
  attempts: true,
  says: "The step of a metric falls inside one file: another attempt, or a wrong counter.",
  silent:
    "Counters of an epoch, and logs of many attempts: they fall to the start again and again. One such fall is told in the report only.",
  numbers: {
    resets: {
      value: 2,
      why: "That many falls to the start are a counter of epochs, or trials in a row.",
    },
  },
  find(input, { resets }) {
    const found = input.reading.series.flatMap((series) => foundIn(series, input, resets));
    // Metrics of one line share its step: the first finding stands for all.
    const [first] = found.toSorted((a, b) => (a.evidence?.line ?? 0) - (b.evidence?.line ?? 0));
    return first === undefined ? [] : [first];
  },
});

function foundIn(series: Series, { reading }: RuleInput, resets: number): readonly Found[] {
  const { steps, lines, stepKey, summary } = series;
  if (stepKey === "sample") return [];
  const falls: number[] = [];
  for (let i = 1; i < steps.length; i += 1) {
    const sameFile = (lines[i] ?? 0) > (lines[i - 1] ?? 0);
    const [before = 0, step = 0] = [steps[i - 1], steps[i]];
    // Some programs log their last value with step -1, which is no fall.
    if (sameFile && step < before && step >= 0) falls.push(i);
  }
  // A reduced series lacks values: its counter may have restarted in between.
  if (series.reducedBy !== undefined && fallsIn(reading, summary.first.file) >= resets) return [];
  const unexplained = falls.filter((i) => !epochRose(reading, lines[i] ?? 0, summary.first.file));
  const [at] = unexplained;
  const start = steps[0] ?? 0;
  const anew = falls.every((i) => (steps[i] ?? 0) <= start);
  if (at === undefined || (anew && falls.length >= resets)) return [];
  if (isCounter(series, falls, resets)) return [];
  const evidence = logPlaceAt(series, at);
  const message = `the ${stepKey} of ${summary.key} falls from ${steps[at - 1]} to ${steps[at]}`;
  return [
    {
      // A log that starts again holds another attempt: worth knowing, but no fault.
      ...(anew ? { tier: "C" } : {}),
      metric: summary.key,
      message: anew ? `${message}: another attempt begins` : message,
      ...defined({ evidence }),
      count: unexplained.length,
      persists: true,
      blocking: false,
    },
  ];
}

const fallsIn = (reading: RuleInput["reading"], file: string): number =>
  reading.lineFacts?.find((one) => one.file === file)?.falls.length ?? 0;

function epochRose(reading: RuleInput["reading"], line: number, file: string): boolean {
  const facts = reading.lineFacts?.find((one) => one.file === file);
  return facts?.falls.some((fall) => fall.line === line && fall.epochRose) === true;
}

/** Whether the step counts within epochs: it falls to the first step at even intervals. */
function isCounter({ steps }: Series, falls: readonly number[], resets: number): boolean {
  if (falls.length < resets) return false;
  const start = steps[0] ?? 0;
  const stretches = falls.map((at, i) => at - (i === 0 ? 0 : (falls[i - 1] ?? 0)));
  const usual = median(stretches);
  const toStart = falls.every(
    (at) => Math.abs((steps[at] ?? 0) - start) <= Math.max(1, usual * 0.1),
  );
  const length = (steps[(falls[0] ?? 1) - 1] ?? 0) - start;
  const low = falls.every((at) => (steps[at] ?? 0) - start <= 0.1 * length + 1);
  return (
    (toStart || low) && stretches.every((one) => Math.abs(one - usual) <= Math.max(1, 0.1 * usual))
  );
}
