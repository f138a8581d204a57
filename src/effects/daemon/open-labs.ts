// Opens the labs of a daemon: posts their settings, watches their folders, and takes requests from
// the command line. compose-daemon.ts makes the parts that the events go to.
import { commandId, type LabPath } from "../../base/ids.ts";
import type { World } from "../../domain/world.ts";
import type { Post } from "./effect-handlers.ts";
import type { JournalHandlers } from "./journal-handlers.ts";
import { startRepeat } from "./repeat-handlers.ts";
import type { ReportHandlers } from "./report-handlers.ts";
import type { ManualRuns } from "../run-store/manual-runs.ts";
import type { Troubles } from "../state/troubles.ts";
import { watchRequests, type Request } from "../state/requests.ts";
import { sweepSnapshots } from "../code/snapshot-places.ts";
import { ignoreOwnFiles } from "../state/ignore-own-files.ts";
import { isLocalExperiment } from "../state/local-experiments.ts";
import type { LabStates } from "./lab-states.ts";
import { followSurvey } from "./survey.ts";
import { watchLab, type LabWatch, type LabWatchHandlers } from "./watch.ts";
import { watchSettings } from "./watched-settings.ts";

export interface OpenLabsParts {
  readonly world: World;
  readonly post: Post;
  readonly warn: (message: string, facts: Readonly<Record<string, unknown>>) => void;
  readonly journals: JournalHandlers;
  readonly reports: ReportHandlers;
  readonly manualRuns: ManualRuns;
  readonly stateDir: string;
  /** What cannot be read, is lost or broken: each source tells its own. */
  readonly troubles: Troubles;
  readonly states: LabStates;
  /** Applies where a lab's settings name no time zone. */
  readonly timeZone: string;
}

/**
 * Opens labs one after the other. Resolves when everything in them has been posted; the returned
 * function stops watching them.
 */
export async function openLabs(
  labs: readonly LabPath[],
  parts: OpenLabsParts,
): Promise<() => Promise<void>> {
  const { world, journals, states } = parts;
  const closing: (() => void | Promise<void>)[] = [];
  for (const lab of labs) {
    await ignoreOwnFiles(lab);
    await journals.open(lab);
    await sweepSnapshots(lab, (id) => world.commands.has(commandId(id)), Date.now());
    const settings = watchSettings({ ...parts, lab, standing: () => states.standingOf(lab) });
    await settings.open();
    const survey = followSurvey(lab, parts.troubles, parts.warn);
    const watcher = watchFolders(lab, parts, {
      settingsTouched: () => settings.touch(),
      folderTouched: survey.touch,
    });
    await watcher.ready;
    const stopLooks = states.watch(lab, () => settings.standingChanged());
    closing.push(
      followRequests(lab, parts, () => settings.standingChanged()),
      stopLooks,
      survey.close,
      () => settings.close(),
      () => watcher.close(),
    );
  }
  return async () => {
    for (const close of closing) await close();
  };
}

/** Without a folder for requests the daemon works all the same. */
function followRequests(
  lab: LabPath,
  parts: OpenLabsParts,
  standingChanged: () => void,
): () => void {
  try {
    return watchRequests(
      parts.states.stateOf(lab),
      (request) => takeRequest(lab, parts, request, standingChanged),
      (path, why) => parts.warn("a request of the command line is not taken", { lab, path, why }),
    );
  } catch (error) {
    parts.warn("no requests of the command line are taken", { lab, error: String(error) });
    return () => undefined;
  }
}

function watchFolders(
  lab: LabPath,
  parts: OpenLabsParts,
  touched: Pick<LabWatchHandlers, "settingsTouched" | "folderTouched">,
): LabWatch {
  const { post, warn, journals, reports, manualRuns, states } = parts;
  const place = { lab, folder: states.stateOf(lab) };
  return watchLab(lab, {
    experimentFound: (experiment, sight) =>
      post({
        kind: "experiment-found",
        lab,
        experiment,
        sight: isLocalExperiment(place, experiment) ? "made" : sight,
      }),
    experimentGone: (experiment) => {
      manualRuns.unwatch(experiment);
      post({ kind: "experiment-gone", experiment });
    },
    journalTouched: (experiment) => journals.touch(lab, experiment),
    editorClosed: (experiment) => journals.editorClosed(lab, experiment),
    ignoredTouched: (experiment) => reports.touch(experiment),
    runsFound: (experiment) => manualRuns.watch(experiment),
    ...touched,
    failed: (error) => warn("watching a folder failed", { lab, error: String(error) }),
  });
}

function takeRequest(
  lab: LabPath,
  parts: OpenLabsParts,
  request: Request,
  standingChanged: () => void,
): void {
  const { post, world, journals, warn, states } = parts;
  // A full disk may refuse the answer: whoever asked waits in vain, and the daemon goes on.
  const failed = (error: unknown): void =>
    warn("a request was not answered", { lab, kind: request.kind, error: String(error) });
  switch (request.kind) {
    case "stop":
      post({ kind: "stop-asked", id: request.id });
      return;
    case "trust":
      states.readAgain(lab);
      standingChanged();
      return;
    case "retell":
      post({ kind: "night-asked", lab });
      return;
    case "queue":
      post({ kind: "queue-asked", word: request.word });
      return;
    case "repeat":
      startRepeat({ lab, state: states.stateOf(lab), world, post, now: Date.now }, request).catch(
        failed,
      );
      return;
    case "restore":
      journals.restore(lab, request).catch(failed);
  }
}
