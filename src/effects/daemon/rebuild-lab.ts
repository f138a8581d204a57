// Makes LAB.md anew from the ledger, and where that knows nothing of a run from its run.json. A
// daemon that watches the lab is asked to do it: two would write the page by turns.
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Fact } from "../../domain/fact.ts";
import type { LabPath } from "../../base/ids.ts";
import { recordedFacts } from "../../report/night/recorded-facts.ts";
import { lastNight } from "../../scheduler/nights.ts";
import { readLabSettings } from "../../settings/lab.ts";
import { createReadingCache, readExperimentFiles } from "../run-store/experiment-files.ts";
import { experimentsOf } from "../run-store/lab-experiments.ts";
import { REQUEST_ANSWER_MS } from "../state/requests.ts";
import { labPages } from "./lab-page.ts";
import { composeNight } from "./nightly-summary-handlers.ts";

export interface LabRebuild {
  readonly lab: LabPath;
  /** What the ledger has of the lab, oldest first. */
  readonly facts: readonly Fact[];
  readonly nowMs: number;
  readonly timeZone: string;
}

/** The night that the page tells of then; undefined where there is nothing to tell. */
export async function rebuildLabPage(
  request: LabRebuild,
): Promise<{ readonly endMs: number; readonly problems: readonly string[] } | undefined> {
  const { lab, nowMs, timeZone } = request;
  const text = await readFile(join(lab, "nightlab.yaml"), "utf8").catch(() => "");
  const { value: settings, problems } = readLabSettings(text, timeZone);
  const cache = createReadingCache();
  const facts = [...request.facts, ...(await unknownRuns(request, cache))];
  const told = request.facts.findLast((fact) => fact.kind === "night-told");
  const last = lastNight(settings, nowMs);
  const night = told?.night ?? last;
  if (night === undefined) return undefined;
  const asOfMs = told?.asOfMs ?? night.endMs;
  const around = { facts: () => [facts], timeZone, cache };
  const digest = await composeNight({ lab, night, asOfMs }, around);
  const troubles: string[] = [];
  const pages = labPages({
    warn: (message, { why }) => troubles.push(`${message}: ${String(why)}`),
    quietMs: () => 0,
    now: Date.now,
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

/** Runs of this machine that a ledger which was lost knew of, as their records tell of them. */
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
