// Watches the files that writes replaced: an editor may still save into one, so each is read again
// several times before it is deleted. The caller merges such a late save into the journal.
import { lstatSync, unlinkSync } from "node:fs";
import { decodeUtf8 } from "../os/decode-text.ts";
import { hasVersion, keepVersion } from "./version-store.ts";
import { holdStill, readSettledBytes } from "../os/stable-read.ts";
import type { SettledBytes } from "../os/stable-read.ts";
import { removeIntent, saveIntent } from "./write-intents.ts";
import type { WriteIntent } from "./write-intents.ts";
import { defined } from "../../base/defined.ts";

/** A replaced file is read again this long after it was replaced; after the last it is deleted. */
export const REPLACED_LOOKS_MS = [1_000, 10_000, 60_000] as const;

/** A save into a file that was no longer the journal. It is a kept version already. */
export interface LateSave {
  /** The journal's path, as it was passed to `replaceJournal`. */
  readonly path: string;
  readonly text: string;
  readonly hash: string;
  /** Hash of the text that the file held when it was replaced. */
  readonly basedOnHash: string;
  readonly mtimeMs: number;
}

export interface ReplacedFilesOptions {
  /**
   * Called with each late save, at least once. Once it resolves, the save counts as merged; if it
   * rejects, the error goes to `onTrouble` and the call is repeated.
   */
  readonly onLateSave: (late: LateSave) => void | Promise<void>;
  /** Called with each error. The file stays and is read again. */
  readonly onTrouble?: (file: string, error: unknown) => void;
  /** False: read without leases. */
  readonly leases?: boolean;
  /** Replaces DISPLACED_LOOKS_MS; for tests. */
  readonly looksMs?: readonly number[];
  /** As in `readSettled`. */
  readonly equalReadsMs?: number;
}

/** A replaced file that is still watched. */
interface Waiting {
  readonly intentDir: string;
  readonly file: string;
  /** Hash of the text it held when it was replaced. */
  readonly basedOnHash: string;
  intent: WriteIntent;
  /** Hash and bytes of what it held at the last read. */
  knownHash: string;
  knownSize: number | undefined;
  /** Planned reads since the file was replaced, or since its last late save. */
  looks: number;
  replacedAtMs: number;
  timer: NodeJS.Timeout | undefined;
  /** Settles after the last read that was requested: reads of one file do not overlap. */
  lastLook: Promise<void>;
}

/** Watches replaced files from `watch` until they are deleted, or until `close`. */
export class ReplacedFiles {
  readonly #options: ReplacedFilesOptions;
  readonly #looksMs: readonly number[];
  readonly #waiting = new Map<string, Waiting>();
  #closed = false;

  constructor(options: ReplacedFilesOptions) {
    this.#options = options;
    this.#looksMs = options.looksMs ?? REPLACED_LOOKS_MS;
  }

  /** How many files are watched. */
  get count(): number {
    return this.#waiting.size;
  }

  /** Starts to watch a replaced file whose content had this hash when it was replaced. */
  watch(intentDir: string, intent: WriteIntent, file: string, knownHash: string): void {
    const waiting: Waiting = {
      intentDir,
      file,
      basedOnHash: knownHash,
      intent,
      knownHash,
      knownSize: sizeOf(file, knownHash),
      looks: 0,
      replacedAtMs: performance.now(),
      timer: undefined,
      lastLook: Promise.resolve(),
    };
    this.#waiting.set(file, waiting);
    this.#schedule(waiting);
  }

