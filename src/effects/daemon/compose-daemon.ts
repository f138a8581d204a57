// The real daemon: ledger, hands and eyes around the loop, for the labs that it is given.
// Arguments, signals and what a person sees are cli/watch.ts's.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { QUIET_MS } from "../../domain/lab-settings.ts";
import { startLoop, type Loop } from "./daemon.ts";
import { readJournal } from "../../journal/read/read.ts";
import { replay } from "../../domain/replay.ts";
import {
  attemptId,
  commandId,
  experimentPath,
  type ExperimentPath,
  type LabPath,
} from "../../base/ids.ts";
import { runsOf, settingsOf, type World } from "../../domain/world.ts";
import { readLabSettings } from "../../settings/lab.ts";
import { withLabRules } from "../../settings/rule-values.ts";
import { attemptHandlers } from "./attempt-handlers.ts";
import { codeHandlers } from "./code-handlers.ts";
import { steadyClock } from "../os/clock.ts";
import { gpuHandlers } from "./gpu-handlers.ts";
import { createGpuLocks } from "../gpu/gpu-locks.ts";
import type { EffectHandlers } from "./effect-handlers.ts";
import { journalHandlers, type JournalHandlers } from "./journal-handlers.ts";
import { logFact } from "../state/fact-log.ts";
import { openLedger, type Ledger } from "../state/ledger.ts";
import { isLocalExperiment } from "../state/local-experiments.ts";
import { watchPause } from "../state/machine-pause.ts";
import { labPages } from "./lab-page.ts";
import { nightlySummaryHandlers, portions } from "./nightly-summary-handlers.ts";
import { createReadingCache } from "../run-store/reading-cache.ts";
import { preparedEnvironments } from "../environment/prepared-environments.ts";
import { startRepeat } from "./repeat-handlers.ts";
import { createRenderer } from "../render/render.ts";
import { manualRuns, type ManualRuns } from "../run-store/manual-runs.ts";
import { reportHandlers, type ReportHandlers } from "./report-handlers.ts";
import { watchRequests } from "../state/requests.ts";
import { runHandlers } from "./run-handlers.ts";
import type { RunContext } from "../run-store/run-context.ts";
import { sweepSnapshots } from "../code/snapshot-places.ts";
import { afterStarts } from "../supervise/start-priority.ts";
import { keepStatusView, VIEW_FACTS } from "../state/status-view.ts";
import { findSupervision } from "../supervise/services.ts";
import { Supervisor } from "../supervise/supervisor.ts";
import { wakeUp } from "../os/timer.ts";
import { watchLab } from "./watch.ts";
import { readStrategies } from "../state/write-strategies.ts";

/** Plots and report are renewed at most this often. */
const RENEW_MS = 1_000;
/** On start, runs of before are judged once the journals are read, or after this long. */
const JOURNALS_READ_MS = 5_000;

export interface RealDaemon {
  readonly world: World;
  /** Ends everything of the daemon's own; runs go on. */
  close(): Promise<void>;
}

export interface RealDaemonParts {
  /** Locked by the caller. */
  readonly labs: readonly LabPath[];
  readonly stateDir: string;
  readonly log: Logger;
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
  readonly onFault: (error: unknown) => void;
}

