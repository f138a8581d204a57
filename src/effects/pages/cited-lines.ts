// Fetches the log lines that a page names as its sources, each log read once through.
// Whether they bear the page out is decided in report/audit/page-sources.ts.
import { createReadStream } from "node:fs";
import { relative, resolve, sep } from "node:path";
import { LINE_BYTES } from "../../logs/lines/lines.ts";
import { pageSources } from "../../report/audit/page-sources.ts";
import { readPage } from "../../report/audit/page-units.ts";
import type { ExperimentFiles } from "../run-store/experiment-files.ts";

/** The text of each named line, by `path#line`, the path being that from the page. */
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
    // A page can name any file; only those of runs are looked into.
    const way = relative(files.experimentDir, whole).split(sep).join("/");
    if (!/(?:^|\/)runs\/[^/]+\/./.test(way)) continue;
    if (/\.gz$|tfevents/.test(way)) readingLines(way, path, files, found);
    else await textLines(whole, lines, (line, text) => found.set(`${path}#${line}`, text));
  }
  return found;
}

/** A file without lines of text: what was just read from it, put as lines. */
function readingLines(
  way: string,
  path: string,
  files: ExperimentFiles,
  found: Map<string, string>,
): void {
  const { runs, baseline } = files.input;
  for (const run of baseline?.kind === "run" ? [...runs, baseline.run] : runs) {
    for (const { summary } of run.reading.series) {
      const { first, last, min, max, notFinite } = summary;
      for (const sample of [first, last, min, max, notFinite]) {
        if (sample === undefined || `${run.path}/${sample.file}` !== way) continue;
        const place = `${path}#${sample.line}`;
        found.set(place, `${found.get(place) ?? ""} "${sample.key}": ${sample.token},`);
      }
    }
  }
}

const LF = 10;

/** Hands on the wanted lines of a file, without their ends; a file that is gone has none. */
async function textLines(
  path: string,
  wanted: ReadonlySet<number>,
  take: (line: number, text: string) => void,
): Promise<void> {
  let line = 1;
  let held: Uint8Array[] = [];
  let size = 0;
  const end = (): void => {
    if (wanted.has(line)) take(line, Buffer.concat(held).toString("utf8").replace(/\r$/, ""));
    held = [];
    size = 0;
    line += 1;
  };
  const hold = (bytes: Uint8Array): void => {
    size += bytes.length;
    if (wanted.has(line) && size <= LINE_BYTES) held.push(bytes);
  };
  try {
    for await (const chunk of createReadStream(path)) {
      const bytes = chunk as Uint8Array;
      let from = 0;
      for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, from)) {
        hold(bytes.subarray(from, at));
        end();
        from = at + 1;
      }
      hold(bytes.subarray(from));
    }
    if (size > 0) end();
  } catch {
    // Gone or unreadable: none of its lines is there, and each source says so.
  }
}
