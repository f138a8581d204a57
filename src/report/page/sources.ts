// Assigns the citation numbers of a page, one for each logged value, and lists the sources at its
// end. An entry has file, line, key and the token as logged. Reading it back is page-sources.ts.
import type { Sample } from "../../domain/sample.ts";
import type { ReportRun } from "../../judge/input.ts";
import { link, plain } from "../../base/markdown.ts";

export interface Sources {
  /** The value as logged, cited: `0.312 [4]`. The same sample has the same number everywhere. */
  readonly cite: (run: ReportRun, sample: Sample) => string;
  /** The number alone: `[4]`. */
  readonly number: (run: ReportRun, sample: Sample) => string;
  /** Lines of the list, in the order of their numbers. */
  readonly list: () => readonly string[];
}

/** An empty list of sources; numbers count from 1 in the order of the first citations. */
export function createSources(): Sources {
  const numbers = new Map<string, number>();
  const lines: string[] = [];
  const number = (run: ReportRun, sample: Sample): string => {
    const path = `${run.path}/${sample.file}`;
    const name = JSON.stringify([path, sample.line, sample.key, sample.token]);
    let found = numbers.get(name);
    if (found === undefined) {
      found = numbers.size + 1;
      numbers.set(name, found);
      const where = link(plain(`${path}#L${sample.line}`), path, sample.line);
      lines.push(`[${found}] ${where} · ${plain(sample.key)} = ${plain(sample.token)}`);
    }
    return `[${found}]`;
  };
  return {
    number,
    cite: (run, sample) => `${plain(sample.token)} ${number(run, sample)}`,
    list: () => lines,
  };
}
