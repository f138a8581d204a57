// Git facts of a run's code, recorded when the code was the run's: at its start, or when its
// snapshot was taken. effects/git/git-facts.ts asks git.
import { join, relative, resolve } from "node:path";
import type { AttemptId } from "../../base/ids.ts";
import type { AttemptSpec } from "../../domain/run.ts";
import { boolean, list, maybe, object, string } from "../../base/stored-shape.ts";
import { PATCH_BYTES } from "../git/git.ts";
import { attemptDir } from "../supervise/attempts.ts";
import { codeSeen } from "./code-hash.ts";
import { gitFacts, type GitFacts } from "../git/git-facts.ts";
import { atomicWrite } from "../os/atomic-write.ts";
import { orAbsent } from "../os/absent.ts";
import { readFile, stat } from "../os/lab-files.ts";
import { defined } from "../../base/defined.ts";
import { readStored } from "../os/stored-file.ts";

const FACTS = "git.json";
const PATCH = "run.patch";

export interface KeptGit extends GitFacts {
  /** Hash of the code when git was asked. */
  readonly codeHash: string;
}

type StoredGit = Partial<Omit<KeptGit, "patch">> & { readonly patched?: boolean };
const STORED_GIT = object<StoredGit>({
  commit: maybe(string()),
  dirty: maybe(boolean),
  left: maybe(list(string())),
  secret: maybe(list(string())),
  codeHash: maybe(string()),
  patched: maybe(boolean),
});

/** Writes facts to a folder. `undefined` (no repository) is recorded too. */
export async function keepGit(dir: string, facts: KeptGit | undefined): Promise<void> {
  const { patch, ...rest } = facts ?? {};
  if (patch !== undefined) await atomicWrite(join(dir, PATCH), patch);
  const stored = facts === undefined ? {} : { ...rest, patched: patch !== undefined };
  await atomicWrite(join(dir, FACTS), `${JSON.stringify(stored)}\n`);
}

/**
 * The facts recorded in a folder; `none` where nothing was recorded. Rejects where they cannot be
 * read: asked now, git would speak of later code.
 */
async function keptGit(dir: string): Promise<KeptGit | undefined | "none"> {
  const stored = await readStored(join(dir, FACTS), STORED_GIT);
  if (stored === undefined) return "none";
  const { commit, dirty, left, secret, patched, codeHash = "" } = stored;
  if (commit === undefined || dirty === undefined) return undefined;
  const facts = { commit, dirty, codeHash, ...defined({ left, secret }) };
  if (patched !== true) return facts;
  const path = join(dir, PATCH);
  const size = (await orAbsent(stat(path)))?.size;
  return size === undefined || size > PATCH_BYTES
    ? facts
    : { ...facts, patch: await readFile(path) };
}

/** Attempts whose facts are being looked up. */
const inProgress = new Map<AttemptId, Promise<KeptGit | undefined>>();

/**
 * Git facts of the code that an attempt runs: those of its snapshot, or those of the first call,
 * which is at its start. Undefined outside a repository. If they cannot be written, they are not
 * recorded.
 */
export async function gitOfAttempt(spec: AttemptSpec): Promise<KeptGit | undefined> {
  const { attempt } = spec;
  const earlier = inProgress.get(attempt);
  if (earlier !== undefined) return earlier;
  const lookup = lookUp(spec).finally(() => inProgress.delete(attempt));
  inProgress.set(attempt, lookup);
  return lookup;
}

async function lookUp(spec: AttemptSpec): Promise<KeptGit | undefined> {
  const root = copyRoot(spec);
  const dir = attemptDir(spec.lab, spec.attempt);
  for (const folder of root === undefined ? [dir] : [dir, root]) {
    const kept = await keptGit(folder);
    if (kept === "none") continue;
    // The snapshot is removed when the run has ended.
    if (folder !== dir) {
      // Any failure: run.json has them; what is not recorded here is asked again.
      await keepGit(dir, kept).catch(() => undefined);
    }
    return kept;
  }
  if (root !== undefined) return undefined;
  const facts = await gitWithCode(spec.lab, spec.experiment);
  // Any failure: as above.
  await keepGit(dir, facts).catch(() => undefined);
  return facts;
}

/** Git facts of an experiment of a lab, with the hash of its code. */
export async function gitWithCode(lab: string, experiment: string): Promise<KeptGit | undefined> {
  const { hash: codeHash } = await codeSeen(experiment);
  const facts = await gitFacts(lab, experiment);
  return facts === undefined ? undefined : { ...facts, codeHash };
}

/** Folder of the snapshot that an attempt runs from. */
function copyRoot({ codeDir, lab, experiment }: AttemptSpec): string | undefined {
  return codeDir === undefined ? undefined : resolve(codeDir, relative(experiment, lab), "..");
}
