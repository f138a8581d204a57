// Rebuilds LAB.md without a daemon: from the ledger, and from run.json for runs that the ledger
// lacks. Where a daemon watches the lab, ask it instead: two processes would overwrite each other.
import { hostname } from "node:os";
import type { Fact } from "../../domain/fact.ts";
import type { LabPath } from "../../base/ids.ts";
import { recordedFacts } from "../../report/night/recorded-facts.ts";
import { lastNight } from "../../scheduler/nights.ts";
import { createReadingCache, readExperimentFiles } from "../run-store/experiment-files.ts";
import { readSettingsInForce } from "../run-store/lab-settings.ts";
import { experimentsOf } from "../run-store/lab-experiments.ts";
import { REQUEST_ANSWER_MS } from "../state/requests.ts";
import { labPages } from "./lab-page.ts";
import { composeNight } from "./nightly-summary-handlers.ts";

export interface LabRebuild {
  readonly lab: LabPath;
  /** Its part of the state folder. */
  readonly state: string;
  /** What the ledger has of the lab, oldest first. */
  readonly facts: readonly Fact[];
  readonly nowMs: number;
  readonly timeZone: string;
}

/**
 * Writes the page with the last night that was shown, or the last one that ended. Gives the end of
 * that night (ms since 1970) and what went wrong; undefined where the lab has had no night.
 */
export async function rebuildLabPage(
  request: LabRebuild,
): Promise<{ readonly endMs: number; readonly problems: readonly string[] } | undefined> {
  const { lab, nowMs, timeZone } = request;
  const { settings, problems } = await readSettingsInForce(lab, timeZone);
  const cache = createReadingCache();
  const facts = [...request.facts, ...(await unknownRuns(request, cache))];
  const shown = request.facts.findLast((fact) => fact.kind === "night-told");
  const last = lastNight(settings, nowMs);
  const night = shown?.night ?? last;
  if (night === undefined) return undefined;
  const asOfMs = shown?.asOfMs ?? night.endMs;
  const parts = { facts: () => [facts], timeZone, cache };
  const digest = await composeNight({ lab, night, asOfMs }, parts);
  const troubles: string[] = [];
  const pages = labPages({
    warn: (message, { why }) => troubles.push(`${message}: ${String(why)}`),
    quietMs: () => 0,
    now: Date.now,
    stateOf: () => request.state,
  });
  try {
    await pages.open(lab);
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      troubles.push("LAB.md not written: somebody has unsaved changes of it, or saves it");
      resolve();
    }, REQUEST_ANSWER_MS);
    await Promise.race([pages.show(lab, problems, digest), late]);
    clearTimeout(timer);
  } finally {
    await pages.close();
  }
  return { endMs: night.endMs, problems: troubles };
}

/** Facts of this machine's runs that are missing from the ledger (it was lost), from run.json. */
async function unknownRuns(
  { lab, facts }: LabRebuild,
  cache: ReturnType<typeof createReadingCache>,
): Promise<readonly Fact[]> {
  const known = new Set(facts.flatMap((fact) => ("id" in fact ? [String(fact.id)] : [])));
  const experiments = new Set(
    facts.flatMap((fact) => (fact.kind === "experiment-known" ? [String(fact.experiment)] : [])),
  );
  const found: Fact[] = [];
  for (const experiment of await experimentsOf(lab)) {
    const { input } = await readExperimentFiles(experiment, { cache, labDir: lab });
    const runs = input.runs.filter(
      ({ record }) => record !== undefined && !known.has(record.id) && record.host === hostname(),
    );
    if (runs.length === 0) continue;
    const isKnown = experiments.has(experiment);
    found.push(...recordedFacts({ lab, experiment, isKnown, runs }));
  }
  return found;
}
