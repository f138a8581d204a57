// Composes the blocks of LAB.md for one night: from the ledger up to a moment, and from the
// journals, logs and records of the experiments. scheduler/nightly-summary.ts says when it is due.
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { apply } from "../../domain/apply.ts";
import { ENDED } from "../../domain/command-state.ts";
import type { Fact } from "../../domain/fact.ts";
import type { LabPath } from "../../base/ids.ts";
import type { Plan } from "../../domain/journal.ts";
import type { Occurrence } from "../../domain/window.ts";
import { emptyWorld, type World } from "../../domain/world.ts";
import { comparedNames } from "../../logs/criterion-metrics.ts";
import type { ReportInput } from "../../judge/input.ts";
import { nightFacts, type NightFacts } from "../../scheduler/nightly-summary-facts.ts";
import type { NightExperiment } from "../../report/night/nightly-summary-items.ts";
import { nightBlocks } from "../../report/night/nightly-summary-page.ts";
import { firstNightOf } from "../../scheduler/nights.ts";
import type { PageBlock } from "../../base/page-signature.ts";
import { verdictsOf } from "../../judge/verdict.ts";
import { code, counted } from "../../base/markdown.ts";
import { readExperimentFiles } from "../run-store/experiment-files.ts";
import { readSettingsInForce } from "../run-store/lab-settings.ts";
import type { EffectHandlers } from "./effect-handlers.ts";
import type { Ledger } from "../state/ledger.ts";
import { readWithRetry } from "../os/read-with-retry.ts";
import type { ReadingCache } from "../run-store/reading-cache.ts";

/** Facts read at one go for LAB.md: this many block the event loop for 20 ms. */
const NIGHT_FACTS = 1_000;

export interface NightRequest {
  readonly lab: LabPath;
  readonly night: Occurrence;
  /** Later facts are left out, ms since 1970. */
  readonly asOfMs: number;
}

export interface NightlySummaryParts {
  /** All of a lab's facts in the ledger, oldest first, in portions. */
  readonly facts: (lab: LabPath) => Iterable<readonly Fact[]>;
  /** Applies where the lab's settings name no time zone. */
  readonly timeZone: string;
  readonly cache: ReadingCache;
}

/** The blocks of a night. Rejects where the ledger or an experiment's files cannot be read. */
export async function composeNight(
  { lab, night, asOfMs }: NightRequest,
  parts: NightlySummaryParts,
): Promise<readonly PageBlock[]> {
  const { settings } = await readSettingsInForce(lab, parts.timeZone);
  const world = await worldOf(parts.facts(lab), {
    untilMs: asOfMs,
    fromMs: firstNightOf(settings, night).startMs,
  });
  const facts = nightFacts(world, lab, night, { asOfMs, settings });
  const { timeZone } = settings;
  const experiments = await experimentsOf(world, lab, facts, parts.cache);
  return nightBlocks(facts, { lab, timeZone, night, experiments });
}

/** The effect handler; a night that cannot be composed is logged and posted without blocks. */
export function nightlySummaryHandlers(
  parts: NightlySummaryParts,
  warn: (message: string, facts: Readonly<Record<string, unknown>>) => void,
): Pick<EffectHandlers, "compose-night"> {
  return {
    async "compose-night"({ lab, night, asOfMs }, post) {
      const composed = { kind: "night-composed", lab, night, asOfMs } as const;
      try {
        post({ ...composed, blocks: await composeNight({ lab, night, asOfMs }, parts) });
      } catch (error) {
        warn("the night could not be told", { lab, error: String(error) });
        post(composed);
      }
    },
  };
}

/**
 * The world as of `untilMs`, without commands that ended before `fromMs`. Ten thousand runs take a
 * second to read, so other work runs between two portions, and ended commands are dropped early.
 */
async function worldOf(
  portionsOfFacts: Iterable<readonly Fact[]>,
  { untilMs, fromMs }: { readonly untilMs: number; readonly fromMs: number },
): Promise<World> {
  const world = emptyWorld();
  for (const facts of portionsOfFacts) {
    for (const fact of facts) {
      if (fact.atMs > untilMs) continue;
      apply(world, fact);
      world.nowMs = Math.max(world.nowMs, fact.atMs);
    }
    for (const [id, command] of world.commands) {
      if (ENDED.has(command.state) && command.stateSinceMs < fromMs) world.commands.delete(id);
    }
    await nextTurn();
  }
  return world;
}

/** What files say about each experiment that the page mentions. */
async function experimentsOf(
  world: World,
  lab: LabPath,
  facts: NightFacts,
  cache: ReadingCache,
): Promise<ReadonlyMap<string, NightExperiment>> {
  const ran = new Set(facts.ran.map(({ command }) => command.experiment));
  const all = new Set([...ran, ...[...facts.waits, ...facts.held].map((one) => one.experiment)]);
  const found = new Map<string, NightExperiment>();
  for (const path of all) {
    if (!world.experiments.has(path)) continue;
    if (ran.has(path)) {
      const { input, journalText } = await readExperimentFiles(path, { cache, labDir: lab });
      const { plan } = input.journal;
      const lines = receiptLines(journalText);
      found.set(path, { promised: promisedOf(plan), lines, verdicts: knownVerdicts(input, facts) });
    } else {
      const read = await readWithRetry(join(path, "JOURNAL.md"));
      const journal = read.kind === "page" ? (read.text ?? "") : "";
      found.set(path, { promised: [], lines: receiptLines(journal), verdicts: [] });
    }
  }
  return found;
}

const promisedOf = (plan: Plan): readonly string[] => [
  ...comparedNames(plan),
  ...plan.metrics.map(({ key }) => key),
];

/** Verdicts on criteria that can be evaluated and that use a run of the night, as Markdown. */
function knownVerdicts(input: ReportInput, facts: NightFacts): readonly string[] {
  const folders = new Set(facts.ran.map(({ run }) => run.folder).filter(Boolean));
  const known = input.runs.filter(
    ({ record }) => record === undefined || Date.parse(record.startedAt) <= facts.asOfMs,
  );
  return verdictsOf({ ...input, runs: known })
    .filter(({ word }) => word !== "NOT EVALUABLE")
    .filter(({ runs }) => runs.some(({ folder }) => folders.has(folder as never)))
    .map(({ which, text, word, runs }) => {
      return `${which} ${code(text)} is **${word}** (${counted(runs.length, "run")})`;
    });
}

/** The line at which each receipt begins, counted from 1, by its command's id. */
function receiptLines(journal: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  for (const [at, line] of journal.split("\n").entries()) {
    const id = /^\s*> \*\*[a-z]+\*\* `([a-z][a-z0-9]{3,7})`/.exec(line)?.[1];
    if (id !== undefined && !lines.has(id)) lines.set(id, at + 1);
  }
  return lines;
}

/** Reads a lab's facts from a ledger, NIGHT_FACTS at a time. */
export function portions(ledger: Pick<Ledger, "some">): NightlySummaryParts["facts"] {
  return function* (lab) {
    for (let after = 0; ;) {
      const { facts, seq } = ledger.some([lab], after, NIGHT_FACTS);
      if (facts.length === 0) return;
      after = seq;
      yield facts;
    }
  };
}
