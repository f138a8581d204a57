// Reads the log lines that a page cites as its sources, each log once from start to end.
// Whether they support the page is decided in report/audit/page-sources.ts.
import { open } from "../os/lab-files.ts";
import { relative, resolve, sep } from "node:path";
import { LINE_BYTES } from "../../logs/lines/lines.ts";
import { staysInLabOf } from "../os/lab-links.ts";
import { pageSources } from "../../report/audit/page-sources.ts";
import { readPage } from "../../report/audit/page-units.ts";
import type { ExperimentFiles } from "../run-store/experiment-files.ts";

/** The text of each cited line, keyed by `path#line`, with the path as the page writes it. */
export async function citedLines(
  page: string,
  pageDir: string,
  files: ExperimentFiles,
): Promise<ReadonlyMap<string, string>> {
  const wanted = new Map<string, Set<number>>();
  for (const source of pageSources(readPage(page).units).values()) {
    const lines = wanted.get(source.path) ?? new Set<number>();
    lines.add(source.line);
    wanted.set(source.path, lines);
  }
  const found = new Map<string, string>();
  for (const [path, lines] of wanted) {
    const whole = resolve(pageDir, path);
    // A page can cite any path; only files of the lab's run folders are opened.
    if (!staysInLabOf(files.experimentDir, whole)) continue;
    const inExperiment = relative(files.experimentDir, whole).split(sep).join("/");
    if (!/(?:^|\/)runs\/[^/]+\/./.test(inExperiment)) continue;
    if (/\.gz$|tfevents/.test(inExperiment)) readingLines(inExperiment, path, files, found);
    else await textLines(whole, lines, (line, text) => found.set(`${path}#${line}`, text));
  }
  return found;
}

/** For a binary file: pseudo-lines made of the samples that were just read from it. */
function readingLines(
  inExperiment: string,
  path: string,
  files: ExperimentFiles,
  found: Map<string, string>,
): void {
  const { runs, baseline } = files.input;
  for (const run of baseline?.kind === "run" ? [...runs, baseline.run] : runs) {
    for (const { summary } of run.reading.series) {
      const { first, last, min, max, notFinite } = summary;
      for (const sample of [first, last, min, max, notFinite]) {
        if (sample === undefined || `${run.path}/${sample.file}` !== inExperiment) continue;
        const key = `${path}#${sample.line}`;
        found.set(key, `${found.get(key) ?? ""} "${sample.key}": ${sample.token},`);
      }
    }
  }
}

const LF = 10;

/** Passes the wanted lines of a file to `take`, without line ends, each cut at LINE_BYTES. */
async function textLines(
  path: string,
  wanted: ReadonlySet<number>,
  take: (line: number, text: string) => void,
): Promise<void> {
  let line = 1;
  let parts: Uint8Array[] = [];
  let size = 0;
  const endLine = (): void => {
    if (wanted.has(line)) take(line, Buffer.concat(parts).toString("utf8").replace(/\r$/, ""));
    parts = [];
    size = 0;
    line += 1;
  };
  const append = (bytes: Uint8Array): void => {
    size += bytes.length;
    if (wanted.has(line) && size <= LINE_BYTES) parts.push(bytes);
  };
  try {
    const file = await open(path);
    for await (const chunk of file.createReadStream()) {
      const bytes = chunk as Uint8Array;
      let from = 0;
      for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, from)) {
        append(bytes.subarray(from, at));
        endLine();
        from = at + 1;
      }
      append(bytes.subarray(from));
    }
    if (size > 0) endLine();
  } catch {
    // Any failure: the audit reports each line that is missing.
  }
}
