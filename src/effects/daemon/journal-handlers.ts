// Effect handlers for journals: read each one settled whenever it may have changed, and write it.
// The scheduler decides when a write is due; journal-file.ts writes without losing a save, and
// concurrent-saves.ts merges saves made at the same time.
import { dirname, relative, sep } from "node:path";
import { experimentPath, hashText, type ExperimentPath, type LabPath } from "../../base/ids.ts";
import { decodeUtf8 } from "../os/decode-text.ts";
import { ReplacedFiles, type LateSave } from "../journal-store/replaced-files.ts";
import { unreadTrouble } from "../../domain/trouble.ts";
import { editorHolds } from "../journal-store/editor-locks.ts";
import { gitOrigin, type GitOrigin } from "../git/git-origin.ts";
import { gitWrote } from "../git/git-activity.ts";
import type { EffectHandlers, Post } from "./effect-handlers.ts";
import { replaceJournal } from "../journal-store/journal-file.ts";
import type { ReplaceResult } from "../journal-store/replace-result.ts";
import { intentFolder } from "../journal-store/journal-paths.ts";
import { getVersion, isKeptAlready, keepVersion } from "../journal-store/version-store.ts";
import { replayIntents } from "../journal-store/replay-intents.ts";
import { answerRestore, type RestoreRequest } from "../state/requests.ts";
import { restoreVersion } from "../journal-store/restore-version.ts";
import { inTurns } from "../os/in-turns.ts";
import { readSettled, type StableRead, type UnreadableFile } from "../os/stable-read.ts";
import { endStatusPage, writeStatusPage } from "../journal-store/status-page.ts";
import {
  inTurn,
  isNewWriteTrouble,
  watchedJournal,
  type Watched,
} from "../journal-store/watched-journal.ts";
import type { Troubles } from "../state/troubles.ts";
import type { JournalDisk } from "../journal-store/journal-disk.ts";
import { defined } from "../../base/defined.ts";

/** An editor that saves by renaming leaves the path absent for a moment: busy, not deleted. */
const ABSENT_IS_BUSY_MS = 10_000;
/** While no version can be kept (a full disk), reading a journal is retried this often. */
const JOURNAL_KEEP_RETRY_MS = 5_000;
/** One save by an editor causes several file events; this pause answers them with one read. */
const JOURNAL_PAUSE_MS = 30;
/** A journal that is being saved right now is read again after this long. */
export const JOURNAL_RETRY_MS = 200;

export interface JournalHandlers extends Pick<
  EffectHandlers,
  "write-journal" | "write-status-page"
> {
  /** Finishes writes that a crash interrupted; call it before any journal of the lab is read. */
  open(lab: LabPath): Promise<void>;
  /** The editor closed the journal: read what it saved last, then post `editor-closed`. */
  editorClosed(lab: LabPath, experiment: ExperimentPath): void;
  /** The journal may have changed: read it once it is settled. */
  touch(lab: LabPath, experiment: ExperimentPath): void;
  /** Restores a kept version and answers the request. */
  restore(lab: LabPath, request: RestoreRequest): Promise<void>;
  /** Stops reading and writing; resolves when replaced files are no longer checked. */
  close(): Promise<void>;
}

type WriteJournal = Parameters<EffectHandlers["write-journal"]>[0];

export interface JournalHandlersParts {
  readonly post: Post;
  readonly warn: (message: string, facts: Readonly<Record<string, unknown>>) => void;
  readonly note: (message: string, facts: Readonly<Record<string, unknown>>) => void;
  /** ms since 1970. */
  readonly now: () => number;
  /** Hashes of all that was ever rendered into a journal. */
  readonly rendered: (experiment: ExperimentPath) => ReadonlySet<string>;
  readonly disk: JournalDisk;
  readonly troubles: Troubles;
  /** A lab's part of the state folder. */
  readonly stateOf: (lab: LabPath) => string;
}

