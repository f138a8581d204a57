// Assigns the citation numbers of a page, one for each logged value, and lists the sources at its
// end. An entry has file, line, key and the token as logged. Reading it back is page-sources.ts.
import type { Sample } from "../../domain/sample.ts";
import type { ReportRun } from "../../judge/input.ts";
import type { Source } from "./values.ts";

export interface Sources {
  /** The value as logged, cited: `0.312 [4]`. The same sample has the same number everywhere. */
  readonly cite: (run: ReportRun, sample: Sample) => Source;
  /** The number alone: `[4]`. */
  readonly number: (run: ReportRun, sample: Sample) => Source;
  /** The entries of the list, in the order of their numbers. */
  readonly list: () => readonly Source[];
}

/** A logged value that is an operand, and is not cited. */
export function sourceOf(
  { path: run }: ReportRun,
  { file, line, offset, key, token }: Pick<Sample, "file" | "line" | "offset" | "key" | "token">,
): Source {
  return { kind: "source", run, file, line, offset, key, token, as: "cited" };
}

/** An empty list of sources; numbers count from 1 in the order of the first citations. */
export function createSources(): Sources {
  const entries = new Map<string, Source>();
  const cite = (run: ReportRun, sample: Sample): Source => {
    const source = sourceOf(run, sample);
    const name = JSON.stringify([run.path, source.file, source.line, source.key, source.token]);
    const number = entries.get(name)?.number ?? entries.size + 1;
    if (!entries.has(name)) entries.set(name, { ...source, number, as: "entry" });
    return { ...source, number };
  };
  return {
    cite,
    number: (run, sample) => ({ ...cite(run, sample), as: "number" }),
    list: () => [...entries.values()],
  };
}
