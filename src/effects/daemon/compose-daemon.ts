// Composes the real daemon: the ledger, the effect handlers and the watchers around the loop.
// Arguments, signals and the log's form are cli/watch.ts's; open-labs.ts watches the labs.
import type { Logger } from "pino";
import { QUIET_MS } from "../../domain/lab-settings.ts";
import { startLoop, type Loop } from "./daemon.ts";
import { readJournal } from "../../journal/read/read.ts";
import {
  experimentPath,
  type ExperimentPath,
  type LabPath,
  type RunFolder,
} from "../../base/ids.ts";
import type { AttemptSpec } from "../../domain/run.ts";
import { runsOf, settingsOf, type Run, type World } from "../../domain/world.ts";
import { withLabRules } from "../../settings/rule-values.ts";
import { attemptHandlers } from "./attempt-handlers.ts";
import { codeHandlers } from "./code-handlers.ts";
import { steadyClock } from "../os/clock.ts";
import { gpuHandlers } from "./gpu-handlers.ts";
import { createGpuLocks } from "../gpu/gpu-locks.ts";
import type { EffectHandlers, Post } from "./effect-handlers.ts";
import { journalHandlers, type JournalHandlers } from "./journal-handlers.ts";
import { onLeavingLink, trustCommand } from "../os/lab-links.ts";
import { openLedger, type Ledger } from "../state/ledger.ts";
import { watchPause } from "../state/machine-pause.ts";
import { keepWorld } from "./kept-world.ts";
import { labPages, type LabPages } from "./lab-page.ts";
import { nightlySummaryHandlers, portions } from "./nightly-summary-handlers.ts";
import { createReadingCache, type ReadingCache } from "../run-store/reading-cache.ts";
import { preparedEnvironments } from "../environment/prepared-environments.ts";
import { openLabStates, type LabStates } from "./lab-states.ts";
import { openLabs } from "./open-labs.ts";
import { createRenderer, type Renderer } from "../render/render.ts";
import { manualRuns, type ManualRuns } from "../run-store/manual-runs.ts";
import { startRecording, type RecordingFile } from "./recording.ts";
import { reportHandlers, type ReportHandlers } from "./report-handlers.ts";
import { runHandlers, type RunHandlers } from "./run-handlers.ts";
import type { RunContext } from "../run-store/run-context.ts";
import { knownAttempts } from "../../scheduler/known-attempts.ts";
import { afterStarts } from "../supervise/start-priority.ts";
import { readWorldOf, type ReadWorld } from "../state/snapshot.ts";
import { findSupervision } from "../supervise/services.ts";
import { Supervisor } from "../supervise/supervisor.ts";
import { openTroubles, type Troubles } from "../state/troubles.ts";
import { wakeUp } from "../os/timer.ts";
import { journalDisk } from "../state/write-strategies.ts";
import { tellUnread, tellUnreadAttempt } from "./tell-unread.ts";
import { defined } from "../../base/defined.ts";

/** Plots and a report are renewed at most this often, unless the settings say otherwise. */
const RENEW_MS = 1_000;
/** On start, runs of an earlier daemon are judged once the journals are read, or after this. */
const JOURNALS_READ_MS = 5_000;

export interface RealDaemon {
  readonly world: World;
  /** Ends everything of the daemon; runs go on. */
  close(): Promise<void>;
}

export interface RealDaemonParts {
  /** Locked by the caller. */
  readonly labs: readonly LabPath[];
  readonly stateDir: string;
  readonly log: Logger;
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
  /** Where every event is recorded. */
  readonly recordingFile?: RecordingFile;
  /** A fault ended the loop: the daemon must end. */
  readonly onFault: (error: unknown) => void;
}

/** What the services and effect handlers share. */
interface Core {
  readonly parts: RealDaemonParts;
  readonly ledger: Ledger;
  readonly states: LabStates;
  readonly world: World;
  readonly read: ReadWorld;
  readonly supervisor: Supervisor;
  readonly renderer: Renderer;
  readonly cache: ReadingCache;
  readonly troubles: Troubles;
  /** The loop's clock, ms since 1970. */
  readonly now: () => number;
  /** Does nothing before the loop is started. */
  readonly post: Post;
  readonly warn: (message: string, facts: Readonly<Record<string, unknown>>) => void;
}

/** The parts that keep something open between two effects, until they are closed. */
interface Services {
  readonly journals: JournalHandlers;
  readonly reports: ReportHandlers;
  readonly pages: LabPages;
  readonly runs: RunHandlers;
  readonly manualRuns: ManualRuns;
}

/**
 * Opens the ledger, adopts what an earlier daemon left, and watches the labs. Resolves when all
 * labs are read.
 */
