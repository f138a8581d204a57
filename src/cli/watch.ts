// `nightlab watch [LAB…]`: runs the daemon in the foreground until a signal ends it. This file
// locks the labs, starts it and shuts it down; effects/daemon/ does the work.
import { existsSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { guardLab } from "../effects/os/lab-links.ts";
import { LedgerTrouble } from "../effects/state/ledger-trouble.ts";
import { lockLab, type LabLock } from "../effects/state/lab-lock.ts";
import { areLinksTaken, type TrustedLink } from "../effects/os/trusted-links.ts";
import { openLog } from "../effects/os/log.ts";
import { adoptLinks } from "../effects/daemon/adopt-links.ts";
import { openDaemon } from "../effects/daemon/compose-daemon.ts";
import { makeRecordingFile, type RecordingFile } from "../effects/daemon/recording.ts";
import { trimAtRest, trimHeap } from "../effects/os/trim-heap.ts";
import { stateDir } from "../effects/os/state-dir.ts";
import { labPath, type LabPath } from "../base/ids.ts";
import { refused, type CommandResult } from "./command-result.ts";
import { fileErrorText } from "./file-error.ts";
import { findLab, noLab, readWorld, stateOf } from "./lab-world.ts";
import { askAtFirstWatch } from "./trust-lab.ts";

/** Shutdown deadline: the daemon exits within 2 s of SIGTERM, whatever is still being written. */
const SHUTDOWN_MS = 1_500;

/**
 * Watches labs until SIGTERM, SIGINT or SIGHUP. Exit code 0: ended by a signal. 2: it could not
 * start, or ended on a fault.
 */
export async function watch(
  paths: readonly string[],
  options: {
    readonly version: string;
    /** Where every event is recorded. */
    readonly record?: string;
  },
): Promise<CommandResult> {
  const labs = namedLabs(paths);
  if ("text" in labs) return labs;
  const log = openLog(process.env["NIGHTLAB_LOG_LEVEL"]);
  for (const lab of labs) await adoptOldLinks(lab, log);
  for (const lab of labs) await askAtFirstWatch(lab);
  const locks = lockAll(labs);
  if ("text" in locks) return locks;
  const recording = recordingFile(options.record);
  if ("text" in recording) {
    for (const lock of locks) lock.release();
    return recording;
  }
  trimHeap();
  const ended = Promise.withResolvers<CommandResult>();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    process.once(signal, () => {
      log.info({ signal }, "leaving; runs go on");
      ended.resolve({ text: "", exitCode: 0 });
    });
  }
  const daemon = await openDaemon({
    labs,
    stateDir: stateDir(),
    log,
    env: process.env,
    version: options.version,
    ...recording,
    onFault(error) {
      const isTold = error instanceof LedgerTrouble;
      const what = isTold ? error.message : error instanceof Error ? error.stack : String(error);
      log.fatal({ error: what }, "fault");
      ended.resolve(refused(isTold ? error.message : `nightlab ends on a fault: ${String(error)}`));
    },
  });
  const endTrims = trimAtRest();
  const answer = await ended.promise;
  endTrims();
  // A forced exit loses no run: they live under their shims and go on.
  setTimeout(() => process.exit(answer.exitCode), SHUTDOWN_MS).unref();
  await daemon.close();
  for (const lock of locks) lock.release();
  return answer;
}

/** A new file: what is in one that is there already is somebody's. */
function recordingFile(
  path: string | undefined,
): { readonly recordingFile?: RecordingFile } | CommandResult {
  if (path === undefined) return {};
  try {
    return { recordingFile: makeRecordingFile(resolve(path)) };
  } catch (error) {
    return refused(`Cannot record into ${resolve(path)}: ${fileErrorText(error)}.`);
  }
}

function namedLabs(paths: readonly string[]): readonly LabPath[] | CommandResult {
  if (paths.length === 0) {
    const lab = findLab(".");
    return lab === undefined ? refused(noLab(".")) : [lab];
  }
  const labs = new Set<LabPath>();
  for (const path of paths) {
    if (!existsSync(join(path, "nightlab.yaml"))) {
      return refused(`${resolve(path)} is no lab: it has no nightlab.yaml. See \`nightlab init\`.`);
    }
    const lab = realpathSync(path);
    guardLab(lab);
    labs.add(labPath(lab));
  }
  return [...labs];
}

/** The links that this lab's runs have used since before nightlab asked about links. */
async function adoptOldLinks(lab: LabPath, log: ReturnType<typeof openLog>): Promise<void> {
  const tell = ({ link, target }: TrustedLink): void =>
    log.warn({ link, target }, "a link out of the lab goes on being followed, as it was before");
  try {
    if (!areLinksTaken(lab)) await adoptLinks(lab, readWorld(lab), tell);
  } catch (error) {
    log.warn({ lab, error: String(error) }, "older links out of the lab were not looked at");
  }
}

function tryLock(lab: LabPath): ReturnType<typeof lockLab> | CommandResult {
  try {
    return lockLab(lab, stateOf(lab));
  } catch (error) {
    return refused(`Cannot watch ${lab}: ${fileErrorText(error)}.`);
  }
}

function lockAll(labs: readonly LabPath[]): readonly LabLock[] | CommandResult {
  const locks: LabLock[] = [];
  for (const lab of labs) {
    const lock = tryLock(lab);
    if ("text" in lock) {
      for (const taken of locks) taken.release();
      return lock;
    }
    if ("release" in lock) {
      locks.push(lock);
      continue;
    }
    for (const taken of locks) taken.release();
    const who = lock.heldBy === undefined ? "another daemon" : `a daemon with pid ${lock.heldBy}`;
    return refused(`${lab} is already watched by ${who}; end that one first.`);
  }
  return locks;
}