  /** Reads every file (or one) now, in addition to the planned reads. */
  async lookNow(file?: string): Promise<void> {
    const chosen = [...this.#waiting.values()].filter((w) => (file ?? w.file) === w.file);
    await Promise.all(chosen.map((waiting) => this.#look(waiting, false)));
  }

  /** Stops watching. The files and their intents stay, and `replayIntents` watches them again. */
  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#waiting.values()];
    for (const waiting of all) clearTimeout(waiting.timer);
    await Promise.all(all.map((waiting) => waiting.lastLook));
  }

  /** Plans the next read; with `again`, a repetition of one that could not be completed. */
  #schedule(waiting: Waiting, again = false): void {
    if (this.#closed) return;
    clearTimeout(waiting.timer);
    const first = this.#looksMs[0] ?? 0;
    const dueMs = this.#looksMs[waiting.looks] ?? first;
    const passedMs = performance.now() - waiting.replacedAtMs;
    const delayMs = again ? first : Math.max(0, dueMs - passedMs);
    waiting.timer = setTimeout(() => void this.#look(waiting, true), delayMs);
    // The timer need not keep the process alive: after the next start the intent is replayed.
    waiting.timer.unref();
  }

  #look(waiting: Waiting, planned: boolean): Promise<void> {
    waiting.lastLook = this.#lookOnceAfter(waiting.lastLook, waiting, planned);
    return waiting.lastLook;
  }

  async #lookOnceAfter(before: Promise<void>, waiting: Waiting, planned: boolean): Promise<void> {
    await before;
    if (this.#closed || !this.#waiting.has(waiting.file)) return;
    try {
      await this.#lookOnce(waiting, planned);
    } catch (error) {
      this.#options.onTrouble?.(waiting.file, error);
      this.#schedule(waiting, true);
    }
  }

  async #lookOnce(waiting: Waiting, planned: boolean): Promise<void> {
    const { leases = true, equalReadsMs } = this.#options;
    const read = await readSettledBytes(waiting.file, {
      leases,
      ...defined({ lastSize: waiting.knownSize, equalReadsMs }),
    });
    switch (read.kind) {
      case "absent":
        return await this.#forget(waiting);
      case "busy":
      case "unreadable":
        return this.#schedule(waiting, true);
      case "bytes":
        break;
    }
    waiting.knownSize = read.bytes.length;
    if (read.hash !== waiting.knownHash) return await this.#reportLateSave(waiting, read);
    if (!planned) return;
    waiting.looks += 1;
    if (waiting.looks < this.#looksMs.length) return this.#schedule(waiting);
    await this.#delete(waiting, read);
  }

  /** An editor saved into the file: keeps and reports it, then starts over, as more may follow. */
  async #reportLateSave(waiting: Waiting, read: SettledBytes & { kind: "bytes" }): Promise<void> {
    await keepVersion(waiting.intent.keptDir, read.bytes);
    const decoded = decodeUtf8(read.bytes);
    if (decoded.kind === "text") {
      const { hash, mtimeMs } = read;
      const { basedOnHash, intent } = waiting;
      const late = { path: intent.path, text: decoded.text, hash, basedOnHash, mtimeMs };
      await this.#options.onLateSave(late);
    } else {
      const why = `Kept a late save that is not UTF-8 (byte ${decoded.byteOffset})`;
      this.#options.onTrouble?.(waiting.file, new Error(why));
    }
    const toldHashes = [...waiting.intent.toldHashes, read.hash];
    waiting.intent = { ...waiting.intent, toldHashes };
    await saveIntent(waiting.intentDir, waiting.intent);
    waiting.knownHash = read.hash;
    waiting.looks = 0;
    waiting.replacedAtMs = performance.now();
    this.#schedule(waiting);
  }

  /** After the last read: keeps the content, then deletes the file unless a writer has it open. */
  async #delete(waiting: Waiting, read: SettledBytes & { kind: "bytes" }): Promise<void> {
    const { keptDir } = waiting.intent;
    if (!(await hasVersion(keptDir, read.hash))) {
      await keepVersion(keptDir, read.bytes, { atMs: read.mtimeMs });
    }
    const deleted = holdStill(waiting.file, this.#options.leases ?? true, (still) => {
      if (still.hash !== waiting.knownHash) return false;
      unlinkSync(waiting.file);
      return true;
    });
    if (deleted.kind === "held" && deleted.value) return await this.#forget(waiting);
    waiting.looks -= 1;
    this.#schedule(waiting, true);
  }

  /** Ends the watch of a file that is gone; its intent goes with the last of its files. */
  async #forget(waiting: Waiting): Promise<void> {
    clearTimeout(waiting.timer);
    const { temp, aside, parked, id } = waiting.intent;
    if ([temp, aside, parked].every(isAbsent)) await removeIntent(waiting.intentDir, id);
    this.#waiting.delete(waiting.file);
  }
}

/** Size of a file in bytes, if its content still has this hash. */
function sizeOf(file: string, knownHash: string): number | undefined {
  const held = holdStill(file, false, ({ bytes, hash }) => ({ size: bytes.length, hash }));
  return held.kind === "held" && held.value.hash === knownHash ? held.value.size : undefined;
}

function isAbsent(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) === undefined;
}
