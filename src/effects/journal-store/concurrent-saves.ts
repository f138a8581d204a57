// Works out what a journal says after concurrent saves: a stale editor buffer over a newer text,
// or a save into a file that was just replaced. journal-handlers.ts reads and writes the file.
import { hashText } from "../../base/ids.ts";
import type { MergeConflict } from "../../domain/event.ts";
import type { JournalReading } from "../../domain/journal.ts";
import {
  markDistance,
  tookReceiptsOut,
  versionOf,
  type Version,
} from "../../journal/merge/merge-base.ts";
import type { Side } from "../../base/merge.ts";
import { mergeSaves, type SavesInput } from "../../journal/merge/merge-saves.ts";
import type { JournalReader } from "../../journal/read/read.ts";
import type { LateSave } from "./replaced-files.ts";
import type { MergeBases } from "./merge-bases.ts";

/** A text as it was read from the disk. The caller keeps it as a version. */
export interface FileText {
  readonly text: string;
  readonly hash: string;
  readonly mtimeMs: number;
  /** False: it may be half a save, so a missing line need not be a deleted one. */
  readonly proved: boolean;
  /** The file had this text before: an undo, a checkout, a restored version. */
  readonly known: boolean;
  /** Git wrote it, so it is not a stale buffer. */
  readonly byGit: boolean;
}

/** The journal after one read of its file. */
export interface Understood {
  readonly text: string;
  readonly reading: JournalReading;
  /** What is on disk, if `text` is a merge that has yet to be written. */
  readonly onDisk?: string;
  readonly setAside: readonly MergeConflict[];
}

export interface ConcurrentSavesParts {
  readonly reader: Pick<JournalReader, "read">;
  readonly mergeBases: MergeBases;
  /** Hashes of all receipt blocks ever rendered into this journal. */
  readonly rendered: () => ReadonlySet<string>;
  /** Durably keeps the text that loses a merge conflict, and returns its hash. */
  readonly keep: (text: string) => Promise<string>;
}

/** What the file held when it was last read or written. */
interface FileState {
  readonly disk: Version;
  readonly hash: string;
  /** What the journal says: the same text, or a merge that is not written yet. */
  readonly logical: Version;
  readonly proved: boolean;
  /** When the user last saved it, ms since 1970. */
  readonly personMs: number;
}

/** A late save that is not in the file yet. */
interface PendingSave {
  readonly late: LateSave;
  /** Its merge base; found once, since many versions are compared for it. */
  base?: Version;
  /** The result of its last merge. */
  mergedIn?: Version;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Merges the concurrent saves of one journal. Calls must not overlap, except `owe`. */
export class ConcurrentSaves {
  readonly #parts: ConcurrentSavesParts;
  #current: FileState | undefined;
  #pending: PendingSave[] = [];
  /**
   * A merge was written, and no save has been based on it yet. Until then an earlier text is taken
   * for a stale buffer, not for an undo.
   */
  #mergeUnseen = false;

  constructor(parts: ConcurrentSavesParts) {
    this.#parts = parts;
  }

  /** Takes a text that was read from the disk; returns it, merged with concurrent saves if any. */
  async read(file: FileText): Promise<Understood> {
    const version = this.#prepare(file.text);
    const conflicts: MergeConflict[] = [];
    const before = this.#current ?? (await this.#lastBeforeStart(file));
    const logical =
      before?.hash === file.hash
        ? before.logical
        : await this.#resolveSave(before, version, file, conflicts);
    const same = before?.hash === file.hash;
    const current: FileState = {
      disk: version,
      hash: file.hash,
      logical: logical.text === version.text ? version : logical,
      proved: file.proved,
      personMs: same ? before.personMs : file.mtimeMs,
    };
    this.#current = current;
    await this.#parts.mergeBases.note(file.hash, version, file.mtimeMs);
    const all = await this.#mergeLateSaves(current, conflicts);
    this.#current = { ...current, logical: all };
    const { text, reading } = all;
    return {
      text,
      reading,
      setAside: conflicts,
      ...(all === version ? {} : { onDisk: file.text }),
    };
  }

  /** Notes that the daemon replaced the text that was read last by this one, at `atMs`. */
  async written(text: string, hash: string, atMs: number): Promise<void> {
    const disk = this.#prepare(text);
    const before = this.#current;
    if (before !== undefined && before.logical !== before.disk) this.#mergeUnseen = true;
    if (before !== undefined && sameLines(disk, before.logical))
      this.#resolveWritten(before.logical);
    this.#current = { disk, hash, logical: disk, proved: true, personMs: before?.personMs ?? 0 };
    await this.#parts.mergeBases.wrote(hash, disk, atMs);
  }

  /** Resolves the late saves that were merged into this text, which the file now has. */
  #resolveWritten(logical: Version): void {
    const written = this.#pending.filter(({ mergedIn }) => mergedIn === logical);
    this.#pending = this.#pending.filter(({ mergedIn }) => mergedIn !== logical);
    for (const { resolve } of written) resolve();
  }

