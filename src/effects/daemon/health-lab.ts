// Checks of what a lab's runs depend on in its folder, each with a way to fix it.
// health.ts checks the rest of the machine.
import { mkdtemp, statfs } from "node:fs/promises";
import { join, relative } from "node:path";
import { ExecaError } from "execa";
import type { LabPath } from "../../base/ids.ts";
import { counted } from "../../base/markdown.ts";
import { settingsProblem } from "../../base/problem.ts";
import { unreadTrouble } from "../../domain/trouble.ts";
import { DISK_FLOOR_BYTES } from "../../rules/disk-full.ts";
import { journalPath } from "../journal-store/journal-paths.ts";
import { CLOCK_JUMP_MS } from "../os/clock.ts";
import { gitIn } from "../git/git.ts";
import { repositoryOf } from "../git/repository.ts";
import { rm, stat, writeFile } from "../os/lab-files.ts";
import { trustCommand } from "../os/lab-links.ts";
import { whyUnreadable } from "../os/stable-read.ts";
import { surveyLab } from "../run-store/lab-experiments.ts";
import { leavingLinks } from "../run-store/leaving-links.ts";
import { readSettingsInForce } from "../run-store/lab-settings.ts";
import { isOnNetwork } from "../state/ledger.ts";
import { readTroubles } from "../state/troubles.ts";
import { defined } from "../../base/defined.ts";

/** Labs and worktrees within a lab that are listed. */
const PASSED_OVER = 20;

/** A program prints its version well within this, unless its disk is gone. */
export const VERSION_MS = 5_000;

export interface Check {
  /** What was checked, in a word or two. */
  readonly what: string;
  /** `warn`: works, but less well; `bad`: something will not work. */
  readonly state: "ok" | "warn" | "bad";
  /** The result, for a person. */
  readonly says: string;
  /** What to do about it. */
  readonly fix?: string;
}

/** Replaces the checks of a lab where there is none. */
export const noLabCheck: Check = {
  what: "lab",
  state: "warn",
  says: "none here or above; what concerns a lab was not looked at",
  fix: "call this inside a lab, or make one with `nightlab init`",
};

/** The checks of a lab. Rejects where its folder cannot be written. */
export async function labFolder(lab: LabPath): Promise<readonly Check[]> {
  const network = isOnNetwork(lab);
  const location: Check = network
    ? {
        what: "lab",
        state: "warn",
        says: `${lab}, on a network file system: saves made on another machine are seen some seconds later`,
      }
    : { what: "lab", state: "ok", says: lab };
  return [
    location,
    await settings(lab),
    await room("disk of the lab", lab),
    await clock(lab),
    ...(await ignored(lab)),
    ...(await links(lab)),
  ];
}

/** Each link that nightlab would follow if it did not lead out of the lab. */
async function links(lab: LabPath): Promise<readonly Check[]> {
  return (await leavingLinks(lab)).map(({ link, target }) => ({
    what: "link",
    state: "warn",
    says: `${relative(lab, link)} leads out of the lab, to ${target}, and is not followed`,
    fix: `if it is yours: ${trustCommand(link)}`,
  }));
}

async function settings(lab: LabPath): Promise<Check> {
  const what = "settings";
  const { problems, known } = await readSettingsInForce(lab, "UTC");
  if (problems.length === 0) return { what, state: "ok", says: "nightlab.yaml has no problem" };
  const says = problems.map(settingsProblem).join("; ");
  const fix = problems.find((one) => one.fix !== undefined)?.fix;
  return { what, state: known ? "warn" : "bad", says, ...defined({ fix }) };
}

/**
 * Compares the clock of the lab's disk with this machine's: a file counts as settled by its mtime,
 * which a file server with another clock gets wrong.
 */
async function clock(lab: LabPath): Promise<Check> {
  const folder = await mkdtemp(join(lab, ".nightlab-doctor-"));
  try {
    const path = join(folder, "now");
    await writeFile(path, "");
    const differenceMs = Math.abs((await stat(path)).mtimeMs - Date.now());
    if (differenceMs < CLOCK_JUMP_MS)
      return { what: "clock", state: "ok", says: "as the lab's disk has it" };
    const says = `the lab's disk is ${(differenceMs / 1000).toFixed(1)} s away from this machine's clock`;
    return { what: "clock", state: "warn", says, fix: "have both set their clocks by NTP" };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Example paths that a lab in a repository must not commit. */
const NOT_IN_GIT = [".nightlab/x", "experiment/runs/2025-02-02T14-30-00-x/checkpoints/x"] as const;

async function ignored(lab: LabPath): Promise<readonly Check[]> {
  const what = ".gitignore";
  const repository = await repositoryOf(lab);
  if (repository === undefined) return [];
  const asked = gitIn(repository, lab, { timeoutMs: VERSION_MS })(
    "check-ignore",
    "--no-index",
    ...NOT_IN_GIT,
  );
  const answer = await asked.catch((error: unknown) =>
    error instanceof ExecaError ? error : undefined,
  );
  if (typeof answer !== "string" && answer?.signal === "SIGKILL") {
    return [{ what, state: "warn", says: "not looked at: git did not answer in time" }];
  }
  // Exit code 1: none is ignored. Anything else: no git.
  if (typeof answer !== "string" && answer?.exitCode !== 1) return [];
  const lines = typeof answer === "string" ? answer.split("\n") : [];
  const missing = NOT_IN_GIT.filter((path) => !lines.includes(path)).map((path) =>
    path.startsWith(".nightlab") ? ".nightlab/" : "**/runs/*/checkpoints/",
  );
  if (missing.length === 0)
    return [{ what, state: "ok", says: "keeps weights and nightlab's own files out" }];
  const says = `does not name ${missing.join(" and ")}`;
  return [
    { what, state: "warn", says, fix: `add ${missing.join(" and ")} to the lab's .gitignore` },
  ];
}

/**
 * What of a lab is not read, as it is at this moment, and what else its daemon told; and, last, what
 * is passed over for a reason. Never rejects.
 */
export async function journals(stateDir: string, lab: LabPath): Promise<readonly Check[]> {
  const { experiments, troubles, passedOver } = await surveyLab(lab);
  const unread = experiments.flatMap((experiment) => {
    const path = journalPath(experiment);
    const why = whyUnreadable(path);
    return why === undefined ? [] : [unreadTrouble(relative(lab, path), why)];
  });
  const found = [...unread, ...troubles];
  const told = (readTroubles(stateDir, lab)?.troubles ?? []).filter(
    (one) => !found.some(({ where }) => where === one.where),
  );
  const what = "journals";
  const all = [...found, ...told];
  const count = counted(experiments.length, "journal");
  return [
    ...(all.length === 0 ? [{ what, state: "ok", says: count } as const] : []),
    ...all.map(({ where, says, ...fix }): Check => {
      return { what: "trouble", state: "warn", says: `${where} ${says}`, ...fix };
    }),
    ...passedOver.slice(0, PASSED_OVER).map(({ where, says, fix }): Check => {
      const watchIt = fix === undefined ? "" : `; to have it watched: \`${fix}\``;
      return { what: "passed over", state: "ok", says: `${where} ${says}${watchIt}` };
    }),
  ];
}

/** Checks the free space of the disk that a folder is on; rejects where the folder is missing. */
export async function room(what: string, folder: string): Promise<Check> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const says = `${(free / 1e9).toFixed(free < 1e10 ? 1 : 0)} GB free`;
  if (free >= DISK_FLOOR_BYTES) return { what, state: "ok", says };
  return { what, state: "warn", says, fix: "old checkpoints are the usual place to make room" };
}
