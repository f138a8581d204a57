// Finds the runs that a word on the command line means: a path, an id, a folder, or a name, which
// stands for all of its seeds. The current experiment is searched first, then the whole lab.
import { basename, dirname, join, resolve } from "node:path";
import { nameWithoutSeed } from "../../base/seed-name.ts";
import { meansRun, type ReportRun } from "../../judge/input.ts";
import { createReadingCache, readExperimentFiles } from "./experiment-files.ts";
import { experimentsOf } from "./lab-experiments.ts";
import { readFile, stat } from "../os/lab-files.ts";
import { orTold } from "../os/unread.ts";

/** A larger file is not a list of resolved packages, and is not read. */
const RESOLVED_BYTES = 8 * 2 ** 20;

export interface NamedRuns {
  readonly name: string;
  readonly runs: readonly ReportRun[];
  /** For each run, its resolved packages (`numpy==2.1.0`); empty where none were recorded. */
  readonly packages: readonly (readonly string[])[];
}

/**
 * The runs of each word, an empty list where none matches. A word with a path
 * (`other-experiment/runs/<run>`, `other-experiment/<name>`) is looked for there only.
 */
export async function findNamedRuns(
  words: readonly string[],
  context: { readonly cwd: string; readonly experiment?: string; readonly labDir?: string },
): Promise<readonly NamedRuns[]> {
  const cache = createReadingCache();
  const known = new Map<string, readonly ReportRun[]>();
  const runsIn = async (experiment: string): Promise<readonly ReportRun[]> => {
    const found = known.get(experiment);
    if (found !== undefined) return found;
    const runs = await readExperimentFiles(experiment, { cache }).then(
      ({ input }) => input.runs,
      // Any failure: no experiment there; a name that is not found is told.
      () => [],
    );
    known.set(experiment, runs);
    return runs;
  };
  const { labDir, experiment, cwd } = context;
  const everywhere = labDir === undefined ? [] : await experimentsOf(labDir);
  const found: NamedRuns[] = [];
  for (const name of words) {
    const bare = name.replace(/\/+$/, "");
    const word = basename(bare);
    const folder = dirname(bare).replace(/(?:^|\/)runs$/, "");
    const isPath = bare.includes("/");
    const named = [
      resolve(cwd, folder),
      ...(labDir === undefined ? [] : [resolve(labDir, folder)]),
    ];
    const here = experiment === undefined ? [] : [experiment];
    const isHere = !isPath || folder === "" || folder === ".";
    const experiments = isHere ? [...here, ...everywhere] : [...new Set(named)];
    let runs: readonly ReportRun[] = [];
    let packages: readonly (readonly string[])[] = [];
    for (const candidate of experiments) {
      if (runs.length > 0) break;
      runs = matching(word, await runsIn(candidate));
      packages = await Promise.all(runs.map((run) => packagesOf(candidate, run)));
    }
    found.push({ name, runs, packages });
  }
  return found;
}

/** Runs of exactly this name, else all seeds of it. */
function matching(word: string, runs: readonly ReportRun[]): readonly ReportRun[] {
  const exact = runs.filter((run) => meansRun(word, run));
  return exact.length > 0 ? exact : runs.filter((run) => nameWithoutSeed(run.name) === word);
}

/** The pinned packages in the file beside a run's record; empty where there is no such file. */
async function packagesOf(experiment: string, run: ReportRun): Promise<readonly string[]> {
  const file = run.record?.environment?.resolved;
  if (file === undefined || basename(file) !== file) return [];
  const path = join(experiment, run.path, file);
  const facts = await orTold(path, stat(path), "look");
  if (facts?.isFile() !== true || facts.size > RESOLVED_BYTES) return [];
  const text = (await orTold(path, readFile(path, "utf8"))) ?? "";
  return [...text.matchAll(/^([\w.-]+(?:\[[^\]\n]*\])?==[^\s;\\]+)/gm)].map((one) => one[1] ?? "");
}
