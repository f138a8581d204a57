// What one journal says once saves have crossed: a stale buffer over newer words, a save that
// landed in a file that had just been replaced. Reading and writing the file are journal-handlers.ts's.
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

/** A text as it was read off the disk, already kept. */
export interface FileText {
  readonly text: string;
  readonly hash: string;
  readonly mtimeMs: number;
  /** False: it may be half a save, so that what it lacks proves nothing. */
  readonly proved: boolean;
  /** It had stood in the file before: an undo, a checkout, a version put back. */
  readonly known: boolean;
  /** Git put it there: it is as its author wants it. */
  readonly byGit: boolean;
}

export interface Understood {
  readonly text: string;
  readonly reading: JournalReading;
  /** What is on disk, where `text` holds more and is to be written. */
  readonly onDisk?: string;
  readonly setAside: readonly MergeConflict[];
}

export interface ConcurrentSavesParts {
  readonly reader: JournalReader;
  readonly mergeBases: MergeBases;
  readonly rendered: () => ReadonlySet<string>;
  /** Keeps a text that gives way, durably, and returns its hash. */
  readonly keep: (text: string) => Promise<string>;
}

interface Standing {
  readonly disk: Version;
  readonly hash: string;
  /** What the file is to say: the same, or a merge that is not written yet. */
  readonly logical: Version;
  readonly proved: boolean;
  /** When a person last saved it, ms since 1970. */
  readonly personMs: number;
}

interface PendingSave {
  readonly late: LateSave;
  /** What it was made from: looked for once, among many versions. */
  base?: Version;
  /** The text that it was merged into last. */
  mergedIn?: Version;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class ConcurrentSaves {
  readonly #parts: ConcurrentSavesParts;
  #standing: Standing | undefined;
  #owed: PendingSave[] = [];
  /** A merge was written, and no save shows yet that its author has seen it. */
  #unseen = false;

  constructor(parts: ConcurrentSavesParts) {
    this.#parts = parts;
  }

  /** Takes a text off the disk and says what the journal is, earlier saves included. */
  async read(file: FileText): Promise<Understood> {
    const version = this.#apart(file.text);
    const setAside: MergeConflict[] = [];
    const before = this.#standing ?? (await this.#beforeStart(file));
    const logical =
      before?.hash === file.hash
        ? before.logical
        : await this.#carryOver(before, version, file, setAside);
    const same = before?.hash === file.hash;
    const standing: Standing = {
      disk: version,
      hash: file.hash,
      logical: logical.text === version.text ? version : logical,
      proved: file.proved,
      personMs: same ? before.personMs : file.mtimeMs,
    };
    this.#standing = standing;
    await this.#parts.mergeBases.note(file.hash, version, file.mtimeMs);
    const all = await this.#addOwed(standing, setAside);
    this.#standing = { ...standing, logical: all };
    const { text, reading } = all;
    return { text, reading, setAside, ...(all === version ? {} : { onDisk: file.text }) };
  }

  /** The daemon has put this text in place of the one read last. */
  async written(text: string, hash: string, atMs: number): Promise<void> {
    const disk = this.#apart(text);
    const before = this.#standing;
    if (before !== undefined && before.logical !== before.disk) this.#unseen = true;
    if (before !== undefined && sameLines(disk, before.logical)) this.#letGoOf(before.logical);
    this.#standing = { disk, hash, logical: disk, proved: true, personMs: before?.personMs ?? 0 };
    await this.#parts.mergeBases.wrote(hash, disk, atMs);
  }

  /** The file has this text by now, and with it what was merged into it. */
  #letGoOf(logical: Version): void {
    const there = this.#owed.filter(({ mergedIn }) => mergedIn === logical);
    this.#owed = this.#owed.filter(({ mergedIn }) => mergedIn !== logical);
    for (const { resolve: taken } of there) taken();
  }

  /** Owes a save that landed elsewhere to the journal; resolves once the file has it. */
  owe(late: LateSave): Promise<void> {
    return new Promise((taken, given) => {
      this.#owed.push({ late, resolve: taken, reject: given });
    });
  }

