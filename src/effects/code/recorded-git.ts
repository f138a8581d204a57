// What git said of a run's code, kept from the moment at which the code was the run's: its start,
// or the moment its copy was made. Asking git is git-facts.ts's.
import { readFile, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import type { AttemptId } from "../../base/ids.ts";
import type { AttemptSpec } from "../../domain/run.ts";
import { PATCH_BYTES } from "../git/git.ts";
import { attemptDir } from "../supervise/attempts.ts";
import { codeSeen } from "./code-hash.ts";
import { gitFacts, type GitFacts } from "../git/git-facts.ts";
import { atomicWrite } from "../os/atomic-write.ts";

const FACTS = "git.json";
const PATCH = "run.patch";

export interface KeptGit extends GitFacts {
  /** Of the code when git was asked. */
  readonly codeHash: string;
}

/** Keeps facts in a folder; that there are none is kept too. */
export async function keepGit(dir: string, facts: KeptGit | undefined): Promise<void> {
  const { patch, ...rest } = facts ?? {};
  if (patch !== undefined) await atomicWrite(join(dir, PATCH), patch);
  const told = facts === undefined ? {} : { ...rest, patched: patch !== undefined };
  await atomicWrite(join(dir, FACTS), `${JSON.stringify(told)}\n`);
}

/** The facts that are kept in a folder; `none` where none were. */
async function keptGit(dir: string): Promise<KeptGit | undefined | "none"> {
  try {
    const told = JSON.parse(await readFile(join(dir, FACTS), "utf8")) as Partial<KeptGit> & {
      readonly patched?: boolean;
    };
    const { commit, dirty, left, patched, codeHash = "" } = told;
    if (commit === undefined || dirty === undefined) return undefined;
    const facts = { commit, dirty, codeHash, ...(left === undefined ? {} : { left }) };
    if (patched !== true) return facts;
    const path = join(dir, PATCH);
    return (await stat(path)).size > PATCH_BYTES
      ? facts
      : { ...facts, patch: await readFile(path) };
  } catch {
    return "none";
  }
}

const asking = new Map<AttemptId, Promise<KeptGit | undefined>>();

/**
 * git's facts of the code that an attempt runs: those of its copy, or those of the first time that
 * this is asked, which is at its start. What the disk refuses is not kept.
 */
export async function gitOfAttempt(spec: AttemptSpec): Promise<KeptGit | undefined> {
  const { attempt } = spec;
  const under = asking.get(attempt);
  if (under !== undefined) return under;
  const own = askOnce(spec).finally(() => asking.delete(attempt));
  asking.set(attempt, own);
  return own;
}

async function askOnce(spec: AttemptSpec): Promise<KeptGit | undefined> {
  const root = copyRoot(spec);
  const dir = attemptDir(spec.lab, spec.attempt);
  for (const place of root === undefined ? [dir] : [dir, root]) {
    const kept = await keptGit(place);
    if (kept === "none") continue;
    // The copy goes when the run has ended.
    if (place !== dir) await keepGit(dir, kept).catch(() => undefined);
    return kept;
  }
  if (root !== undefined) return undefined;
  const facts = await gitWithCode(spec.experiment);
  await keepGit(dir, facts).catch(() => undefined);
  return facts;
}

/** git's facts of an experiment, and which code they are of. */
export async function gitWithCode(experiment: string): Promise<KeptGit | undefined> {
  const { hash: codeHash } = await codeSeen(experiment);
  const facts = await gitFacts(experiment);
  return facts === undefined ? undefined : { ...facts, codeHash };
}

/** Folder of the copy whose code an attempt runs. */
function copyRoot({ codeDir, lab, experiment }: AttemptSpec): string | undefined {
  return codeDir === undefined ? undefined : resolve(codeDir, relative(experiment, lab), "..");
}
