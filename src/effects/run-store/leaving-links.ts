// Lists the links of a lab that lead out of it and are not followed, for a person to decide on. Only
// those at paths that nightlab itself reads or writes: others are their scripts' business.
import type { Dirent } from "node:fs";
import { access, readdir } from "node:fs/promises";
import { join } from "node:path";
import { isIgnoredFolder } from "../../base/ignored-folders.ts";
import { leavingLink } from "../os/lab-links.ts";
import type { TrustedLink } from "../os/trusted-links.ts";
import { LAB_DEPTH } from "./lab-experiments.ts";

/** No person decides on more at once. */
const LINKS = 100;

/** Names in an experiment and in a lab that nightlab reads or writes. */
const OWN: ReadonlySet<string> = new Set([
  "JOURNAL.md",
  "REPORT.md",
  "REPORT.nightlab.md",
  "STATUS.md",
  "IGNORED_RUNS.md",
  "LAB.md",
  "nightlab.yaml",
  ".nightlab",
  "runs",
  "plots",
]);

/** Links that leave a guarded lab, by the order of a walk, LINKS at most. Never rejects. */
export async function leavingLinks(lab: string): Promise<readonly TrustedLink[]> {
  const found = new Map<string, TrustedLink>();
  await walk(lab, 0, found);
  return [...found.values()];
}

async function walk(dir: string, depth: number, found: Map<string, TrustedLink>): Promise<void> {
  const entries = await entriesOf(dir);
  for (const entry of entries) {
    const path = join(dir, entry.name);
    if (found.size >= LINKS) return;
    if (entry.isSymbolicLink()) {
      if (OWN.has(entry.name) || (await isExperiment(path))) take(path, found);
    } else if (entry.name === "runs") await walkRuns(path, found);
    else if (entry.isDirectory() && !isIgnoredFolder(entry.name) && depth < LAB_DEPTH) {
      await walk(path, depth + 1, found);
    }
  }
}

/** What is read and written of runs: their folders, and the logs and plots in these. */
async function walkRuns(runs: string, found: Map<string, TrustedLink>): Promise<void> {
  for (const run of await entriesOf(runs)) {
    const dir = join(runs, run.name);
    if (found.size >= LINKS) return;
    if (!run.isDirectory()) continue;
    for (const name of ["run.json", "plots", "logs"]) take(join(dir, name), found);
    for (const log of await entriesOf(join(dir, "logs"))) {
      if (log.isSymbolicLink()) take(join(dir, "logs", log.name), found);
    }
  }
}

function take(path: string, found: Map<string, TrustedLink>): void {
  const link = leavingLink(path);
  if (link !== undefined) found.set(link.link, link);
}

const entriesOf = async (dir: string): Promise<readonly Dirent[]> =>
  // Any failure: what cannot be listed has no links to tell.
  await readdir(dir, { withFileTypes: true }).catch(() => []);

const isExperiment = async (path: string): Promise<boolean> =>
  await access(join(path, "JOURNAL.md")).then(
    () => true,
    // Any failure: it only says what is linked.
    () => false,
  );
