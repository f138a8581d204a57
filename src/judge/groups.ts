// Groups runs that differ only in their seed: they are several measurements of one setting.
// Which runs are evidence is evidence.ts, what groups measured is comparisons.ts.
import { nameWithoutSeed, seedOf } from "../base/seed-name.ts";
import type { ReportRun } from "./input.ts";

export interface RunGroup {
  /** The runs' common name, without the seed. */
  readonly name: string;
  /** Their arguments without the run's name and the seed. */
  readonly args: readonly string[];
  readonly script: string | undefined;
  /**
   * In the order of their seeds, so that two groups pair by index; without seeds, of their start.
   */
  readonly runs: readonly ReportRun[];
}

/** The groups, in the order of their first runs. */
export function groupsOf(runs: readonly ReportRun[]): readonly RunGroup[] {
  const groups = new Map<string, RunGroup>();
  for (const run of runs) {
    const key = settingOf(run);
    const known = groups.get(key);
    groups.set(
      key,
      known === undefined
        ? {
            name: nameWithoutSeed(run.name),
            args: argsWithoutSeed(run),
            script: run.record?.script,
            runs: [run],
          }
        : { ...known, runs: [...known.runs, run] },
    );
  }
  return [...groups.values()].map((group) => ({ ...group, runs: bySeed(group.runs) }));
}

function bySeed(runs: readonly ReportRun[]): readonly ReportRun[] {
  const seeds = new Map(runs.map((run) => [run, runSeed(run)]));
  if ([...seeds.values()].includes(undefined)) return runs;
  const seed = (run: ReportRun): string => seeds.get(run) ?? "";
  return runs.toSorted((a, b) => seed(a).localeCompare(seed(b), "en", { numeric: true }));
}

/** A key of a run's name and setting: equal for runs that differ only in their seed. */
export function settingOf(run: ReportRun): string {
  return JSON.stringify([nameWithoutSeed(run.name), ...givenTo(run)]);
}

/** How many different settings these runs have, whatever their names are. */
export function settingCount(runs: readonly ReportRun[]): number {
  return new Set(runs.map((run) => JSON.stringify(givenTo(run)))).size;
}

/** The setting of a run: script, arguments and environment variables, without the seed. */
function givenTo(run: ReportRun): readonly string[] {
  const env = Object.entries(run.record?.env ?? {}).filter(
    ([name]) => !/^(?:.*_)?SEED$/i.test(name),
  );
  const variables = env.map(([name, value]) => `${name}=${value}`).toSorted();
  return [run.record?.script ?? "", ...argsWithoutSeed(run), ...variables];
}

/** The group's name, with a number where several groups have the same name. */
export function groupLabel(group: RunGroup, groups: readonly RunGroup[]): string {
  const same = groups.filter(({ name }) => name === group.name);
  return same.length > 1 ? `${group.name} (${same.indexOf(group) + 1})` : group.name;
}

/** The seed of a run, from its record, its arguments or its name; undefined where none has it. */
export function runSeed(run: ReportRun): string | undefined {
  const named = /(?:^|[-_.])(?:seed|s)[-_.=]?(\d+)(?=$|[-_.])/i.exec(run.name)?.[1];
  return run.record?.seed ?? seedOf(run.record?.args ?? []) ?? named;
}

/** The arguments of a run without its name and its seed. */
export function argsWithoutSeed(run: ReportRun): readonly string[] {
  const args: string[] = [];
  const written = run.record?.args ?? [];
  for (let i = 0; i < written.length; i += 1) {
    const arg = written[i] ?? "";
    if (i === 0 && arg === run.name) continue;
    if (arg === "--seed") i += 1;
    else if (!arg.startsWith("--seed=")) args.push(arg);
  }
  return args;
}