export async function openDaemon(parts: RealDaemonParts): Promise<RealDaemon> {
  const { labs, log, stateDir } = parts;
  let loop: Loop | undefined;
  const core = await openCore(parts, (event) => loop?.post(event));
  const { ledger, world, now, post, warn } = core;
  const services = createServices(core);
  for (const lab of labs) await services.pages.open(lab);
  const endTelling = tellLeavingLinks(warn);
  const endUnread = tellUnread(labs, core.troubles);
  const alarm = wakeUp(now);
  const kept = keepWorld({ ...parts, ...core });
  const recorder = startRecording({ ...parts, ledger, warn, atMs: now() });
  loop = startLoop({
    world,
    ledger: kept,
    recorder,
    handlers: effectHandlers(core, services, () => pauses.look()),
    now,
    wakeAt: alarm.at,
    onFault(error) {
      kept.spoil();
      parts.onFault(error);
    },
  });
  const fault = (error: unknown): void => {
    loop?.stop();
    kept.spoil();
    parts.onFault(error);
  };
  const pauses = watchPause(stateDir, guarded(ledger, fault), world, (fact) =>
    post({ kind: "queue-told", fact }),
  );
  const { troubles, states } = core;
  const timeZone = machineTimeZone();
  const opened = { world, post, warn, troubles, ...services, stateDir, states, timeZone };
  const stopWatching = await openLabs(labs, opened);
  await journalsRead(world);
  post({ kind: "daemon-started" });
  kept.keep();
  log.info({ labs, experiments: world.found.size, commands: world.commands.size }, "watching");
  return {
    world,
    async close() {
      loop.stop();
      pauses.close();
      alarm.cancel();
      core.supervisor.close();
      const { journals, runs, manualRuns: byHand, reports, pages } = services;
      await Promise.all([stopWatching(), journals.close(), runs.close(), byHand.close()]);
      await Promise.all([reports.close(), pages.close()]);
      await core.renderer.close();
      endTelling();
      endUnread();
      await core.troubles.close();
      await recorder?.close();
      await kept.close();
      ledger.close();
    },
  };
}

/** Logs each link that is not followed since it leaves its lab, once for each target. */
function tellLeavingLinks(warn: Core["warn"]): () => void {
  const told = new Set<string>();
  return onLeavingLink(({ link, target }) => {
    const key = `${link}\0${target}`;
    if (told.has(key)) return;
    told.add(key);
    warn("link out of the lab not followed", { link, target, fix: trustCommand(link) });
  });
}

/** The ledger for who looks at it by the clock: its trouble ends the daemon, and is no pause. */
const guarded = (ledger: Ledger, fault: (error: unknown) => void): Pick<Ledger, "lastPause"> => ({
  lastPause() {
    try {
      return ledger.lastPause();
    } catch (error) {
      fault(error);
      return undefined;
    }
  },
});

async function openCore(parts: RealDaemonParts, post: Post): Promise<Core> {
  const { log } = parts;
  const ledger = openLedger(parts.stateDir);
  const warn: Core["warn"] = (message, facts) => log.warn(facts, message);
  const states = await openLabStates(parts.labs, { stateDir: parts.stateDir, ledger, warn });
  const read = readWorldOf(parts.stateDir, parts.labs, ledger);
  const { world } = read;
  const supervision = await findSupervision(parts.env);
  log.debug({ supervision }, "supervision");
  const { labs, stateDir } = parts;
  const troubles = openTroubles({ labs, stateDir, warn, now: Date.now });
  return {
    parts,
    ledger,
    states,
    world,
    read,
    supervisor: new Supervisor({
      supervision,
      onUnreadable: (place, why) => tellUnreadAttempt(troubles, place, why),
    }),
    renderer: createRenderer(),
    cache: createReadingCache(),
    troubles,
    now: steadyClock({
      notBeforeMs: world.nowMs,
      onJump: (byMs) => post({ kind: "clock-jumped", byMs }),
    }),
    // In a lab whose folder is away nothing was deleted.
    post(event) {
      if (event.kind === "experiment-gone") {
        const lab = world.found.get(event.experiment)?.lab;
        if (lab !== undefined && states.isAway(lab)) return;
      }
      post(event);
    },
    warn,
  };
}

