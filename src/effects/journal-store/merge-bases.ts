// Finds the merge base of a text among the kept versions of one journal: the one that an editor
// loaded. concurrent-saves.ts does the merging; version-store.ts keeps the versions.
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

/** At most this many kept versions are compared to find the one that a stale buffer came from. */
const BASE_VERSIONS = 400;
/** Among versions with equal receipts, only this many of the newest are compared by line. */
const BASE_TEXTS = 24;
/** Characters of recent versions that are cached in memory, to compare them without a read. */
const BASE_CHARS = 8_000_000;

/** What is remembered of one kept version. */
interface Known {
  readonly hash: string;
  /** When it was first seen in the file, ms since 1970. */
  readonly sinceMs: number;
  /** Undefined until the version was loaded for a comparison. */
  marks: ReadonlySet<string> | undefined;
  /**
   * How many writes the daemon had done when it was last in the file; 0 also for a version from
   * before the daemon started.
   */
  writes: number;
}

/** Which versions may be a merge base. */
export interface BaseQuery {
  /** Hash of the text itself, which cannot be its own base. */
  readonly hash: string;
  /** Only versions older than this, ms since 1970. */
  readonly beforeMs?: number;
  /** Only versions whose receipts are nearer than this, as measured by `markDistance`. */
  readonly nearerThan?: number;
}

/** The kept versions of one journal, searched for merge bases. */
export class MergeBases {
  readonly #keptDir: string;
  readonly #rendered: () => ReadonlySet<string>;
  readonly #reader = createJournalReader();
  /** Oldest first. */
  #known: Map<string, Known> | undefined;
  #writes = 0;
  /** By digest of receipts, the write counts that had them: a merge may bring old ones back. */
  readonly #writesByMarks = new Map<string, Set<number>>();
  /** Cached texts, oldest first: most stale buffers are only a few saves behind. */
  readonly #cached = new Map<string, Version>();
  #cachedChars = 0;

  /**
   * @param keptDir folder of the kept versions
   * @param rendered hashes of all receipt blocks ever rendered into this journal
   */
  constructor(keptDir: string, rendered: () => ReadonlySet<string>) {
    this.#keptDir = keptDir;
    this.#rendered = rendered;
  }

  /** Whether the file had a text with this hash before, as far back as versions are kept. */
  async knows(hash: string): Promise<boolean> {
    return (await this.#versions()).has(hash);
  }

  /** The version that was seen last; undefined if none is kept or it cannot be read. */
  async newest(): Promise<Version | undefined> {
    const hash = [...(await this.#versions()).keys()].at(-1);
    return hash === undefined ? undefined : await this.load(hash);
  }

  /** Records a version that the daemon wrote into the file. */
  async wrote(hash: string, version: Version, sinceMs: number): Promise<void> {
    this.#writes += 1;
    await this.note(hash, version, sinceMs);
  }

  /** Records a version that was just kept; `sinceMs` is when it was seen, ms since 1970. */
  async note(hash: string, version: Version, sinceMs: number): Promise<void> {
    const versions = await this.#versions();
    const { marks } = version;
    const writes = this.#writes;
    const known = versions.get(hash);
    if (known === undefined) versions.set(hash, { hash, sinceMs, marks, writes });
    else known.writes = writes;
    const digest = digestOf(marks);
    this.#writesByMarks.set(digest, (this.#writesByMarks.get(digest) ?? new Set()).add(writes));
    const [first] = this.#writesByMarks.keys();
    if (first !== undefined && this.#writesByMarks.size > 2 * BASE_VERSIONS)
      this.#writesByMarks.delete(first);
    if (this.#cached.has(hash)) return;
    this.#cached.set(hash, version);
    this.#cachedChars += version.text.length;
    for (const [oldest, { text }] of this.#cached) {
      if (this.#cachedChars <= BASE_CHARS || this.#cached.size === 1) break;
      this.#cached.delete(oldest);
      this.#cachedChars -= text.length;
    }
  }

  /** A kept version, prepared for comparison; undefined if it is not kept or not UTF-8. */
  async load(hash: string): Promise<Version | undefined> {
    const cached = this.#cached.get(hash);
    if (cached !== undefined) return cached;
    const bytes = await getVersion(this.#keptDir, hash);
    const decoded = bytes === undefined ? undefined : decodeUtf8(bytes);
    if (decoded?.kind !== "text") return undefined;
    return versionOf(decoded.text, this.#reader.read(decoded.text), this.#rendered());
  }

  /**
   * The version from before the daemon's last write that a text was loaded from, although its
   * receipts equal the current ones. Undefined if a version since that write is at least as near by
   * the user's lines.
   */
  async earlierAlike(version: Version, hash: string): Promise<Version | undefined> {
    const writeCounts = this.#writesByMarks.get(digestOf(version.marks)) ?? new Set();
    const now = this.#writes;
    if ([...writeCounts].every((one) => one === now)) return undefined;
    const alike = [...(await this.#versions()).values()]
      .toReversed()
      .filter((one) => one.hash !== hash && writeCounts.has(one.writes))
      .filter(({ marks }) => marks !== undefined && markDistance(version.marks, marks) === 0);
    const nearest = async (candidates: readonly Known[]): Promise<Version | undefined> => {
      const texts = await Promise.all(
        candidates.slice(0, BASE_TEXTS).map((one) => this.load(one.hash)),
      );
      return loadedFrom(
        version,
        texts.filter((text) => text !== undefined),
      );
    };
    const present = await nearest(alike.filter(({ writes }) => writes === now));
    const past = await nearest(alike.filter(({ writes }) => writes !== now));
    if (past === undefined || present === undefined) return past;
    const distance = ({ lines }: Version): number => lineDistance(version.lines, lines);
    return distance(past) < distance(present) ? past : undefined;
  }

  /** The kept version that a text was loaded from: nearest by receipts, then by lines. */
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
          { hash, sinceMs: atMs, marks: undefined, writes: 0 },
        ]),
      );
    }
    // Old versions are never compared, and the marks of all of them would take much memory.
    for (const hash of this.#known.keys()) {
      if (this.#known.size <= 2 * BASE_VERSIONS) break;
      this.#known.delete(hash);
    }
    return this.#known;
  }
}

const digestOf = (marks: ReadonlySet<string>): string => hashText([...marks].toSorted().join("\n"));
