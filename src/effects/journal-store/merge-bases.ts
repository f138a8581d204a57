// The kept versions of one journal as texts to merge from: which one a buffer was loaded from.
// What is merged, and when, is concurrent-saves.ts's; how versions are kept, version-store.ts's.
import {
  loadedFrom,
  markDistance,
  versionOf,
  type Version,
} from "../../journal/merge/merge-base.ts";
import { lineDistance } from "../../base/line-diff.ts";
import { createJournalReader } from "../../journal/read/read.ts";
import { hashText } from "../../base/ids.ts";
import { decodeUtf8 } from "../os/decode-text.ts";
import { getVersion, listVersions } from "./version-store.ts";

/** Kept versions that are compared to find the one that a stale buffer was loaded from. */
const BASE_VERSIONS = 400;
/** Of those alike in their receipts, the newest this many are compared by line. */
const BASE_TEXTS = 24;
/** Characters of late versions that are held in memory, to be compared without reading them again. */
const BASE_CHARS = 8_000_000;

interface Known {
  readonly hash: string;
  /** When it was first seen to be in the file, ms since 1970. */
  readonly sinceMs: number;
  marks: ReadonlySet<string> | undefined;
  /** After how many of the daemon's writes it was in the file last; 0 also for those of before. */
  generation: number;
}

export interface BaseQuery {
  /** The text itself is not what it was loaded from. */
  readonly hash: string;
  /** Only versions older than this, ms since 1970. */
  readonly beforeMs?: number;
  /** Only versions whose receipts are nearer than this. */
  readonly nearerThan?: number;
}

export class MergeBases {
  readonly #keptDir: string;
  readonly #rendered: () => ReadonlySet<string>;
  readonly #reader = createJournalReader();
  /** Oldest first. */
  #known: Map<string, Known> | undefined;
  #generation = 0;
  /** The generations that had receipts of this digest: a merge may bring back earlier ones. */
  readonly #alike = new Map<string, Set<number>>();
  /** The latest texts, oldest first: most buffers are stale by a few saves only. */
  readonly #held = new Map<string, Version>();
  #heldChars = 0;

  constructor(keptDir: string, rendered: () => ReadonlySet<string>) {
    this.#keptDir = keptDir;
    this.#rendered = rendered;
  }

  /** Whether a text stood in the file before, as far as versions go back. */
  async knows(hash: string): Promise<boolean> {
    return (await this.#versions()).has(hash);
  }

  /** The version that was seen last, if it can still be had. */
  async newest(): Promise<Version | undefined> {
    const hash = [...(await this.#versions()).keys()].at(-1);
    return hash === undefined ? undefined : await this.load(hash);
  }

  /** Takes note of a version that the daemon put into the file. */
  async wrote(hash: string, version: Version, sinceMs: number): Promise<void> {
    this.#generation += 1;
    await this.note(hash, version, sinceMs);
  }

  /** Takes note of a version that was just kept. */
  async note(hash: string, version: Version, sinceMs: number): Promise<void> {
    const versions = await this.#versions();
    const { marks } = version;
    const generation = this.#generation;
    const known = versions.get(hash);
    if (known === undefined) versions.set(hash, { hash, sinceMs, marks, generation });
    else known.generation = generation;
    const digest = digestOf(marks);
    this.#alike.set(digest, (this.#alike.get(digest) ?? new Set()).add(generation));
    const [first] = this.#alike.keys();
    if (first !== undefined && this.#alike.size > 2 * BASE_VERSIONS) this.#alike.delete(first);
    if (this.#held.has(hash)) return;
    this.#held.set(hash, version);
    this.#heldChars += version.text.length;
    for (const [oldest, { text }] of this.#held) {
      if (this.#heldChars <= BASE_CHARS || this.#held.size === 1) break;
      this.#held.delete(oldest);
      this.#heldChars -= text.length;
    }
  }

  /** A kept version, taken apart. */
  async load(hash: string): Promise<Version | undefined> {
    const held = this.#held.get(hash);
    if (held !== undefined) return held;
    const bytes = await getVersion(this.#keptDir, hash);
    const decoded = bytes === undefined ? undefined : decodeUtf8(bytes);
    if (decoded?.kind !== "text") return undefined;
    return versionOf(decoded.text, this.#reader.read(decoded.text), this.#rendered());
  }

  /**
   * The version of an earlier generation that a text was loaded from, although its receipts are
   * those of the present one; undefined where a present one is as near by the person's lines.
   */
  async earlierAlike(version: Version, hash: string): Promise<Version | undefined> {
    const generations = this.#alike.get(digestOf(version.marks)) ?? new Set();
    const now = this.#generation;
    if ([...generations].every((one) => one === now)) return undefined;
    const alike = [...(await this.#versions()).values()]
      .toReversed()
      .filter((one) => one.hash !== hash && generations.has(one.generation))
      .filter(({ marks }) => marks !== undefined && markDistance(version.marks, marks) === 0);
    const nearest = async (of: readonly Known[]): Promise<Version | undefined> => {
      const texts = await Promise.all(of.slice(0, BASE_TEXTS).map((one) => this.load(one.hash)));
      return loadedFrom(
        version,
        texts.filter((text) => text !== undefined),
      );
    };
    const present = await nearest(alike.filter(({ generation }) => generation === now));
    const past = await nearest(alike.filter(({ generation }) => generation !== now));
    if (past === undefined || present === undefined) return past;
    const far = ({ lines }: Version): number => lineDistance(version.lines, lines);
    return far(past) < far(present) ? past : undefined;
  }

  /** The kept version that a text was loaded from, by its receipts first and then its lines. */
  async baseOf(version: Version, query: BaseQuery): Promise<Version | undefined> {
    const { hash, beforeMs, nearerThan = Number.POSITIVE_INFINITY } = query;
    const all = [...(await this.#versions()).values()].toReversed();
    const older = all.filter(
      (one) => one.hash !== hash && (beforeMs === undefined || one.sinceMs < beforeMs),
    );
    let best = nearerThan;
    let nearest: Known[] = [];
    for (const known of older.slice(0, BASE_VERSIONS)) {
      const marks = known.marks ?? (await this.load(known.hash))?.marks;
      if (marks === undefined) continue;
      known.marks = marks;
      const distance = markDistance(version.marks, marks);
      if (distance > best || (distance === best && nearest.length === 0)) continue;
      if (distance < best) nearest = [];
      best = distance;
      if (nearest.length < BASE_TEXTS) nearest.push(known);
    }
    const texts = await Promise.all(nearest.map((known) => this.load(known.hash)));
    return loadedFrom(
      version,
      texts.filter((text) => text !== undefined),
    );
  }

  async #versions(): Promise<Map<string, Known>> {
    if (this.#known === undefined) {
      const listed = await listVersions(this.#keptDir);
      this.#known ??= new Map(
        listed.map(({ hash, atMs }) => [
          hash,
          { hash, sinceMs: atMs, marks: undefined, generation: 0 },
        ]),
      );
    }
    // Marks of long ago are of no use, and of every version they would be large.
    for (const hash of this.#known.keys()) {
      if (this.#known.size <= 2 * BASE_VERSIONS) break;
      this.#known.delete(hash);
    }
    return this.#known;
  }
}

const digestOf = (marks: ReadonlySet<string>): string => hashText([...marks].toSorted().join("\n"));