/** Opens the ledger, takes up what was under way, and watches; resolves when all labs are read. */
export async function openDaemon(parts: RealDaemonParts): Promise<RealDaemon> {
  const { labs, log } = parts;
  const ledger = openLedger(parts.stateDir);
  const world = replay(ledger.read(labs));
  const warn = (message: string, facts: Readonly<Record<string, unknown>>): void =>
    log.warn(facts, message);
  const supervision = await findSupervision(parts.env);
  log.debug({ supervision }, "supervision");
  const supervisor = new Supervisor({ supervision });
  const renderer = createRenderer();
  const labOf = (experiment: ExperimentPath): LabPath | undefined =>
    world.experiments.get(experiment)?.lab ?? world.found.get(experiment)?.lab;
  const timeZone = (lab: string): string =>
    world.labs.get(lab as LabPath)?.settings.timeZone ?? machineTimeZone();
  const cache = createReadingCache();
  const renewMs = (experiment: ExperimentPath): number =>
    settingsOf(world, experiment).renewMs ?? RENEW_MS;
  const reports = reportHandlers({
    labOf,
    renewMs,
    cache,
    renderer,
    warn,
    renewed: (experiment, trouble) =>
      loop?.post({
        kind: "report-renewed",
        experiment,
        ...(trouble === undefined ? {} : { trouble }),
      }),
  });
  let loop: Loop | undefined;
  const now = steadyClock({
    notBeforeMs: world.nowMs,
    onJump: (byMs) => loop?.post({ kind: "clock-jumped", byMs }),
  });
  const journals = journalHandlers({
    post: (event) => loop?.post(event),
    warn,
    note: (message, facts) => log.debug(facts, message),
    now: Date.now,
    rendered: (experiment) => world.experiments.get(experiment)?.rendered ?? new Set(),
    ways: readStrategies(parts.env["NIGHTLAB_TEST_WRITING"]),
  });
  const pages = labPages({
    warn,
    quietMs: (lab) => world.labs.get(lab)?.settings.quietMs ?? QUIET_MS,
    now: Date.now,
  });
  for (const lab of labs) await pages.open(lab);
  const around: RunContext = {
    plan(experiment) {
      const { plan } = world.views.get(experiment)?.reading ?? NOTHING_READ;
      return withLabRules(plan, settingsOf(world, experiment).rules);
    },
    timeZone,
    renewMs,
    takenFolders: ({ experiment, attempt }) =>
      takenFolders(world, experimentPath(experiment), attempt),
    reportTouched: (experiment) => reports.touch(experiment),
    warn,
    now,
    version: parts.version,
  };
  const runs = runHandlers({ supervisor, renderer, context: around });
  const runsByHand = manualRuns({
    renderer,
    around,
    isOurs: (experiment, folder, name) =>
      [...world.commands.values()].some(
        (command) =>
          command.experiment === experiment &&
          runsOf(command).some(
            (run) => run.folder === folder || (run.folder === undefined && run.spec.name === name),
          ),
      ),
  });
  const locks = createGpuLocks(parts.env, (why) => warn("no lock on a GPU", { why }));
  const attempts = attemptHandlers(supervisor, parts.env, locks, preparedEnvironments(parts.env));
  const hands: EffectHandlers = {
    ...attempts,
    "examine-start": (effect, post) =>
      attempts["examine-start"](effect, (event) => {
        // Nothing starts after a pause that another daemon recorded before.
        pauses.look();
        post(event);
      }),
    ...codeHandlers(warn),
    ...gpuHandlers(locks, parts.env),
    "follow-attempt": runs["follow-attempt"],
    "conclude-run": async (effect, post) => {
      await afterStarts(world);
      await runs["conclude-run"](effect, post);
    },
    "plot-run": runs["plot-run"],
    "write-journal": journals["write-journal"],
    "write-status-page": journals["write-status-page"],
    "renew-report": reports["renew-report"],
    ...nightlySummaryHandlers(
      { facts: portions(ledger), timeZone: machineTimeZone(), cache },
      warn,
    ),
    "show-lab-page": ({ lab, problems, digest }) => {
      for (const problem of problems) log.warn({ lab, problem }, "nightlab.yaml");
      void pages.show(lab, problems, digest);
    },
  };
  const alarm = wakeUp(now);
  let unseen = 0;
  const keepViews = (): void => {
    unseen = 0;
    for (const lab of labs) keepStatusView(parts.stateDir, lab, ledger, { world, earlier: 0 });
  };
  const told: Pick<Ledger, "append"> = {
    append(rows) {
      ledger.append(rows);
      unseen += rows.length;
      if (unseen >= VIEW_FACTS) keepViews();
      for (const { fact } of rows) logFact(log, fact);
    },
  };
  loop = startLoop({
    world,
    ledger: told,
    handlers: hands,
    now,
    wakeAt: alarm.at,
    onFault: parts.onFault,
  });
  const pauses = watchPause(parts.stateDir, ledger, world, (fact) =>
    loop?.post({ kind: "queue-told", fact }),
  );
  const eyes = await openEyes(labs, { world, loop, journals, reports, runsByHand, log });
  await journalsRead(world);
  loop.post({ kind: "daemon-started" });
  keepViews();
  log.info({ labs, experiments: world.found.size, commands: world.commands.size }, "watching");
  return {
    world,
    async close() {
      loop.stop();
      pauses.close();
      alarm.cancel();
      supervisor.close();
      await Promise.all([eyes(), journals.close(), runs.close(), runsByHand.close()]);
      await Promise.all([reports.close(), pages.close()]);
      await renderer.close();
      keepViews();
      ledger.close();
    },
  };
}