/** The journals of the daemon's labs, and what is remembered of each while it runs. */
interface Journals {
  readonly parts: JournalHandlersParts;
  /** How files are read: options of `readSettled` and of `ReplacedFiles`. */
  readonly reading: { readonly leases: boolean; readonly equalReadsMs?: number };
  readonly watched: Map<ExperimentPath, Watched>;
  /** Files that a write replaced: an editor may still save into one of them. */
  readonly replaced: ReplacedFiles;
  readonly arrivals: GitOrigin;
  readonly labs: LabPath[];
  closed: boolean;
}

/** The effect handlers for journals; nothing is read before `open` and `touch`. */
export function journalHandlers(parts: JournalHandlersParts): JournalHandlers {
  const journals = createJournals(parts);
  const { post, warn, now, stateOf } = parts;
  return {
    async restore(lab, { id, experiment, version }) {
      const path = experimentPath(experiment);
      answerRestore(stateOf(lab), id, await restore(journals, lab, path, version).catch(String));
    },
    async open(lab) {
      journals.labs.push(lab);
      await replayIntents(intentFolder(stateOf(lab)), lab, journals.replaced);
    },
    touch(lab, experiment) {
      const entry = entryOf(journals, lab, experiment);
      const sinceMs = now() - (entry.touchedAtMs ?? 0);
      entry.touchedAtMs = now();
      // The first event of a save is followed at once; a burst of events is answered by one read.
      readLater(journals, entry, sinceMs > JOURNAL_PAUSE_MS ? 0 : JOURNAL_PAUSE_MS);
    },
    editorClosed(lab, experiment) {
      const report = (): void => post({ kind: "editor-closed", experiment });
      setTimeout(
        () => void read(journals, entryOf(journals, lab, experiment)).then(report),
        JOURNAL_PAUSE_MS,
      );
    },
    async "write-journal"(effect, reply) {
      const entry = journals.watched.get(effect.experiment);
      if (entry !== undefined) await inTurn(entry, () => write(journals, entry, effect, reply));
    },
    async "write-status-page"({ experiment, text }) {
      try {
        await writeStatusPage(experiment, text);
      } catch (error) {
        warn("STATUS.md not written", { experiment, error: String(error) });
      }
    },
    async close() {
      journals.closed = true;
      for (const { timer, saves } of journals.watched.values()) {
        clearTimeout(timer);
        saves.close();
      }
      await journals.replaced.close();
    },
  };
}

function createJournals(parts: JournalHandlersParts): Journals {
  const { leases, equalReadsMs } = parts.disk;
  const reading = { leases, ...defined({ equalReadsMs }) };
  const journals: Journals = {
    parts,
    reading,
    watched: new Map(),
    replaced: new ReplacedFiles({
      ...reading,
      onLateSave: (late) => takeLateSave(journals, late),
      onTrouble: (file, error) => {
        if (!journals.closed) {
          parts.warn("displaced journal not read", { file, error: String(error) });
        }
      },
    }),
    arrivals: gitOrigin(),
    labs: [],
    closed: false,
  };
  return journals;
}

function entryOf({ watched, parts }: Journals, lab: LabPath, experiment: ExperimentPath): Watched {
  const known = watched.get(experiment);
  if (known !== undefined) return known;
  const entry = watchedJournal(lab, experiment, () => parts.rendered(experiment));
  watched.set(experiment, entry);
  return entry;
}

/** Reads a journal after `ms`; a later call replaces an earlier one that is still waiting. */
function readLater(journals: Journals, entry: Watched, ms: number): void {
  if (journals.closed) return;
  clearTimeout(entry.timer);
  entry.timer = setTimeout(() => void read(journals, entry), ms);
}

/** Tells why a journal cannot be read, in STATUS.md too, or takes that back: once each. */
function tellTrouble(
  { parts }: Journals,
  { lab, experiment, path }: Watched,
  unread: Pick<UnreadableFile, "why" | "fix"> | undefined,
): void {
  const told = unread === undefined ? [] : [unreadTrouble(relative(lab, path), unread)];
  parts.troubles.tell({ lab, experiment }, "journal", told);
}

