// Files that a write took out of their place: an editor may still save into one, so each is looked
// at again before it goes. Merging such a late save into the journal is for whoever is told of it.
import { lstatSync, unlinkSync } from "node:fs";
import { decodeUtf8 } from "../os/decode-text.ts";
import { hasVersion, keepVersion } from "./version-store.ts";
import { holdStill, readSettledBytes } from "../os/stable-read.ts";
import type { SettledBytes } from "../os/stable-read.ts";
import { removeIntent, saveIntent } from "./write-intents.ts";
import type { WriteIntent } from "./write-intents.ts";

/** Displaced files are looked at again after these times, since a save may still land in one. */
export const DISPLACED_LOOKS_MS = [1_000, 10_000, 60_000] as const;

/** A save that landed in a file which was not the journal any more. Already a kept version. */
export interface LateSave {
  /** The journal, as its writer was given it. */
  readonly path: string;
  readonly text: string;
  readonly hash: string;
  /** Hash of the text that the file held when it was displaced. */
  readonly basedOnHash: string;
  readonly mtimeMs: number;
}

export interface ReplacedFilesOptions {
  /**
   * Told of each late save, at least once: what it rejects with is reported, and it is told
   * again. Once it resolves, the save counts as taken over.
   */
  readonly onLateSave: (late: LateSave) => void | Promise<void>;
  /** Told of errors; the file stays and is looked at again. */
  readonly onTrouble?: (file: string, error: unknown) => void;
  readonly leases?: boolean;
  readonly looksMs?: readonly number[];
  readonly equalReadsMs?: number;
}

interface Waiting {
  readonly intentDir: string;
  readonly file: string;
  /** Hash of the text it held when it was displaced. */
  readonly basedOnHash: string;
  intent: WriteIntent;
  knownHash: string;
  knownSize: number | undefined;
  looks: number;
  displacedAtMs: number;
  timer: NodeJS.Timeout | undefined;
  turn: Promise<void>;
}

/** Looks after displaced files from `watch` until they are gone, or until `close`. */
export class ReplacedFiles {
  readonly #options: ReplacedFilesOptions;
  readonly #looksMs: readonly number[];
  readonly #waiting = new Map<string, Waiting>();
  #closed = false;

  constructor(options: ReplacedFilesOptions) {
    this.#options = options;
    this.#looksMs = options.looksMs ?? DISPLACED_LOOKS_MS;
  }

  /** How many files wait. */
  get count(): number {
    return this.#waiting.size;
  }

  /** Look after a displaced file whose content had this hash when it was displaced. */
  watch(intentDir: string, intent: WriteIntent, file: string, knownHash: string): void {
    const waiting: Waiting = {
      intentDir,
      file,
      basedOnHash: knownHash,
      intent,
      knownHash,
      knownSize: sizeOf(file, knownHash),
      looks: 0,
      displacedAtMs: performance.now(),
      timer: undefined,
      turn: Promise.resolve(),
    };
    this.#waiting.set(file, waiting);
    this.#schedule(waiting);
  }

  /** Look at every file (or at one) now, apart from the planned looks. */
  async lookNow(file?: string): Promise<void> {
    const chosen = [...this.#waiting.values()].filter((w) => (file ?? w.file) === w.file);
    await Promise.all(chosen.map((waiting) => this.#look(waiting, false)));
  }

  /** Stop looking. The files and their intents stay; `replayIntents` takes them up again. */
  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#waiting.values()];
    for (const waiting of all) clearTimeout(waiting.timer);
    await Promise.all(all.map((waiting) => waiting.turn));
  }

  #schedule(waiting: Waiting, again = false): void {
    if (this.#closed) return;
    clearTimeout(waiting.timer);
    const first = this.#looksMs[0] ?? 0;
    const dueMs = this.#looksMs[waiting.looks] ?? first;
    const passedMs = performance.now() - waiting.displacedAtMs;
    const delayMs = again ? first : Math.max(0, dueMs - passedMs);
    waiting.timer = setTimeout(() => void this.#look(waiting, true), delayMs);
    // A displaced file keeps no process alive: its intent brings it back after the next start.
    waiting.timer.unref();
  }

  #look(waiting: Waiting, planned: boolean): Promise<void> {
    waiting.turn = this.#lookAfter(waiting.turn, waiting, planned);
    return waiting.turn;
  }

  async #lookAfter(before: Promise<void>, waiting: Waiting, planned: boolean): Promise<void> {
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
      ...(waiting.knownSize === undefined ? {} : { lastSize: waiting.knownSize }),
      ...(equalReadsMs === undefined ? {} : { equalReadsMs }),
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
    if (read.hash !== waiting.knownHash) return await this.#takeOver(waiting, read);
    if (!planned) return;
    waiting.looks += 1;
    if (waiting.looks < this.#looksMs.length) return this.#schedule(waiting);
    await this.#letGo(waiting, read);
  }

  /** Somebody saved into the file: keep it, tell of it, and start over, for more may follow. */
  async #takeOver(waiting: Waiting, read: SettledBytes & { kind: "bytes" }): Promise<void> {
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
    waiting.displacedAtMs = performance.now();
    this.#schedule(waiting);
  }

  /** The last look: the content is kept, then the file goes unless somebody has it open. */
  async #letGo(waiting: Waiting, read: SettledBytes & { kind: "bytes" }): Promise<void> {
    const { keptDir } = waiting.intent;
    if (!(await hasVersion(keptDir, read.hash))) {
      await keepVersion(keptDir, read.bytes, { atMs: read.mtimeMs });
    }
    const gone = holdStill(waiting.file, this.#options.leases ?? true, (still) => {
      if (still.hash !== waiting.knownHash) return false;
      unlinkSync(waiting.file);
      return true;
    });
    if (gone.kind === "held" && gone.value) return await this.#forget(waiting);
    waiting.looks -= 1;
    this.#schedule(waiting, true);
  }

  async #forget(waiting: Waiting): Promise<void> {
    clearTimeout(waiting.timer);
    const { temp, aside, parked, id } = waiting.intent;
    if ([temp, aside, parked].every(isAbsent)) await removeIntent(waiting.intentDir, id);
    this.#waiting.delete(waiting.file);
  }
}

/** Bytes of a file that still holds what it is known to hold. */
function sizeOf(file: string, knownHash: string): number | undefined {
  const held = holdStill(file, false, ({ bytes, hash }) => ({ size: bytes.length, hash }));
  return held.kind === "held" && held.value.hash === knownHash ? held.value.size : undefined;
}

function isAbsent(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) === undefined;
}