  /**
   * Merges a late save into the journal at the next `read`. Resolves once the file has it; rejects
   * if `close` comes first.
   */
  owe(late: LateSave): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ late, resolve, reject });
    });
  }

  /** Rejects the pending saves. Their files stay, so the next start reports them again. */
  close(): void {
    for (const { reject } of this.#pending)
      reject(new Error("The daemon ends; the save stays kept"));
    this.#pending = [];
  }

  #prepare(text: string): Version {
    return versionOf(text, this.#parts.reader.read(text), this.#parts.rendered());
  }

  /** The newest kept version, from before the daemon started; undefined if it is on disk now. */
  async #lastBeforeStart({ hash }: FileText): Promise<FileState | undefined> {
    const disk = await this.#parts.mergeBases.newest();
    if (disk === undefined || hashText(disk.text) === hash) return undefined;
    return { disk, hash: hashText(disk.text), logical: disk, proved: true, personMs: 0 };
  }

  /**
   * What the journal says after a save: the saved text, or a merge where its editor had loaded an
   * older text than the file last held.
   */
  async #resolveSave(
    before: FileState | undefined,
    version: Version,
    file: FileText,
    conflicts: MergeConflict[],
  ): Promise<Version> {
    if (before === undefined || file.byGit) return version;
    const unwritten = before.logical !== before.disk;
    const distance = markDistance(version.marks, before.disk.marks);
    const undone = file.known && !unwritten && !this.#mergeUnseen;
    const older = undone ? undefined : await this.#olderBase(version, file.hash, distance);
    const unambiguous = distance > 0 && file.proved && !unwritten && !this.#mergeUnseen;
    const receiptsDeleted =
      unambiguous && older !== undefined && tookReceiptsOut(version, before.disk, older);
    const base = receiptsDeleted ? undefined : older;
    if (base === undefined && !unwritten) {
      if (distance === 0) this.#mergeUnseen = false;
      return version;
    }
    return await this.#merge(
      {
        base: base ?? before.disk,
        ours: before.logical,
        theirs: version,
        newest: "theirs",
        inFile: "theirs",
        unproved: [
          ...(before.proved ? [] : (["ours"] as const)),
          ...(file.proved ? [] : (["theirs"] as const)),
        ],
      },
      conflicts,
    );
  }

  /** The merge base of a save, if it is older than what the file last held. */
  async #olderBase(version: Version, hash: string, distance: number): Promise<Version | undefined> {
    const { mergeBases } = this.#parts;
    return distance === 0
      ? await mergeBases.earlierAlike(version, hash)
      : await mergeBases.baseOf(version, { hash, nearerThan: distance });
  }

  /** Merges the late saves in, and resolves those that the file has by now. */
  async #mergeLateSaves(current: FileState, conflicts: MergeConflict[]): Promise<Version> {
    let { logical } = current;
    const unresolved: PendingSave[] = [];
    for (const save of this.#pending) {
      const { late } = save;
      // The file was read again before the merge was written. Merging is slow, and the result would
      // be the same.
      if (save.mergedIn === logical && logical !== current.disk) {
        unresolved.push(save);
        continue;
      }
      const theirs = this.#prepare(late.text);
      save.base ??= await this.#baseOfLate(theirs, late);
      const { base } = save;
      const merged = await this.#merge(
        {
          base,
          ours: logical,
          theirs,
          inFile: "ours",
          newest: late.mtimeMs > current.personMs ? "theirs" : "ours",
          unproved: current.proved ? [] : ["ours"],
        },
        conflicts,
      );
      const inFile = merged.text === logical.text && logical === current.disk;
      logical = merged.text === logical.text ? logical : merged;
      if (inFile) save.resolve();
      else unresolved.push(save);
    }
    for (const save of unresolved) save.mergedIn = logical;
    this.#pending = unresolved;
    return logical;
  }

  async #baseOfLate(theirs: Version, late: LateSave): Promise<Version> {
    const { mergeBases } = this.#parts;
    const { hash, mtimeMs: beforeMs } = late;
    return (
      (await mergeBases.baseOf(theirs, { hash, beforeMs })) ??
      (await mergeBases.load(late.basedOnHash)) ??
      // Without a merge base, merge from the empty text: lines that both have appear once.
      this.#prepare("")
    );
  }

  async #merge(
    input: Omit<SavesInput, "rendered" | "read">,
    conflicts: MergeConflict[],
  ): Promise<Version> {
    const { text, conflicts: lines } = mergeSaves({
      ...input,
      rendered: this.#parts.rendered(),
      read: (merged) => this.#parts.reader.read(merged),
    });
    const older: Side = input.newest === "ours" ? "theirs" : "ours";
    const [line] = lines;
    if (line !== undefined) {
      const version = await this.#parts.keep(input[older].text);
      conflicts.push({ version, line });
    }
    if (text === input.ours.text) return input.ours;
    return text === input.theirs.text ? input.theirs : this.#prepare(text);
  }
}

const sameLines = (a: Version, b: Version): boolean =>
  a.lines.length === b.lines.length && a.lines.every((line, i) => line === b.lines[i]);
