// Reads the log lines anew that a page has values from, before it is saved: those of the sources in
// its tree. Whether they bear the page out is decided in report/audit/verify-values.ts.
import { type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { standsIn } from "../../report/audit/token-in-line.ts";
import { placeOf, type SourceTrouble } from "../../report/audit/verify-values.ts";
import type { ReportTree } from "../../report/page/page.ts";
import { pathOf, sourcesIn, type Source } from "../../report/page/values.ts";
import { open } from "../os/lab-files.ts";
import { metricsPatternOf } from "../run-store/run-plan.ts";

const LF = 10;
/** A line is read up to this length, as by the readers of text logs. */
const LINE_BYTES = 1 << 20;
/** Up to this offset the lines of a log are counted anew; beyond it they count as they were read. */
const COUNTED_BYTES = 1 << 20;

/** What the logs say now, on the lines that a page has values from. */
export interface ReadLines {
  /** The text of a line, by the log's path from the page and the line's number from 1. */
  readonly lineOf: (path: string, line: number) => string | undefined;
  readonly troubleOf: SourceTrouble;
}

/** Reads the lines of all sources in a page's tree, each at the offset where its value was read. */
export async function readSources(
  experimentDir: string,
  { blocks }: ReportTree,
): Promise<ReadLines> {
  const lines = new Map<string, string>();
  const troubles = new Map<string, string>();
  for (const [path, sources] of Map.groupBy(sourcesIn(blocks), pathOf)) {
    // A compressed or binary file has no lines of text to seek to: it counts as it was read.
    if (/\.gz$|tfevents/.test(path)) continue;
    const take = (source: Source, whole: string | undefined, trouble: string | undefined): void => {
      if (whole !== undefined) lines.set(`${path}#${source.line}`, whole);
      if (trouble !== undefined) troubles.set(placeOf(source), trouble);
    };
    // Any failure: its values are refused, with the path.
    const handle = await open(join(experimentDir, path)).catch(() => undefined);
    if (handle === undefined) {
      for (const source of sources) take(source, undefined, `${path} cannot be read`);
      continue;
    }
    try {
      const runDir = join(experimentDir, sources[0]?.run ?? "");
      await readLog(handle, path, sources, runDir, take);
    } finally {
      await handle.close();
    }
  }
  return {
    lineOf: (path, line) => lines.get(`${path}#${line}`),
    troubleOf: (source) => troubles.get(placeOf(source)),
  };
}

/** Passes each source of one log to `take`, with its whole line and what is wrong with it. */
async function readLog(
  handle: FileHandle,
  path: string,
  sources: readonly Source[],
  runDir: string,
  take: (source: Source, whole: string | undefined, trouble: string | undefined) => void,
): Promise<void> {
  const byOffset = [...Map.groupBy(sources, ({ offset }) => offset)].toSorted(([a], [b]) => a - b);
  const lineNumber = await lineCounter(handle, byOffset.at(-1)?.[0] ?? 0);
  for (const [offset, here] of byOffset) {
    const counted = lineNumber(offset);
    const start = await startOf(handle, offset);
    const whole = await lineAt(handle, start);
    const text = start === offset ? whole : await lineAt(handle, offset);
    const missing = here.filter(({ token }) => !standsIn(text, token));
    const tokens = new Set(missing.map(({ token }) => token));
    if (tokens.size > 0) {
      await findBeyond(handle, offset + LINE_BYTES, tokens);
      // A person's own pattern says what a value is, and may cut it out of a longer number.
      const isOwn = (await metricsPatternOf(runDir)) !== undefined;
      for (const token of tokens) if (isOwn && text.includes(token)) tokens.delete(token);
    }
    for (const source of here) {
      const { line, key, token } = source;
      const trouble =
        counted !== undefined && counted !== line
          ? `line ${line} of ${path} begins elsewhere`
          : tokens.has(token)
            ? `${path}:${line} does not say ${key} ${token}`
            : undefined;
      take(source, whole, trouble);
    }
  }
}

/** Gives the line's number at each of rising offsets up to `last`; undefined past COUNTED_BYTES. */
async function lineCounter(
  handle: FileHandle,
  last: number,
): Promise<(offset: number) => number | undefined> {
  const buffer = Buffer.alloc(Math.min(last, COUNTED_BYTES));
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
  let line = 1;
  let end = buffer.indexOf(LF);
  return (offset) => {
    if (offset > bytesRead) return undefined;
    for (; end >= 0 && end < offset; end = buffer.indexOf(LF, end + 1)) line += 1;
    return line;
  };
}

/**
 * Where the line of an offset begins: a reader's line may begin behind a carriage return in it. At
 * most LINE_BYTES before the offset.
 */
async function startOf(handle: FileHandle, offset: number): Promise<number> {
  for (let size = 1; ; size *= 64) {
    const from = Math.max(0, offset - size);
    const buffer = Buffer.alloc(offset - from);
    await handle.read(buffer, 0, buffer.length, from);
    const end = buffer.lastIndexOf(LF);
    if (end >= 0) return from + end + 1;
    if (from === 0 || size >= LINE_BYTES) return from;
  }
}

/** The text from an offset to the next line end, at most LINE_BYTES. */
async function lineAt(handle: FileHandle, offset: number): Promise<string> {
  for (let size = 1024; ; size *= 8) {
    const buffer = Buffer.alloc(Math.min(size, LINE_BYTES));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset);
    const end = buffer.subarray(0, bytesRead).indexOf(LF);
    if (end >= 0 || bytesRead < buffer.length || size >= LINE_BYTES) {
      return buffer.toString("utf8", 0, end >= 0 ? end : bytesRead);
    }
  }
}

/**
 * Takes away the tokens that stand in the rest of a line, which `from` is in if it is that long: a
 * trainer state may be one line of any length.
 */
async function findBeyond(handle: FileHandle, from: number, tokens: Set<string>): Promise<void> {
  const overlap = Math.max(...[...tokens].map((token) => token.length)) + 2;
  const { size } = await handle.stat();
  for (let at = from; at < size && tokens.size > 0; at += LINE_BYTES) {
    const text = await lineAt(handle, Math.max(0, at - overlap));
    for (const token of tokens) if (standsIn(text, token)) tokens.delete(token);
    if (Buffer.byteLength(text) < LINE_BYTES) return;
  }
}