const NOTHING_READ = readJournal("");

const machineTimeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

interface EyesParts {
  readonly world: World;
  readonly loop: Loop;
  readonly journals: JournalHandlers;
  readonly reports: ReportHandlers;
  readonly runsByHand: ManualRuns;
  readonly log: Logger;
}

/** Watches the labs; the returned function ends that. */
async function openEyes(
  labs: readonly LabPath[],
  { world, loop, journals, reports, runsByHand, log }: EyesParts,
): Promise<() => Promise<void>> {
  const closing: (() => void | Promise<void>)[] = [];
  for (const lab of labs) {
    await journals.open(lab);
    await sweepSnapshots(lab, (id) => world.commands.has(commandId(id)), Date.now());
    await openSettings(lab, loop);
    const eye = watchLab(lab, {
      experimentFound: (experiment, initial) =>
        loop.post({
          kind: "experiment-found",
          lab,
          experiment,
          madeHere: !initial || isLocalExperiment(lab, experiment),
        }),
      experimentGone: (experiment) => {
        runsByHand.unwatch(experiment);
        loop.post({ kind: "experiment-gone", experiment });
      },
      journalTouched: (experiment) => journals.touch(lab, experiment),
      editorClosed: (experiment) => journals.editorClosed(lab, experiment),
      ignoredTouched: (experiment) => reports.touch(experiment),
      runsFound: (experiment) => runsByHand.watch(experiment),
      settingsTouched: () => void openSettings(lab, loop),
      failed: (error) => log.warn({ lab, error: String(error) }, "watching a folder failed"),
    });
    await eye.ready;
    const requests = watchRequests(lab, (request) => {
      if (request.kind === "stop") loop.post({ kind: "stop-asked", id: request.id });
      else if (request.kind === "retell") loop.post({ kind: "night-asked", lab });
      else if (request.kind === "queue") loop.post({ kind: "queue-asked", word: request.word });
      else if (request.kind === "repeat") {
        void startRepeat({ lab, world, post: (event) => loop.post(event), now: Date.now }, request);
      } else void journals.restore(lab, request);
    });
    closing.push(requests, () => eye.close());
  }
  return async () => {
    for (const close of closing) await close();
  };
}

async function openSettings(lab: LabPath, loop: Loop): Promise<void> {
  const text = await readFile(join(lab, "nightlab.yaml"), "utf8").catch(() => "");
  const { value, problems } = readLabSettings(text, machineTimeZone());
  loop.post({ kind: "lab-opened", lab, settings: value, problems });
}

/** What was under way is judged by its plan, so the journals come first, but not for ever. */
async function journalsRead(world: World): Promise<void> {
  const deadline = Date.now() + JOURNALS_READ_MS;
  const unread = (): boolean => [...world.found.keys()].some((path) => !world.views.has(path));
  while (unread() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
}

function takenFolders(
  world: World,
  experiment: ExperimentPath,
  except: string,
): ReadonlySet<string> {
  const taken = new Set<string>();
  for (const command of world.commands.values()) {
    if (command.experiment !== experiment || command.spec.verb !== "run") continue;
    for (const { attempt, folder } of runsOf(command)) {
      if (folder !== undefined && attempt !== attemptId(except)) taken.add(folder);
    }
  }
  return taken;
}
