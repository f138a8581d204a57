// Reads the cited log lines of a page that is about to be saved, at the places where its samples
// were read, and lets report/audit/verify-page.ts decide whether the page may be saved.
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import type { AuditFinding } from "../../report/audit/audit-finding.ts";
import { verifyFindings } from "../../report/audit/verify-page.ts";
import type { ReportInput, ReportRun } from "../../judge/input.ts";
import { sourcesOf } from "../../report/audit/line-marks.ts";
import type { PageBlock } from "../../base/page-signature.ts";

/** Of a cited log line this much is read again before a report is saved: metrics stand in it. */
const GATE_LINE_BYTES = 1 << 20;

/** Lines of logs, read at the places where the samples of a report were. */
export type CitedLines = (path: string, line: number) => string | undefined;

/** Reads the lines that the blocks of a report cite, and those of its flags, as they are now. */
export async function readCited(
  experimentDir: string,
  blocks: readonly PageBlock[],
  input: ReportInput,
): Promise<CitedLines> {
  const wanted = new Set(sourcesOf(blocks).map(({ path, line }) => `${path}#${line}`));
  const flags = shownFlags(input, blocks);
  const lines = new Map<string, string>();
  for (const [path, offsets] of placesOf(input, wanted, flags)) {
    await readLines(join(experimentDir, path), offsets, (line, text) =>
      lines.set(`${path}#${line}`, text),
    );
  }
  return (path, line) => lines.get(`${path}#${line}`);
}

/** What forbids that a page of the experiment is saved; empty where all of it is borne out. */
export function verifyPage(
  page: string,
  blocks: readonly PageBlock[],
  input: ReportInput,
  lineOf: CitedLines,
): readonly AuditFinding[] {
  const flags = flagFindings(page, shownFlags(input, blocks), lineOf);
  return [...verifyFindings(page, lineOf), ...flags];
}

/** A flag's value, and the line of a log that the page names for it. */
interface FlagSource {
  readonly path: string;
  readonly line: number;
  readonly offset: number;
  readonly metric: string;
  readonly token: string;
}

/** Flags that the page shows with a link to the line that bears them out. */
function shownFlags(input: ReportInput, blocks: readonly PageBlock[]): readonly FlagSource[] {
  const list = blocks.find((block) => block.key === "discussion.flags.list")?.text ?? "";
  return input.runs.flatMap(({ path, findings }) =>
    findings.flatMap(({ evidence, token, metric }): FlagSource[] => {
      if (evidence === undefined || token === undefined || metric === undefined) return [];
      const place = `${path}/${evidence.file}`;
      if (!list.includes(`#L${evidence.line})`)) return [];
      return [{ path: place, line: evidence.line, offset: evidence.offset, metric, token }];
    }),
  );
}

/** The line of a flag holds the value that the flag speaks of. */
function flagFindings(
  page: string,
  flags: readonly FlagSource[],
  lineOf: CitedLines,
): readonly AuditFinding[] {
  return flags.flatMap(({ path, line, metric, token }): AuditFinding[] => {
    if (lineOf(path, line)?.includes(token) === true) return [];
    const at = page.slice(0, Math.max(0, page.indexOf(`#L${line})`))).split("\n").length;
    const message = `${path}:${line} does not say ${metric} ${token}`;
    return [{ kind: "changed-source", line: at, said: `the flag on ${metric}`, message }];
  });
}

type Offsets = ReadonlyMap<number, { readonly offset: number; readonly said: string }>;

/** Of each cited log the byte offset of each cited line, and what was read there. */
function placesOf(
  input: ReportInput,
  wanted: ReadonlySet<string>,
  flags: readonly FlagSource[],
): ReadonlyMap<string, Offsets> {
  const found = new Map<string, Map<number, { offset: number; said: string }>>();
  const note = (path: string, place: { line: number; offset: number }, what: string): void => {
    const offsets = found.get(path) ?? new Map<number, { offset: number; said: string }>();
    const before = offsets.get(place.line)?.said ?? "";
    offsets.set(place.line, { offset: place.offset, said: `${before} ${what},` });
    found.set(path, offsets);
  };
  const add = (run: ReportRun): void => {
    for (const { summary } of run.reading.series) {
      const { first, last, min, max, notFinite } = summary;
      for (const sample of [first, last, min, max, notFinite]) {
        if (sample === undefined) continue;
        const path = `${run.path}/${sample.file}`;
        if (!wanted.has(`${path}#${sample.line}`)) continue;
        note(path, sample, `"${sample.key}": ${sample.token}`);
      }
    }
  };
  for (const flag of flags) note(flag.path, flag, `"${flag.metric}": ${flag.token}`);
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
