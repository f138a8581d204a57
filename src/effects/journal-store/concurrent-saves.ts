// Works out what a journal says after concurrent saves: a stale editor buffer over a newer text,
// or a save into a file that was just replaced. journal-handlers.ts reads and writes the file.
import { commonEnds } from "../../base/common-ends.ts";
import { hashText } from "../../base/ids.ts";
import type { MergeConflict, OldCopy } from "../../domain/event.ts";
import type { JournalReading } from "../../domain/journal.ts";
import { versionOf, type Version } from "../../journal/merge/merge-base.ts";
import type { Side } from "../../base/merge.ts";
import { mergeSaves, type SavesInput } from "../../journal/merge/merge-saves.ts";
import type { JournalReader } from "../../journal/read/read.ts";
import type { LateSave } from "./replaced-files.ts";
import type { MergeBases, Writing } from "./merge-bases.ts";
import { defined } from "../../base/defined.ts";

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
  /** The save stands, and may yet have been made from an old copy. */
  readonly oldCopy?: OldCopy;
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

/** What a saved text comes to, and the write after which its editor had loaded it. */
interface Placed {
  readonly text: Version;
  readonly writing: Writing;
  readonly oldCopy?: OldCopy;
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
    const same = before?.hash === file.hash;
    const placed: Partial<Placed> = same
      ? {}
      : await this.#resolveSave(before, version, file, conflicts);
    const { text: logical = before?.logical ?? version, writing, oldCopy } = placed;
    const current: FileState = {
      disk: version,
      hash: file.hash,
      logical: logical.text === version.text ? version : logical,
      proved: file.proved,
      personMs: same ? before.personMs : file.mtimeMs,
    };
    this.#current = current;
    if (writing !== undefined) {
      await this.#parts.mergeBases.note(file.hash, version, writing);
    }
    const all = await this.#mergeLateSaves(current, conflicts);
    this.#current = { ...current, logical: all };
    const { text, reading } = all;
    return {
      text,
      reading,
      setAside: conflicts,
      ...defined({ oldCopy }),
      ...(all === version ? {} : { onDisk: file.text }),
    };
  }

  /** Notes that the daemon replaced the text that was read last by this one. */
  async written(text: string, hash: string): Promise<void> {
    const disk = this.#prepare(text);
    const before = this.#current;
    if (before !== undefined && before.logical !== before.disk) this.#mergeUnseen = true;
    if (before !== undefined && sameLines(disk, before.logical))
      this.#resolveWritten(before.logical);
    this.#current = { disk, hash, logical: disk, proved: true, personMs: before?.personMs ?? 0 };
    await this.#parts.mergeBases.wrote(hash, disk);
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
    const { mergeBases } = this.#parts;
    const last = (await mergeBases.lastBefore())?.hash;
    if (last === undefined || last === hash) return undefined;
    const disk = await mergeBases.load(last);
    if (disk === undefined) return undefined;
    await mergeBases.note(last, disk, mergeBases.present);
    return { disk, hash: last, logical: disk, proved: true, personMs: 0 };
  }

  /**
   * What the journal says after a save. The saved text, unless one of its receipts proves that its
   * editor had loaded it before the last write: then what was written since is merged in.
   */
  async #resolveSave(
    before: FileState | undefined,
    version: Version,
    file: FileText,
    conflicts: MergeConflict[],
  ): Promise<Placed> {
    const { mergeBases } = this.#parts;
    const { present } = mergeBases;
    const stands: Placed = { text: version, writing: present };
    if (before === undefined || file.byGit) return stands;
    const unwritten = before.logical !== before.disk;
    const undone = file.known && !unwritten && !this.#mergeUnseen;
    const writing = undone ? present : await mergeBases.loadedAfter(version);
    if (writing === present) {
      if (!undone) this.#mergeUnseen = false;
      if (!unwritten) return { ...stands, ...(await this.#oldCopyOf(before, version)) };
    }
    const base = await mergeBases.baseOf(version, writing);
    const text = await this.#merge(
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
    return { text, writing };
  }

  /**
   * Whether a save that stands lacks exactly what was added since an earlier text that had its
   * receipts too: then an old copy of the file would look the same.
   */
  async #oldCopyOf(
    { disk, hash }: FileState,
    saved: Version,
  ): Promise<{ readonly oldCopy?: OldCopy }> {
    // Typing only adds; and most texts have the newest receipt.
    const { same, sameAtEnd } = commonEnds(disk.text, saved.text);
    if (!hasWord(disk.text.slice(same, disk.text.length - sameAtEnd))) return {};
    const alike = await this.#parts.mergeBases.earlierAlike(saved);
    const gone = alike.length === 0 ? [] : linesLost(disk.lines, saved.lines);
    if (gone.length === 0) return {};
    for (const earlier of alike) {
      const added = linesLost(disk.lines, earlier.lines);
      if (added.length === gone.length && added.every((line, i) => line === gone[i])) {
        return { oldCopy: { saved: hashText(saved.text), version: hash, lines: gone.length } };
      }
    }
    return {};
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

  /** Its editor opened the file before the write that replaced it, so it had loaded no later one. */
  async #baseOfLate(theirs: Version, { hash, basedOnHash }: LateSave): Promise<Version> {
    const { mergeBases } = this.#parts;
    const last = await mergeBases.writingOf(basedOnHash);
    const writing = await mergeBases.loadedAfter(theirs, last);
    const base =
      (await mergeBases.baseOf(theirs, writing, false)) ?? (await mergeBases.load(basedOnHash));
    mergeBases.place(hash, theirs, writing);
    // Without a merge base, merge from the empty text: lines that both have appear once.
    return base ?? this.#prepare("");
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

const hasWord = (text: string): boolean => /[\p{L}\p{N}]/u.test(text);

/** Lines with a word that the second text has not, or has fewer times; sorted. */
function linesLost(from: readonly string[], to: readonly string[]): readonly string[] {
  const left = new Map<string, number>();
  for (const line of to) left.set(line, (left.get(line) ?? 0) + 1);
  const lost = from.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0 && hasWord(line);
  });
  return lost.toSorted();
}

const sameLines = (a: Version, b: Version): boolean =>
  a.lines.length === b.lines.length && a.lines.every((line, i) => line === b.lines[i]);
