// Finds a journal (or LAB.md) and its kept versions from a path on the command line, for history.ts
// and restore.ts. Writes nothing.
import { existsSync, realpathSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { decodeUtf8 } from "../effects/os/decode-text.ts";
import {
  intentFolder,
  journalPath,
  keptFolder,
  labPageIntents,
  labPageKept,
  labPagePath,
} from "../effects/journal-store/journal-paths.ts";
import {
  getVersion,
  listVersions,
  type KeptVersion,
} from "../effects/journal-store/version-store.ts";
import { readSettingsInForce } from "../effects/run-store/lab-settings.ts";
import { linesIn, matchLines } from "../base/line-diff.ts";
import { versionOf } from "../journal/merge/merge-base.ts";
import { readJournal } from "../journal/read/read.ts";
import { experimentPath, type LabPath } from "../base/ids.ts";
import { findLab, readWorld, stateOf } from "./lab-world.ts";

/** A journal or LAB.md with its kept versions. */
export interface KeptJournal {
  readonly lab: LabPath;
  readonly experiment: string;
  readonly path: string;
  readonly keptDir: string;
  /** Folder of write intents: the lab's, or for LAB.md its own. */
  readonly intentDir: string;
  readonly isLabPage: boolean;
  /** IANA name of the lab's time zone. */
  readonly timeZone: string;
  /** Oldest first. */
  readonly versions: readonly KeptVersion[];
  /** Saves that may have been made from an old copy, by their hash: what they replaced. */
  readonly oldCopies: ReadonlyMap<string, string>;
  /** The user's lines of a version's text, without receipts. */
  readonly linesOf: (text: string) => readonly string[];
}

/** Finds a journal by its path or its experiment's folder; if there is none, the reason as text. */
export async function keptJournal(path: string): Promise<KeptJournal | string> {
  if (basename(path) === "LAB.md") return await keptLabPage(path);
  const folder = basename(path) === "JOURNAL.md" ? dirname(path) : path;
  const isFolder = existsSync(folder) && statSync(folder).isDirectory();
  if (!isFolder) return `Cannot find the journal ${path}: give the experiment's folder.`;
  const experiment = experimentPath(realpathSync(folder));
  const lab = findLab(experiment);
  if (lab === undefined) return `${path} is in no lab: no folder above it has a nightlab.yaml.`;
  const keptDir = keptFolder(lab, experiment);
  const versions = await listVersions(keptDir);
  if (versions.length === 0) {
    return `No version of ${journalPath(experiment)} is kept: no daemon has read it yet.`;
  }
  const known = readWorld(lab).experiments.get(experiment);
  const rendered = known?.rendered ?? new Set();
  return {
    lab,
    experiment,
    keptDir,
    intentDir: intentFolder(stateOf(lab)),
    isLabPage: false,
    versions,
    path: journalPath(experiment),
    timeZone: await timeZoneOf(lab),
    oldCopies: new Map(known?.oldCopies?.map(({ saved, version }) => [saved, version])),
    linesOf: (text) => versionOf(text, readJournal(text), rendered).lines,
  };
}

async function keptLabPage(path: string): Promise<KeptJournal | string> {
  const lab = findLab(dirname(path));
  if (lab === undefined) return `${path} is in no lab: no folder above it has a nightlab.yaml.`;
  const keptDir = labPageKept(lab);
  const versions = await listVersions(keptDir);
  if (versions.length === 0) return `No version of ${labPagePath(lab)} is kept yet.`;
  return {
    lab,
    experiment: labPagePath(lab),
    keptDir,
    intentDir: labPageIntents(stateOf(lab)),
    isLabPage: true,
    versions,
    path: labPagePath(lab),
    timeZone: await timeZoneOf(lab),
    oldCopies: new Map(),
    linesOf: linesIn,
  };
}

async function timeZoneOf(lab: LabPath): Promise<string> {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (await readSettingsInForce(lab, here)).settings.timeZone;
}

/** Text of a version; undefined if it is missing or not valid UTF-8. */
export async function textOfVersion(
  { keptDir }: KeptJournal,
  hash: string,
): Promise<string | undefined> {
  const bytes = await getVersion(keptDir, hash);
  const decoded = bytes === undefined ? undefined : decodeUtf8(bytes);
  return decoded?.kind === "text" ? decoded.text : undefined;
}

/** Lines that only one of two texts has, in their order there. */
export function changedLines(
  from: readonly string[],
  to: readonly string[],
): { readonly gone: readonly string[]; readonly added: readonly string[] } {
  const [left, right] = [new Set(from.keys()), new Set(to.keys())];
  for (const match of matchLines(from, to)) {
    for (let i = 0; i < match.length; i += 1) {
      left.delete(match.left + i);
      right.delete(match.right + i);
    }
  }
  return {
    gone: [...left].flatMap((i) => from[i] ?? []),
    added: [...right].flatMap((i) => to[i] ?? []),
  };
}
