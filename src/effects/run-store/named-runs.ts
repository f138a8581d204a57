// Finds the runs that words of the command line mean: a path, an id, a folder, or a name, which
// means all of its seeds. Looked for in the experiment at hand first, then in the whole lab.
import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { nameWithoutSeed } from "../../base/seed-name.ts";
import { meansRun, type ReportRun } from "../../judge/input.ts";
import { createReadingCache, readExperimentFiles } from "./experiment-files.ts";
import { experimentsOf } from "./lab-experiments.ts";

/** A larger list of resolved packages is no list of packages. */
const RESOLVED_BYTES = 8 * 2 ** 20;

export interface NamedRuns {
  readonly name: string;
  readonly runs: readonly ReportRun[];
  /** Of each run what was resolved for it: `numpy==2.1.0`, each once; none where it kept nothing. */
  readonly packages: readonly (readonly string[])[];
}

/**
 * The runs of each word, an empty list where none fits. A word that names a folder of runs
 * (`other-experiment/runs/<run>`, `other-experiment/<name>`) is looked for there only.
 */
export async function findNamedRuns(
  words: readonly string[],
  around: { readonly cwd: string; readonly experiment?: string; readonly labDir?: string },
): Promise<readonly NamedRuns[]> {
  const cache = createReadingCache();
  const known = new Map<string, readonly ReportRun[]>();
  const runsIn = async (experiment: string): Promise<readonly ReportRun[]> => {
    const found = known.get(experiment);
    if (found !== undefined) return found;
    const runs = await readExperimentFiles(experiment, { cache }).then(
      ({ input }) => input.runs,
      () => [],
    );
    known.set(experiment, runs);
    return runs;
  };
  const { labDir, experiment, cwd } = around;
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
    const places = isHere ? [...here, ...everywhere] : [...new Set(named)];
    let runs: readonly ReportRun[] = [];
    let packages: readonly (readonly string[])[] = [];
    for (const place of places) {
      if (runs.length > 0) break;
      runs = fitting(word, await runsIn(place));
      packages = await Promise.all(runs.map((run) => packagesOf(place, run)));
    }
    found.push({ name, runs, packages });
  }
  return found;
}

/** Exactly so named, else all the seeds of a name. */
function fitting(word: string, runs: readonly ReportRun[]): readonly ReportRun[] {
  const exact = runs.filter((run) => meansRun(word, run));
  return exact.length > 0 ? exact : runs.filter((run) => nameWithoutSeed(run.name) === word);
}

/** The pinned packages in the file that a run keeps beside its record; none where it has none. */
async function packagesOf(experiment: string, run: ReportRun): Promise<readonly string[]> {
  const file = run.record?.environment?.resolved;
  if (file === undefined || basename(file) !== file) return [];
  const path = join(experiment, run.path, file);
  const about = await stat(path).catch(() => undefined);
  if (about?.isFile() !== true || about.size > RESOLVED_BYTES) return [];
  const text = await readFile(path, "utf8").catch(() => "");
  return [...text.matchAll(/^([\w.-]+(?:\[[^\]\n]*\])?==[^\s;\\]+)/gm)].map((one) => one[1] ?? "");
}
