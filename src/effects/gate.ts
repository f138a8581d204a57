// Reads the cited log lines of a page that is about to be saved, at the places where its samples
// were read, and lets report/gate.ts decide whether the page may be saved.
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { GATE_LINE_BYTES } from "../limits.ts";
import type { AuditFinding } from "../report/audit.ts";
import { gateFindings } from "../report/gate.ts";
import type { ReportInput, ReportRun } from "../report/input.ts";
import { pageSources } from "../report/page-sources.ts";
import { readPage } from "../report/page-units.ts";

/** What forbids that a page of the experiment is saved; empty where all of it is borne out. */
export async function gate(
  experimentDir: string,
  page: string,
  input: ReportInput,
): Promise<readonly AuditFinding[]> {
  const wanted = new Set<string>();
  for (const source of pageSources(readPage(page).units).values()) {
    wanted.add(`${source.path}#${source.line}`);
  }
  const lines = new Map<string, string>();
  for (const [path, offsets] of placesOf(input, wanted)) {
    await readLines(join(experimentDir, path), offsets, (line, text) =>
      lines.set(`${path}#${line}`, text),
    );
  }
  return gateFindings(page, (path, line) => lines.get(`${path}#${line}`));
}

type Offsets = ReadonlyMap<number, { readonly offset: number; readonly said: string }>;

/** Of each cited log the byte offset of each cited line, and what was read there. */
function placesOf(input: ReportInput, wanted: ReadonlySet<string>): ReadonlyMap<string, Offsets> {
  const found = new Map<string, Map<number, { offset: number; said: string }>>();
  const add = (run: ReportRun): void => {
    for (const { summary } of run.reading.series) {
      const { first, last, min, max, notFinite } = summary;
      for (const sample of [first, last, min, max, notFinite]) {
        if (sample === undefined) continue;
        const path = `${run.path}/${sample.file}`;
        if (!wanted.has(`${path}#${sample.line}`)) continue;
        const offsets = found.get(path) ?? new Map<number, { offset: number; said: string }>();
        const before = offsets.get(sample.line)?.said ?? "";
        const said = `${before} "${sample.key}": ${sample.token},`;
        offsets.set(sample.line, { offset: sample.offset, said });
        found.set(path, offsets);
      }
    }
  };
  input.runs.forEach(add);
  if (input.baseline?.kind === "run") {
    for (const run of input.baseline.group ?? [input.baseline.run]) add(run);
  }
  return found;
}

async function readLines(
  path: string,
  offsets: Offsets,
  take: (line: number, text: string) => void,
): Promise<void> {
  // No lines of text stand in such a file: what was read there is all that can be held to.
  if (/\.gz$|tfevents/.test(path)) {
    for (const [line, { said }] of offsets) take(line, said);
    return;
  }
  const handle = await open(path, "r").catch(() => undefined);
  if (handle === undefined) return;
  try {
    for (const [line, { offset }] of offsets) take(line, await lineAt(handle, offset));
  } finally {
    await handle.close();
  }
}

/** The text from an offset to the next line end. */
async function lineAt(handle: FileHandle, offset: number): Promise<string> {
  for (let size = 1024; ; size *= 8) {
    const buffer = Buffer.alloc(Math.min(size, GATE_LINE_BYTES));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
    const end = buffer.subarray(0, bytesRead).indexOf(10);
    if (end >= 0 || bytesRead < buffer.length || size >= GATE_LINE_BYTES) {
      return buffer.toString("utf8", 0, end >= 0 ? end : bytesRead);
    }
  }
}