  /** What is owed stays with its file, and is owed again after the next start. */
  close(): void {
    for (const { reject: given } of this.#owed)
      given(new Error("The daemon ends; the save stays kept"));
    this.#owed = [];
  }

  #apart(text: string): Version {
    return versionOf(text, this.#parts.reader.read(text), this.#parts.rendered());
  }

  async #beforeStart({ hash }: FileText): Promise<Standing | undefined> {
    const disk = await this.#parts.mergeBases.newest();
    if (disk === undefined || hashText(disk.text) === hash) return undefined;
    return { disk, hash: hashText(disk.text), logical: disk, proved: true, personMs: 0 };
  }

  /** What a save means that may have been made from an older text than the file last held. */
  async #carryOver(
    before: Standing | undefined,
    version: Version,
    file: FileText,
    setAside: MergeConflict[],
  ): Promise<Version> {
    if (before === undefined || file.byGit) return version;
    const pending = before.logical !== before.disk;
    const distance = markDistance(version.marks, before.disk.marks);
    const undone = file.known && !pending && !this.#unseen;
    const older = undone ? undefined : await this.#olderBase(version, file.hash, distance);
    const clear = distance > 0 && file.proved && !pending && !this.#unseen;
    const byHand = clear && older !== undefined && tookReceiptsOut(version, before.disk, older);
    const base = byHand ? undefined : older;
    if (base === undefined && !pending) {
      if (distance === 0) this.#unseen = false;
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
      setAside,
    );
  }

  /** What a save was made from, if that is older than what the file last held. */
  async #olderBase(version: Version, hash: string, distance: number): Promise<Version | undefined> {
    const { mergeBases: generations } = this.#parts;
    return distance === 0
      ? await generations.earlierAlike(version, hash)
      : await generations.baseOf(version, { hash, nearerThan: distance });
  }

  /** Merges in what is owed, and lets go of what the file has by now. */
  async #addOwed(standing: Standing, setAside: MergeConflict[]): Promise<Version> {
    let { logical } = standing;
    const left: PendingSave[] = [];
    for (const owed of this.#owed) {
      const { late } = owed;
      // Read again before it was written: a merge is dear, and this one would be the same.
      if (owed.mergedIn === logical && logical !== standing.disk) {
        left.push(owed);
        continue;
      }
      const theirs = this.#apart(late.text);
      owed.base ??= await this.#baseOfLate(theirs, late);
      const { base } = owed;
      const merged = await this.#merge(
        {
          base,
          ours: logical,
          theirs,
          inFile: "ours",
          newest: late.mtimeMs > standing.personMs ? "theirs" : "ours",
          unproved: standing.proved ? [] : ["ours"],
        },
        setAside,
      );
      const there = merged.text === logical.text && logical === standing.disk;
      logical = merged.text === logical.text ? logical : merged;
      if (there) owed.resolve();
      else left.push(owed);
    }
    for (const owed of left) owed.mergedIn = logical;
    this.#owed = left;
    return logical;
  }

  async #baseOfLate(theirs: Version, late: LateSave): Promise<Version> {
    const { mergeBases: generations } = this.#parts;
    const { hash, mtimeMs: beforeMs } = late;
    return (
      (await generations.baseOf(theirs, { hash, beforeMs })) ??
      (await generations.load(late.basedOnHash)) ??
      // Then both stand as if written from nothing: what they share stays once.
      this.#apart("")
    );
  }

  async #merge(
    input: Omit<SavesInput, "rendered" | "read">,
    setAside: MergeConflict[],
  ): Promise<Version> {
    const { text, conflicts } = mergeSaves({
      ...input,
      rendered: this.#parts.rendered(),
      read: (one) => this.#parts.reader.read(one),
    });
    const older: Side = input.newest === "ours" ? "theirs" : "ours";
    const [line] = conflicts;
    if (line !== undefined) {
      const version = await this.#parts.keep(input[older].text);
      setAside.push({ version, line });
    }
    if (text === input.ours.text) return input.ours;
    return text === input.theirs.text ? input.theirs : this.#apart(text);
  }
}

const sameLines = (a: Version, b: Version): boolean =>
  a.lines.length === b.lines.length && a.lines.every((line, i) => line === b.lines[i]);
