// Whether a report is up to date, told by the files that it is made from without reading any: their
// names, sizes, times and inodes. report-handlers.ts keeps the mark of each report that it renewed.
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, type Dirent, type Stats } from "node:fs";
import { join } from "node:path";
import { readFile, statSync } from "../os/lab-files.ts";
import { leaves } from "../os/lab-links.ts";
import { LOG_DEPTH, mayHoldLogs } from "../run-store/log-files.ts";

const PAGE = "REPORT.md";

/** What tells whether a report is up to date. */
export interface ReportMark {
  /** Changes with the journal, the list of ignored runs, the page, and what runs there are. */
  readonly surface: string;
  /** Changes with those and with every file of the runs that a report is made from. */
  readonly whole: string;
}

/** What a report is made from, as it is on disk at some moment. */
export interface ReportInputs {
  readonly surface: string;
  readonly stamp: string;
  /** Number of entries of `runs/`. */
  readonly runs: number;
}

/** The mark's `surface`, which takes four calls of the system. */
export const surfaceNow = (experiment: string): string =>
  hashOf(surfaceOf(experiment), pageStamp(experiment));

/**
 * Looks at the files that the report of an experiment is made from, in parts of a run each: nothing
 * is waited for, since a call for each of a hundred files costs less than one that waits.
 */
export function* lookAtInputs(experiment: string): Generator<undefined, ReportInputs, undefined> {
  const surface = surfaceOf(experiment);
  const noted = [surface];
  const note = (name: string, found: Stats | undefined): void => {
    noted.push(`${name} ${found === undefined ? "" : stampOf(found)}`);
  };
  const folder = join(experiment, "runs");
  const runs = leaves(folder) ? [] : entriesOf(folder);
  for (const run of runs) {
    lookInto(folder, run, 0, note);
    yield;
  }
  return { surface, stamp: hashOf(...noted), runs: runs.length };
}

/** The mark of a report that was made from these inputs and is the present REPORT.md. */
export function markOf(experiment: string, { surface, stamp }: ReportInputs): ReportMark {
  const page = pageStamp(experiment);
  return { surface: hashOf(surface, page), whole: hashOf(stamp, page) };
}

/** The same after its page was written; undefined where somebody has saved it since. */
export async function markOfWritten(
  experiment: string,
  inputs: ReportInputs,
  text: string,
): Promise<ReportMark | undefined> {
  // In this order: a save in between shows in the text.
  const mark = markOf(experiment, inputs);
  // Any failure: as if somebody had saved it.
  const now = await readFile(join(experiment, PAGE), "utf8").catch(() => undefined);
  return now === text ? mark : undefined;
}

/** A mark as a file holds it, and back: earlier releases kept one hash, which no report has. */
export const writtenMark = ({ surface, whole }: ReportMark): string => `${surface} ${whole}\n`;
export function readMark(text: string): ReportMark {
  const [surface = "", whole = ""] = text.trim().split(" ");
  return { surface, whole };
}

function surfaceOf(experiment: string): string {
  const names = ["JOURNAL.md", "IGNORED_RUNS.md", "runs"];
  return hashOf(...names.map((name) => stampAt(join(experiment, name))));
}

const pageStamp = (experiment: string): string => stampAt(join(experiment, PAGE));

/** A link is what it leads to, which is looked at only within the lab. */
function stampAt(path: string): string {
  const own = lstatSync(path, { throwIfNoEntry: false });
  const found = own?.isSymbolicLink() === true ? statSync(path) : own;
  return found === undefined ? "" : stampOf(found);
}

const hashOf = (...texts: readonly string[]): string =>
  createHash("sha256").update(texts.join("\n")).digest("hex");

/** Notes an entry below `runs/`: all of a run's own files, and those of its folders of logs. */
function lookInto(
  folder: string,
  entry: Dirent,
  depth: number,
  note: (name: string, found: Stats | undefined) => void,
): void {
  const path = join(folder, entry.name);
  // Nothing else leads out of the lab here.
  const found = entry.isSymbolicLink()
    ? statSync(path)
    : lstatSync(path, { throwIfNoEntry: false });
  const isFolder = found?.isDirectory() === true;
  const goesOn = depth === 0 || (depth <= LOG_DEPTH && (depth > 1 || mayHoldLogs(entry.name)));
  if (!isFolder || !goesOn) {
    note(path, found);
    return;
  }
  // By its name and what is in it: its time changes whenever somebody makes a file there for a while.
  note(path, undefined);
  for (const one of entriesOf(path)) lookInto(path, one, depth + 1, note);
}

/** By name; none of what cannot be listed. */
function entriesOf(folder: string): readonly Dirent[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    // Any failure: the report is renewed once it can be listed again.
    return [];
  }
}

const stampOf = ({ ino, size, mtimeMs }: Stats): string => `${ino} ${size} ${mtimeMs}`;
