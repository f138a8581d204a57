// Which test files execute a piece of source code, and how long each takes: each of them is run
// once, alone, under V8's coverage. Kept in the temporary folder until the test or the code changes.
import { createHash } from "node:crypto";
import {
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { inTurn, ROOT, runTests, SEED } from "./trial.ts";

/** `[start, end, count]` of the functions of a file, and of the blocks in them, outermost first. */
type Ranges = readonly (readonly [number, number, number])[];

export interface Reach {
  readonly test: string;
  /** Processor time of the file alone, ms. */
  readonly cpuMs: number;
  /** By source file, relative to the project: of each process that called one of its functions. */
  readonly ranges: Readonly<Record<string, readonly Ranges[]>>;
}

/** Test files that take less processor time are run against mutants; others would take the night. */
const LONGEST_MS = 60_000;

/** The tests that a mutant of `src/` is put to. */
export const testFiles = (): readonly string[] =>
  globSync("test/{unit,golden,sim,property}/**/*.test.ts", { cwd: ROOT }).toSorted();

/**
 * What each test file reaches of the source files; those that fail as they are are left out, and
 * told by `tell`.
 */
export async function reachOfTests(
  sources: readonly string[],
  jobs: number,
  tell: (line: string) => void,
): Promise<readonly Reach[]> {
  const folder = join(tmpdir(), `nightlab-search-${process.getuid?.() ?? 0}`, hashOfCode());
  mkdirSync(folder, { recursive: true });
  const keptAt = (test: string): string => join(folder, `${hashOf([test])}.json`);
  const tests = testFiles();
  const fresh = tests.filter((test) => !existsSync(keptAt(test)));
  if (fresh.length > 0) {
    tell(`Running ${fresh.length} test files once, to see which code each of them executes.`);
  }
  await inTurn(fresh, jobs, async (test) => {
    const trial = await runTests([test], LONGEST_MS, { coverage: true });
    const { ended, cpuMs, output, coverage } = trial;
    const reach: Reach = { test, cpuMs, ranges: rangesIn(coverage, sources) };
    if (ended === "passed") writeFileSync(keptAt(test), JSON.stringify(reach));
    else tell(`${test} ${ended} without any mutant, and is left out:\n${output}`);
    return true;
  });
  return tests
    .filter((test) => existsSync(keptAt(test)))
    .map((test) => JSON.parse(readFileSync(keptAt(test), "utf8")) as Reach);
}

/** The test files that execute what stands at `offset` of `file`, quickest first. */
export function reaching(reach: readonly Reach[], file: string, offset: number): readonly Reach[] {
  const found = reach.filter(({ ranges }) =>
    (ranges[file] ?? []).some((ofProcess) => executes(ofProcess, offset)),
  );
  return found.toSorted((a, b) => a.cpuMs - b.cpuMs);
}

/** Whether that code ran. What stands outside of functions did wherever one of them was called. */
function executes(ranges: Ranges, offset: number): boolean {
  const around = ranges.filter(([start, end]) => start <= offset && offset < end);
  const innermost = around.toSorted(([a, b], [c, d]) => b - a - (d - c))[0];
  return innermost !== undefined && innermost[2] > 0;
}

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly ranges: readonly { startOffset: number; endOffset: number; count: number }[];
    }[];
  }[];
}

/** The ranges of the sources in the coverage files of a folder: of the test, and its children. */
function rangesIn(folder: string, sources: readonly string[]): Reach["ranges"] {
  const wanted = new Map(sources.map((one) => [pathToFileURL(join(ROOT, one)).href, one]));
  const found: Record<string, Ranges[]> = {};
  for (const name of readdirSync(folder)) {
    const { result } = JSON.parse(readFileSync(join(folder, name), "utf8")) as Coverage;
    for (const { url, functions } of result) {
      const source = wanted.get(url);
      if (source === undefined) continue;
      const all: Ranges = functions.flatMap(({ ranges }) =>
        ranges.map(({ startOffset, endOffset, count }) => [startOffset, endOffset, count] as const),
      );
      // A file that was only imported shows nothing, unless constants are all it has.
      const isUsed = all.length === 1 || all.some(([start, , count]) => start > 0 && count > 0);
      if (isUsed) (found[source] ??= []).push(all);
    }
  }
  rmSync(folder, { recursive: true, force: true });
  return found;
}

/** Of all that a test may run or read, the other tests apart. */
function hashOfCode(): string {
  const files = globSync("{src,test,examples,docs}/**/*.{ts,md,txt,json}", { cwd: ROOT });
  return hashOf(files.filter((path) => !/^test\/search\/|\.test\.ts$/.test(path)).toSorted());
}

function hashOf(paths: readonly string[]): string {
  const hash = createHash("sha256").update(process.version).update(SEED);
  for (const path of paths) hash.update(path).update(readFileSync(join(ROOT, path)));
  return hash.digest("hex").slice(0, 16);
}
