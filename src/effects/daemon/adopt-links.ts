// Links out of a lab that nightlab followed before it asked about links: they go on being followed,
// and are told once. Only those of a lab whose runs the ledger knows, and none that git brought.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { LabPath } from "../../base/ids.ts";
import { runsOf, type World } from "../../domain/world.ts";
import { gitIn } from "../git/git.ts";
import { repositoryOf } from "../git/repository.ts";
import { leavingLink } from "../os/lab-links.ts";
import { areLinksTaken, noteLinksTaken, type TrustedLink } from "../os/trusted-links.ts";

/** Names that git is asked about at once: their paths have to fit a command line. */
const PATHS = 200;

/**
 * Trusts the links of a lab that were followed before, at its first opening only; calls `tell` for
 * each. Rejects where git or the state folder fails: then it is tried at the next opening.
 */
export async function adoptLinks(
  lab: LabPath,
  world: World,
  tell: (link: TrustedLink) => void,
): Promise<void> {
  if (areLinksTaken(lab)) return;
  const leaving = new Map<string, TrustedLink>();
  for (const path of await followedPaths(lab, world)) {
    const link = leavingLink(path);
    if (link !== undefined) leaving.set(link.link, link);
  }
  const tracked = await trackedByGit(lab, [...leaving.keys()]);
  const adopted = [...leaving.values()].filter(({ link }) => !tracked.has(link));
  noteLinksTaken(lab, adopted);
  for (const link of adopted) tell(link);
}

/** What nightlab has read or written in a lab whose experiments the ledger knows. */
async function followedPaths(lab: LabPath, world: World): Promise<readonly string[]> {
  const experiments = [...world.experiments]
    .filter(([, one]) => one.lab === lab)
    .map(([experiment]) => experiment);
  if (experiments.length === 0) return [];
  const paths = ["nightlab.yaml", "LAB.md", ".nightlab"].map((name) => join(lab, name));
  for (const experiment of experiments) {
    const names = ["JOURNAL.md", "REPORT.md", "STATUS.md", "IGNORED_RUNS.md", "plots", "runs"];
    paths.push(...names.map((name) => join(experiment, name)));
  }
  for (const command of world.commands.values()) {
    if (!experiments.includes(command.experiment)) continue;
    for (const { folder } of runsOf(command)) {
      if (folder === undefined) continue;
      const run = join(command.experiment, "runs", folder);
      // Any failure: what is not seen is not trusted.
      const logs = (await readdir(join(run, "logs")).catch(() => [])).map((name) =>
        join("logs", name),
      );
      paths.push(...["logs", "plots", ...logs].map((name) => join(run, name)));
    }
  }
  return paths;
}

async function trackedByGit(lab: LabPath, paths: readonly string[]): Promise<ReadonlySet<string>> {
  const repository = paths.length === 0 ? undefined : await repositoryOf(lab);
  if (repository === undefined) return new Set();
  const git = gitIn(repository, repository.workTree);
  const found = new Set<string>();
  for (let at = 0; at < paths.length; at += PATHS) {
    const some = paths.slice(at, at + PATHS).map((path) => `:(literal)${path}`);
    const listed = (await git("ls-files", "-z", "--", ...some)).split("\0");
    for (const name of listed) found.add(join(repository.workTree, name));
  }
  return found;
}