function createServices(core: Core): Services {
  const { parts, states, world, supervisor, renderer, cache, troubles, post, warn } = core;
  const reports = reportHandlers({
    labOf: (experiment) =>
      world.experiments.get(experiment)?.lab ?? world.found.get(experiment)?.lab,
    renewMs: (experiment) => renewMs(world, experiment),
    cache,
    renderer,
    troubles,
    warn,
    renewed: (experiment, trouble) =>
      post({
        kind: "report-renewed",
        experiment,
        ...defined({ trouble }),
      }),
  });
  const context = runContext(core, reports);
  return {
    reports,
    journals: journalHandlers({
      post,
      warn,
      note: (message, facts) => parts.log.debug(facts, message),
      now: Date.now,
      rendered: (experiment) => world.experiments.get(experiment)?.rendered ?? new Set(),
      disk: journalDisk(parts.env["NIGHTLAB_TEST_WRITING"]),
      troubles,
      stateOf: states.stateOf,
    }),
    pages: labPages({
      warn,
      tell: troubles.tell,
      quietMs: (lab) => world.labs.get(lab)?.settings?.quietMs ?? QUIET_MS,
      now: Date.now,
      stateOf: states.stateOf,
    }),
    runs: runHandlers({ supervisor, renderer, context }),
    manualRuns: manualRuns({
      renderer,
      context: context,
      isOurs: (experiment, folder, name) => isOurs(world, experiment, folder, name),
    }),
  };
}

/** What the handlers of runs look up in the world. */
function runContext({ parts, world, now, warn }: Core, reports: ReportHandlers): RunContext {
  return {
    plan(experiment) {
      const { plan } = world.views.get(experiment)?.reading ?? NOTHING_READ;
      return withLabRules(plan, settingsOf(world, experiment).rules);
    },
    timeZone: (lab) => world.labs.get(lab as LabPath)?.settings?.timeZone ?? machineTimeZone(),
    renewMs: (experiment) => renewMs(world, experiment),
    takenFolders: (spec) => takenFolders(world, spec),
    reportTouched: (experiment) => reports.touch(experiment),
    warn,
    now,
    version: parts.version,
  };
}

/** A handler for every effect. `lookForPause` takes up a pause that another daemon recorded. */
function effectHandlers(core: Core, services: Services, lookForPause: () => void): EffectHandlers {
  const { parts, ledger, world, supervisor, cache, warn } = core;
  const { journals, reports, pages, runs } = services;
  const { env, log } = parts;
  const locks = createGpuLocks(env);
  const known = (spec: AttemptSpec) => knownAttempts(world, spec);
  const attempts = attemptHandlers(supervisor, env, locks, preparedEnvironments(env), known);
  const night = { facts: portions(ledger), timeZone: machineTimeZone(), cache };
  return {
    ...attempts,
    "examine-start": (effect, post) =>
      attempts["examine-start"](effect, (event) => {
        // Nothing may start after a pause that another daemon recorded earlier.
        lookForPause();
        post(event);
      }),
    ...codeHandlers(warn),
    ...gpuHandlers(locks, env),
    "follow-attempt": runs["follow-attempt"],
    "conclude-run": async (effect, post) => {
      await afterStarts(world);
      await runs["conclude-run"](effect, post);
    },
    "plot-run": runs["plot-run"],
    "write-journal": journals["write-journal"],
    "write-status-page": journals["write-status-page"],
    "renew-report": reports["renew-report"],
    ...nightlySummaryHandlers(night, warn),
    "show-lab-page": ({ lab, problems, digest }) => {
      for (const problem of problems) log.warn({ lab, problem }, "nightlab.yaml");
      void pages.show(lab, problems, digest);
    },
  };
}

/** The reading of a journal that was not read yet. */
const NOTHING_READ = readJournal("");

const machineTimeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

const renewMs = (world: World, experiment: ExperimentPath): number =>
  settingsOf(world, experiment).renewMs ?? RENEW_MS;

/**
 * Runs left by an earlier daemon are judged by their plan, so wait until the journals are read, but
 * for JOURNALS_READ_MS at most.
 */
async function journalsRead(world: World): Promise<void> {
  const deadline = Date.now() + JOURNALS_READ_MS;
  const unread = (): boolean => [...world.found.keys()].some((path) => !world.views.has(path));
  while (unread() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Whether a run folder belongs to a command's run, or may: that run's folder is not known yet. */
function isOurs(
  world: World,
  experiment: ExperimentPath,
  folder: RunFolder,
  name: string,
): boolean {
  if (world.experiments.get(experiment)?.index.inFolder.has(folder) === true) return true;
  return runsNamed(world, experiment, name).some((run) => run.folder === undefined);
}

/** The run folders of an experiment's other attempts with the same name, which is in the folder's. */
function takenFolders(
  world: World,
  { experiment, name, attempt }: AttemptSpec,
): ReadonlySet<string> {
  const runs = runsNamed(world, experimentPath(experiment), name);
  return new Set(runs.flatMap((run) => (run.attempt === attempt ? [] : (run.folder ?? []))));
}

/** All attempts at the commands with that target. */
const runsNamed = (world: World, experiment: ExperimentPath, name: string): readonly Run[] =>
  (world.experiments.get(experiment)?.index.named.get(name) ?? []).flatMap((id) => {
    const command = world.commands.get(id);
    return command === undefined ? [] : runsOf(command);
  });