/** Reads a journal in its turn. At most one read waits; whatever changes meanwhile is in it. */
function read(journals: Journals, entry: Watched): Promise<void> {
  entry.nextRead ??= inTurn(entry, () => {
    entry.nextRead = undefined;
    return readOnce(journals, entry);
  }).catch((error: unknown) => retryAfterFailure(journals, entry, error));
  return entry.nextRead;
}

/** No text is used that was not kept: a full disk stops work on this journal, and loses nothing. */
function retryAfterFailure(journals: Journals, entry: Watched, error: unknown): void {
  tellTrouble(journals, entry, { why: String(error) });
  readLater(journals, entry, JOURNAL_KEEP_RETRY_MS);
}

/** Reads a journal now, and posts what it says or schedules another read. */
async function readOnce(journals: Journals, entry: Watched): Promise<void> {
  const { now, post } = journals.parts;
  const { experiment, path, lastSize } = entry;
  const last = lastSize === undefined ? {} : { lastSize };
  const found = await readSettled(path, { now, ...journals.reading, ...last, refuseNul: true });
  if (journals.closed) return;
  switch (found.kind) {
    case "text":
      await takeText(journals, entry, found);
      return;
    case "busy":
      readLater(journals, entry, JOURNAL_RETRY_MS);
      return;
    case "absent":
      entry.absentSinceMs ??= now();
      if (now() - entry.absentSinceMs < ABSENT_IS_BUSY_MS) {
        readLater(journals, entry, JOURNAL_RETRY_MS);
      } else {
        tellTrouble(journals, entry, undefined);
        post({ kind: "experiment-gone", experiment });
      }
      return;
    case "unreadable":
      tellTrouble(journals, entry, found);
  }
}

/** Keeps and parses a journal's text, and posts it. */
async function takeText(
  journals: Journals,
  entry: Watched,
  found: Extract<StableRead, { readonly kind: "text" }>,
): Promise<void> {
  const { post, note } = journals.parts;
  const { experiment, path, keptDir, mergeBases, saves } = entry;
  const known = await mergeBases.knows(found.hash);
  const { hash, mtimeMs } = found;
  // The version is kept while the text is parsed, and the text is used only once it is kept.
  const isFirst = entry.lastSize === undefined;
  const before = isFirst ? await mergeBases.lastBefore() : undefined;
  const kept = isKeptAlready(before, hash, Date.now())
    ? Promise.resolve(hash)
    : keepVersion(keptDir, found.bytes, { hash });
  // Any failure: it rejects again where it is awaited.
  kept.catch(() => undefined);
  const origin = (await gitWrote(entry.lab, path, mtimeMs))
    ? await journals.arrivals.originOf(entry.lab, path, found.text)
    : undefined;
  const byGit = origin !== undefined;
  // Afterwards its reader knows the text, and reading it again costs nothing.
  await inTurns(entry.reader.readInParts(found.text));
  const { text, reading, ...more } = await saves.read({ ...found, known, byGit });
  await kept;
  tellTrouble(journals, entry, undefined);
  entry.lastSize = found.size;
  entry.absentSinceMs = undefined;
  if (more.onDisk !== undefined) note("saves crossed", { experiment, hash });
  post({
    kind: "journal-read",
    experiment,
    text,
    hash,
    reading,
    ...more,
    ...defined({ origin }),
  });
  entry.unanswered?.();
  entry.unanswered = undefined;
}

