// When a flag is resolved: a later run of the same command is free of it, or the user writes so.
// A flag changed to `[RESOLVED]` inside its own receipt is read in journal/read/receipt-inputs.ts.
import { findingsSoFar, flagKey, shownFindings } from "../domain/receipt-flags.ts";
import { type Finding, isFlag } from "../domain/finding.ts";
import type { CommandId, ExperimentPath } from "../base/ids.ts";
import type { Entry } from "../domain/journal.ts";
import { sameMetric } from "../domain/metric-key.ts";
import type { Command, World } from "../domain/world.ts";
import type { Turn } from "../domain/turn.ts";
import { membersOf } from "../domain/members.ts";

/** So much of an entry is searched for names of flags. */
const RESOLVED_CHARS = 2_000;

/** Resolves flags of earlier runs of the same command that this run, if done, does not have. */
export function resolveEarlier(turn: Turn, id: CommandId): void {
  const command = turn.world.commands.get(id);
  const outcome = command?.run?.outcome;
  if (command === undefined || outcome?.ending !== "done") return;
  const still = new Set(outcome.findings.filter(isFlag).map(flagKey));
  const { named } = turn.world.experiments.get(command.experiment)?.index ?? {};
  for (const same of named?.get(command.spec.target) ?? []) {
    const earlier = turn.world.commands.get(same);
    if (earlier === undefined || earlier.repeats !== undefined) continue;
    if (!isEarlierRun(earlier, command)) continue;
    for (const flag of openFlags(earlier)) {
      if (still.has(flagKey(flag)) || !wouldShow(flag, outcome.metrics)) continue;
      turn.record({ kind: "flag-resolved", id: earlier.id, flag: flagKey(flag) });
    }
  }
}

/** Whether it ran before, with the same verb, target, script and arguments; options may differ. */
function isEarlierRun(earlier: Command, command: Command): boolean {
  const before = (earlier.run?.claimedAtMs ?? Infinity) < (command.run?.claimedAtMs ?? 0);
  return earlier.id !== command.id && before && essence(earlier) === essence(command);
}

const essence = ({ spec }: Command): string =>
  JSON.stringify([spec.verb, spec.target, spec.script, spec.args]);

/** Whether the later run would show the flag: not where it did not log the flag's metric. */
function wouldShow(flag: Finding, metrics: readonly { readonly key: string }[]): boolean {
  const { metric, rule } = flag;
  if (metric === undefined || metric.startsWith("system/")) return true;
  return rule === "metric-missing" || metrics.some(({ key }) => sameMetric(key, metric));
}

const openFlags = ({ run }: Command): readonly Finding[] =>
  shownFindings(findingsSoFar(run)).filter(
    (flag) => isFlag(flag) && run?.resolved.includes(flagKey(flag)) !== true,
  );

/**
 * Resolves the flags that entries such as `[RESOLVED] k7f3 spike` name: the run's id, then a rule,
 * a metric or both; the id alone means all of its flags.
 */
export function resolveWritten(
  turn: Turn,
  experiment: ExperimentPath,
  entries: readonly Entry[],
): void {
  for (const entry of entries) {
    if (!entry.tags.includes("RESOLVED")) continue;
    const [first = "", ...words] = entry.text
      .slice(0, RESOLVED_CHARS)
      .split(/\s+/)
      .map((word) => word.replaceAll(/[`:,.]+$|^`/g, ""));
    for (const command of commandsCalled(turn.world, experiment, first)) {
      for (const flag of openFlags(command)) {
        if (!means(words, flag)) continue;
        turn.record({ kind: "flag-resolved", id: command.id, flag: flagKey(flag) });
      }
    }
  }
}

/** The command with that id; of a sweep also its runs. */
function commandsCalled(world: World, experiment: ExperimentPath, id: string): readonly Command[] {
  const command = world.commands.get(id as CommandId);
  return command?.experiment === experiment ? [command, ...membersOf(world, command)] : [];
}

/** Whether there are no words, or one of them is the rule or the metric of this flag. */
function means(words: readonly string[], { rule, metric }: Finding): boolean {
  if (words.length === 0) return true;
  return words.some(
    (word) => word.toLowerCase() === rule || (metric !== undefined && sameMetric(word, metric)),
  );
}
