// The line of a sweep's receipt that names its best run or setting, as what it is: picked from n.
// Differences between settings are the report's; here no number stands that was not logged.
import { markdownText, plainLine, codeSpan } from "../../base/markdown-text.ts";
import { ENDED, type Swept } from "../../domain/command-state.ts";
import type { Sample } from "../../domain/sample.ts";
import type { Command } from "../../domain/world.ts";
import type { Measure } from "../../judge/comparisons.ts";
import { metricNamed, lastToken } from "../../domain/receipt-flags.ts";

interface Measured {
  readonly member: Command;
  readonly sample: Sample;
}

/**
 * One paragraph, once two runs that differ in more than their seed are done and the plan says
 * which way is better. With several seeds it names a setting by the mean over them: the best seed
 * of a setting says nothing.
 */
export function bestOfSweep(
  members: readonly Command[],
  measures: readonly Measure[],
): readonly string[] {
  const measure = measures.find(({ better }) => better !== undefined);
  if (measure?.better === undefined) return [];
  const found = members.flatMap((member) => {
    const sample = member.state === "done" ? sampleOf(member, measure) : undefined;
    return sample === undefined || !Number.isFinite(sample.value) ? [] : [{ member, sample }];
  });
  const settings = new Map<string, Measured[]>();
  for (const one of found) {
    const key = settingText(one.member);
    settings.set(key, [...(settings.get(key) ?? []), one]);
  }
  if (settings.size < 2) return [];
  const sign = measure.better === "min" ? 1 : -1;
  const mean = (all: readonly Measured[]): number =>
    all.reduce((sum, { sample }) => sum + sample.value, 0) / all.length;
  const [best] = [...settings].toSorted(([, a], [, b]) => sign * (mean(a) - mean(b)));
  if (best === undefined) return [];
  const [setting, runs] = best;
  const [first] = runs;
  const word = measure.better === "min" ? "lowest" : "highest";
  const of = `${measure.aggregation} ${markdownText(plainLine(measure.name, 60))}`;
  const open = members.some(({ state }) => !ENDED.has(state));
  const some = open ? " so far" : found.length < members.length ? " that are done" : "";
  const where = markdownText(plainLine(setting, 120));
  if (runs.length === 1 && first !== undefined && settings.size === found.length) {
    const value = lastToken(first.sample);
    const run = codeSpan(first.member.id);
    return [`Best of ${found.length} runs${some}: ${of} ${value}, ${run} (${where}). ${PICKED}`];
  }
  return [
    `Best of ${settings.size} settings${some}, by the mean over their runs: the ${word} ${of} is that of ${where}. ${PICKED}`,
  ];
}

const PICKED = "It was picked after the results were seen.";

function sampleOf({ run }: Command, { name, aggregation, better }: Measure): Sample | undefined {
  const metric = metricNamed(run?.outcome?.metrics ?? [], name);
  const which = aggregation === "best" ? better : aggregation;
  return which === undefined ? undefined : metric?.[which];
}

/** The swept values without the seed: `lr 3e-4, wd 0.1`. */
function settingText({ swept = [] }: Command): string {
  const without = swept.filter(({ key }: Swept) => key !== "seed");
  return without.map(({ key, value }) => `${key} ${value}`).join(", ");
}