/** Merges a save that landed in a file which had just been replaced into the journal. */
async function takeLateSave(journals: Journals, late: LateSave): Promise<void> {
  const experiment = experimentPath(dirname(late.path));
  const lab = journals.labs.find(
    (one) => experiment === String(one) || experiment.startsWith(one + sep),
  );
  if (lab === undefined) throw new Error("Cannot take over a late save: its lab is not open");
  const entry = entryOf(journals, lab, experiment);
  await keepVersion(entry.keptDir, late.text);
  journals.parts.note("late save", { experiment, hash: late.hash });
  const taken = entry.saves.owe(late);
  readLater(journals, entry, 0);
  await taken;
}

async function write(
  journals: Journals,
  entry: Watched,
  { experiment, basedOn, text }: WriteJournal,
  reply: Post,
): Promise<void> {
  const held = await editorHolds(entry.path);
  if (held !== false) {
    reply({ kind: "journal-written", experiment, result: "busy", why: held.why });
    return;
  }
  const { note, disk } = journals.parts;
  const result = await replaceJournal(
    {
      path: entry.path,
      basedOnHash: basedOn,
      text,
      keptDir: entry.keptDir,
      intentDir: intentFolder(journals.parts.stateOf(entry.lab)),
      replaced: journals.replaced,
      // The renderer makes sizes differ, except for a merge into a journal without receipts.
      allowSameSize: true,
    },
    disk,
  );
  note("journal write", { experiment, ...result });
  await answerWrite(journals, entry, text, result, reply);
}

/** Reports what came of a write, and reads the journal again where it may have changed. */
async function answerWrite(
  journals: Journals,
  entry: Watched,
  text: string,
  result: ReplaceResult,
  reply: Post,
): Promise<void> {
  const { experiment } = entry;
  switch (result.kind) {
    case "written":
      entry.lastSize = Buffer.byteLength(text);
      entry.writeTrouble = undefined;
      // Any failure: an old STATUS.md stays until the next one.
      await endStatusPage(experiment).catch(() => undefined);
      await entry.saves.written(text, result.hash);
      // Read from the disk: somebody may have saved since, and that is newer than our text.
      await readOnce(journals, entry).catch((error: unknown) =>
        retryAfterFailure(journals, entry, error),
      );
      reply({ kind: "journal-written", experiment, result: "written" });
      return;
    case "changed":
      readLater(journals, entry, 0);
      reply({ kind: "journal-written", experiment, result: "changed" });
      return;
    case "busy":
      // A person is saving it. Answer once their text is read: another attempt before is useless.
      entry.unanswered = () => reply({ kind: "journal-written", experiment, result: "changed" });
      readLater(journals, entry, JOURNAL_PAUSE_MS);
      return;
    case "refused":
    case "failed":
      if (isNewWriteTrouble(entry, result.why)) {
        const { warn } = journals.parts;
        warn("journal not written; it is tried again", { experiment, why: result.why });
      }
      reply({ kind: "journal-written", experiment, result: result.kind, why: result.why });
      return;
    case "same-size":
      throw new Error("a write of equal size was allowed, and refused");
  }
}

/** Restores a kept version of a journal; resolves to why it was not, or undefined if it was. */
async function restore(
  journals: Journals,
  lab: LabPath,
  experiment: ExperimentPath,
  version: string,
): Promise<string | undefined> {
  const entry = entryOf(journals, lab, experiment);
  const { path, keptDir } = entry;
  const bytes = await getVersion(keptDir, version);
  const decoded = bytes === undefined ? undefined : decodeUtf8(bytes);
  if (decoded?.kind !== "text") return "that version is not kept";
  const { text } = decoded;
  return await inTurn(entry, async () => {
    const intentDir = intentFolder(journals.parts.stateOf(lab));
    const replaced = journals.replaced;
    const result = await restoreVersion({ path, text, keptDir, intentDir, replaced });
    if (result.kind === "same-size" || result.kind === "changed") return "it was just saved";
    if (result.kind !== "written") return result.why;
    await entry.saves.written(text, hashText(text));
    entry.lastSize = Buffer.byteLength(text);
    readLater(journals, entry, 0);
    return undefined;
  });
}
