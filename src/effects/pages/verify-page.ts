// Re-reads the log lines that a page cites, at the byte offsets of its samples, before it is saved.
// Whether the lines support the page is decided in report/audit/verify-page.ts.
import { type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { AuditFinding } from "../../report/audit/audit-finding.ts";
import { verifyFindings } from "../../report/audit/verify-page.ts";
import type { ReportInput, ReportRun } from "../../judge/input.ts";
import { sourcesOf } from "../../report/audit/line-marks.ts";
import type { PageBlock } from "../../base/page-signature.ts";
import { open } from "../os/lab-files.ts";
import { orTold } from "../os/unread.ts";

const LF = 10;
/** A cited log line is re-read up to this length: the metrics are in it. */
const VERIFIED_LINE_BYTES = 1 << 20;

/** Text of a log line that was read at a sample's offset; undefined if it was not read. */
export type CitedLines = (path: string, line: number) => string | undefined;

/** Reads the current text of the log lines that the blocks of a report cite, and of its flags. */
export async function readCited(
  experimentDir: string,
  blocks: readonly PageBlock[],
  input: ReportInput,
): Promise<CitedLines> {
  const wanted = new Set(sourcesOf(blocks).map(({ path, line }) => `${path}#${line}`));
  const flags = shownFlags(input, blocks);
  const lines = new Map<string, string>();
  for (const [path, offsets] of offsetsOf(input, wanted, flags)) {
    await readLines(join(experimentDir, path), offsets, (line, text) =>
      lines.set(`${path}#${line}`, text),
    );
  }
  return (path, line) => lines.get(`${path}#${line}`);
}

/** Verifies a page before it is saved: the findings that forbid it, empty if it may be saved. */
export function verifyPage(
  page: string,
  blocks: readonly PageBlock[],
  input: ReportInput,
  lineOf: CitedLines,
): readonly AuditFinding[] {
  const flags = flagFindings(page, shownFlags(input, blocks), lineOf);
  return [...verifyFindings(page, lineOf), ...flags];
}

/** A flag's value, and the log line that the page cites for it. */
interface FlagSource {
  readonly path: string;
  readonly line: number;
  /** Byte offset of the line in the file. */
  readonly offset: number;
  readonly metric: string;
  readonly token: string;
}

/** Flags that the page shows with a link to the log line of their value. */
function shownFlags(input: ReportInput, blocks: readonly PageBlock[]): readonly FlagSource[] {
  const list = blocks.find((block) => block.key === "discussion.flags.list")?.text ?? "";
  return input.runs.flatMap(({ path, findings }) =>
    findings.flatMap(({ evidence, token, metric }): FlagSource[] => {
      if (evidence === undefined || token === undefined || metric === undefined) return [];
      const file = `${path}/${evidence.file}`;
      if (!list.includes(`#L${evidence.line})`)) return [];
      return [{ path: file, line: evidence.line, offset: evidence.offset, metric, token }];
    }),
  );
}

/** A finding for each flag whose log line does not contain the flag's value. */
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

/** By line number: the line's byte offset, and the samples that were read from it, as text. */
type Offsets = ReadonlyMap<number, { readonly offset: number; readonly samples: string }>;

/** For each cited log, the offsets of its cited lines. */
function offsetsOf(
  input: ReportInput,
  wanted: ReadonlySet<string>,
  flags: readonly FlagSource[],
): ReadonlyMap<string, Offsets> {
  const found = new Map<string, Map<number, { offset: number; samples: string }>>();
  const note = (path: string, at: { line: number; offset: number }, sample: string): void => {
    const offsets = found.get(path) ?? new Map<number, { offset: number; samples: string }>();
    const before = offsets.get(at.line)?.samples ?? "";
    offsets.set(at.line, { offset: at.offset, samples: `${before} ${sample},` });
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
  // A compressed or binary file has no lines of text to seek to: use the samples as they were read.
  if (/\.gz$|tfevents/.test(path)) {
    for (const [line, { samples }] of offsets) take(line, samples);
    return;
  }
  const handle = await orTold(path, open(path));
  if (handle === undefined) return;
  try {
    for (const [line, { offset }] of offsets) {
      take(line, await lineAt(handle, await startOf(handle, offset)));
    }
  } finally {
    await handle.close();
  }
}

/**
 * Where the line of an offset begins: a reader's line may begin behind a carriage return in it. At
 * most VERIFIED_LINE_BYTES before the offset.
 */
async function startOf(handle: FileHandle, offset: number): Promise<number> {
  for (let size = 1; ; size *= 64) {
    const from = Math.max(0, offset - size);
    const buffer = Buffer.alloc(offset - from);
    await handle.read(buffer, 0, buffer.length, from);
    const end = buffer.lastIndexOf(LF);
    if (end >= 0) return from + end + 1;
    if (from === 0 || size >= VERIFIED_LINE_BYTES) return from;
  }
}

/** The text from an offset to the next line end, at most VERIFIED_LINE_BYTES. */
async function lineAt(handle: FileHandle, offset: number): Promise<string> {
  for (let size = 1024; ; size *= 8) {
    const buffer = Buffer.alloc(Math.min(size, VERIFIED_LINE_BYTES));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
    const end = buffer.subarray(0, bytesRead).indexOf(LF);
    if (end >= 0 || bytesRead < buffer.length || size >= VERIFIED_LINE_BYTES) {
      return buffer.toString("utf8", 0, end >= 0 ? end : bytesRead);
    }
  }
}
