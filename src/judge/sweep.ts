// Finds the sweep among an experiment's runs: settings that give different values to the same
// options. The words for it are report/page/section-compare.ts.
import type { Evidence } from "./evidence.ts";
import { groupsOf, type RunGroup } from "./groups.ts";
import type { ReportRun } from "./input.ts";
import { withoutEarlierAttempts } from "./attempts.ts";

export interface Sweep {
  /** The options whose values differ, as written: `--lr`. */
  readonly options: readonly string[];
  readonly groups: readonly RunGroup[];
}

/**
 * The runs that may belong to the sweep. Runs that `evidence:` names are there to confirm a
 * setting, so they are left out, unless the named runs are themselves a sweep over several
 * settings.
 */
export function searched(runs: readonly ReportRun[], evidence: Evidence): readonly ReportRun[] {
  const confirming = new Set(evidence.how === "named" ? evidence.runs : []);
  const latest = withoutEarlierAttempts(runs);
  const sweeps = writtenSweeps(latest);
  const searching = (run: ReportRun): boolean =>
    largestOf(sweeps.get(run.record?.sweep?.name ?? "") ?? []) !== undefined;
  return latest.filter((run) => !confirming.has(run) || searching(run));
}

/** The runs of each sweep that a journal's command started, by the sweep's name. */
function writtenSweeps(runs: readonly ReportRun[]): ReadonlyMap<string, readonly ReportRun[]> {
  const written = new Map<string, ReportRun[]>();
  for (const run of runs) {
    const name = run.record?.sweep?.name;
    if (name !== undefined) written.set(name, [...(written.get(name) ?? []), run]);
  }
  return written;
}

/**
 * The sweep with the most settings among those that a command started; where there is none, the
 * largest set of settings that give different values to the same options.
 */
export function sweepOf(runs: readonly ReportRun[]): Sweep | undefined {
  const found = [...writtenSweeps(runs).values()].flatMap((members) => largestOf(members) ?? []);
  const [largest] = found.toSorted((a, b) => b.groups.length - a.groups.length);
  return largest ?? largestOf(runs);
}

/** The largest set of two or more settings that give different values to the same options. */
function largestOf(runs: readonly ReportRun[]): Sweep | undefined {
  const byOptions = new Map<string, RunGroup[]>();
  for (const group of groupsOf(runs.filter((run) => run.record?.verb === "run"))) {
    const options = optionsOf(group.args);
    if (options.size === 0) continue;
    const key = JSON.stringify([group.script, ...[...options.keys()].toSorted()]);
    byOptions.set(key, [...(byOptions.get(key) ?? []), group]);
  }
  const best = [...byOptions.values()]
    .filter((groups) => new Set(groups.map((group) => group.args.join("\n"))).size > 1)
    .toSorted((a, b) => b.length - a.length)[0];
  const [first] = best ?? [];
  if (best === undefined || first === undefined) return undefined;
  const names = [...optionsOf(first.args).keys()];
  const options = names.filter(
    (name) => new Set(best.map((group) => optionsOf(group.args).get(name))).size > 1,
  );
  return { options, groups: best };
}

/** The options in arguments, dashes included: `--lr 0.1 --deep` → `--lr`: `0.1`, `--deep`: ``. */
export function optionsOf(args: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i] ?? "";
    const joined = /^(--?[A-Za-z][\w-]*)=(.*)$/s.exec(arg);
    const next = args[i + 1];
    if (joined !== null) found.set(joined[1] ?? "", joined[2] ?? "");
    else if (/^--?[A-Za-z]/.test(arg)) {
      const takes = next !== undefined && !/^--?[A-Za-z]/.test(next);
      found.set(arg, takes ? next : "");
      if (takes) i += 1;
    }
  }
  return found;
}
