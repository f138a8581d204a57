// Attempts on the lab's disk that the ledger does not know: it was put back from a backup, its last
// pages were lost, or the folders came from elsewhere. Whatever made them, they hold a start back.
import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { attemptId, type AttemptId } from "../../base/ids.ts";
import type { AttemptSpec } from "../../domain/run.ts";
import type { ForgottenClaim } from "../../domain/event.ts";
import { errorCode } from "../os/error-code.ts";
import type { HostFacts } from "../os/process-identity.ts";
import { attemptDir, readAttempt, readClaim, readSpec } from "./attempts.ts";
import { defined } from "../../base/defined.ts";

export interface FoundAttempts {
  /** The highest number among the folders of the command's attempts; 0: there are none. */
  readonly last: number;
  /** The latest claim for the same command. */
  readonly claim?: ForgottenClaim;
}

/** The spec in each folder by its path, since it never changes; undefined where it has none. */
const specs = new Map<string, AttemptSpec | undefined>();

/**
 * Looks for unknown attempts at the command of `spec`: those named by its id, and those whose claim
 * says the same of what runs where. Rejects where the folder of attempts cannot be read.
 */
export async function forgottenAttempts(
  spec: AttemptSpec,
  isKnown: (attempt: AttemptId) => boolean,
  here: HostFacts,
): Promise<FoundAttempts> {
  const folder = dirname(attemptDir(spec.lab, spec.attempt));
  const names = await orNone(readdir(folder), []);
  let last = 0;
  let claim: ForgottenClaim | undefined;
  for (const name of names) {
    const [, command, number] = /^(.+)-(\d{1,6})$/.exec(name) ?? [];
    const own = command === spec.command;
    if (own) last = Math.max(last, Number(number));
    if (number === undefined || isKnown(attemptId(name))) continue;
    const dir = join(folder, name);
    const theirs = await specIn(dir);
    // One of its own name that says nothing may have been the same.
    const same = theirs === undefined ? own : whatRuns(theirs) === whatRuns(spec);
    const found = same ? await claimIn(dir, attemptId(name), here) : undefined;
    if (found !== undefined && found.atMs >= (claim?.atMs ?? 0)) claim = found;
  }
  return { last, ...defined({ claim }) };
}

/** More than absence is doubt here: a file in place of a folder may hide a claim. */
async function orNone<T, N>(look: Promise<T>, none: N): Promise<T | N> {
  try {
    return await look;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return none;
    throw error;
  }
}

async function specIn(dir: string): Promise<AttemptSpec | undefined> {
  if (!specs.has(dir)) specs.set(dir, await readSpec(dir));
  return specs.get(dir);
}

/** A text that two specs share when they are the same command. */
const whatRuns = ({ experiment, verb, name, script, args, onRun }: AttemptSpec): string =>
  JSON.stringify([experiment, verb, name, script, args, onRun ?? ""]);

async function claimIn(
  dir: string,
  attempt: AttemptId,
  here: HostFacts,
): Promise<ForgottenClaim | undefined> {
  const facts = await orNone(stat(join(dir, "claim")), undefined);
  if (facts === undefined) return undefined;
  const host = (await readClaim(dir))?.host;
  const goesOn = (await readAttempt(dir, here)).kind.startsWith("running");
  return {
    attempt,
    atMs: Math.round(facts.mtimeMs),
    goesOn,
    ...defined({ host }),
  };
}
