// Which kept version of a journal a text was loaded from, as far as its receipts tell.
// concurrent-saves.ts does the merging; version-store.ts keeps the versions.
import { marksWithin, versionOf, type Version } from "../../journal/merge/merge-base.ts";
import { hashText } from "../../base/ids.ts";
import { textDistance } from "../../base/line-diff.ts";
import { createJournalReader } from "../../journal/read/read.ts";
import { decodeUtf8 } from "../os/decode-text.ts";
import { getVersion, listVersions, type KeptVersion } from "./version-store.ts";

/** Kept versions from before the daemon started that are compared with a text; newest first. */
const BASE_VERSIONS = 400;
/** Hashes that are remembered of texts that stood in the file, to know an undo. */
const KNOWN_VERSIONS = 4_000;
/** Texts of one writing that are compared by line; newest first. */
const BASE_TEXTS = 24;
/** Characters of recent versions that are cached in memory, to compare them without a read. */
const BASE_CHARS = 8_000_000;

/** A write of the daemon's, and the texts that were saved by editors which had loaded it. */
export interface Writing {
  /** The receipts of all of them: each write changes at least one, and leaves a trace on another. */
  readonly marks: Set<string>;
  /** Their hashes, oldest first. */
  readonly texts: string[];
}

/** The kept versions of one journal, by the write that they were loaded after. */
export class MergeBases {
  readonly #keptDir: string;
  readonly #rendered: () => ReadonlySet<string>;
  readonly #reader = createJournalReader();
  /** Hashes of all versions, oldest first. */
  #known: Set<string> | undefined;
  #lastBefore: KeptVersion | undefined;
  /** Oldest first; the last one is the present. Those from before the start come with `#recall`. */
  readonly #writings: Writing[] = [];
  #recalled = false;
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

  /** The version that was kept last before the first one of this daemon. */
  async lastBefore(): Promise<KeptVersion | undefined> {
    await this.#versions();
    return this.#lastBefore;
  }

  /** The write after which everything is loaded that nothing proves older. */
  get present(): Writing {
    const last = this.#writings.at(-1) ?? { marks: new Set(), texts: [] };
    if (this.#writings.length === 0) this.#writings.push(last);
    return last;
  }

  /** Records a version that the daemon wrote into the file. */
  async wrote(hash: string, version: Version): Promise<void> {
    this.#writings.push({ marks: new Set(), texts: [] });
    await this.note(hash, version, this.present);
  }

  /** Records a version that was just kept, and the write after which it was loaded. */
  async note(hash: string, version: Version, writing: Writing): Promise<void> {
    const versions = await this.#versions();
    versions.add(hash);
    for (const oldest of versions) {
      if (versions.size <= KNOWN_VERSIONS) break;
      versions.delete(oldest);
    }
    this.place(hash, version, writing);
  }

  /** Records that a text was loaded after a write; the file need not have had it. */
  place(hash: string, version: Version, writing: Writing): void {
    for (const mark of version.marks) writing.marks.add(mark);
    writing.texts.push(hash);
    let texts = 0;
    for (const one of this.#writings) texts += one.texts.length;
    while (texts > 2 * BASE_VERSIONS && this.#writings.length > 1) {
      texts -= this.#writings.shift()?.texts.length ?? 0;
    }
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
   * The write after which a text was loaded: the newest one with most of its receipts. The last one
   * if no receipt tells.
   *
   * @param last loaded after this write at the latest
   */
  async loadedAfter({ marks }: Version, last = this.present): Promise<Writing> {
    const inLast = marksWithin(marks, last.marks);
    if (inLast === marks.size) return last;
    await this.#recall();
    let best = { writing: last, within: inLast };
    for (const writing of this.#writings.slice(0, this.#writings.indexOf(last)).toReversed()) {
      const within = marksWithin(marks, writing.marks);
      if (within > best.within) best = { writing, within };
      if (within === marks.size) break;
    }
    return best.writing;
  }

  /** The newest texts of earlier writes that have all of a text's receipts as well. */
  async earlierAlike({ marks }: Version): Promise<readonly Version[]> {
    const isNew = [...marks].some((mark) =>
      this.#writings.every((one) => one === this.present || !one.marks.has(mark)),
    );
    if (isNew && this.#writings.length > 1) return [];
    await this.#recall();
    const alike = this.#writings
      .slice(0, -1)
      .filter((writing) => marksWithin(marks, writing.marks) === marks.size)
      .flatMap(({ texts }) => texts);
    const newest = [...new Set(alike.toReversed())].slice(0, BASE_TEXTS);
    const versions = await Promise.all(newest.map((hash) => this.load(hash)));
    return versions.filter((one) => one !== undefined);
  }

  /** The newest write in whose time the file had the text with this hash. */
  async writingOf(hash: string): Promise<Writing | undefined> {
    await this.#recall();
    return this.#writings.findLast(({ texts }) => texts.includes(hash));
  }

  /**
   * The text that a save was made from: of those with the same write, the nearest. An editor that
   * saves again and again is nearest to its own last save. If the very text was there before,
   * its editor went back to it from the last of them.
   *
   * @param isNewest nothing proves that its editor had not loaded the last of them
   */
  async baseOf(
    version: Version,
    writing: Writing,
    isNewest = writing === this.present,
  ): Promise<Version | undefined> {
    const newestFirst = [...new Set(writing.texts.toReversed())];
    const last = isNewest || newestFirst.includes(hashText(version.text));
    let best: Version | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const hash of newestFirst.slice(0, last ? 1 : BASE_TEXTS)) {
      const text = await this.load(hash);
      if (text === undefined) continue;
      const distance = textDistance(unquoted(version), unquoted(text));
      if (distance < least) [best, least] = [text, distance];
    }
    return best;
  }

  /**
   * Puts the versions from before the start into their place. A text with a receipt that no earlier
   * one had is a write of the daemon's; any other was loaded after one of those.
   */
  async #recall(): Promise<void> {
    if (this.#recalled) return;
    const here = new Set(this.#writings.flatMap(({ texts }) => texts));
    const before = [...(await this.#versions())].filter((hash) => !here.has(hash));
    const writings: Writing[] = [];
    for (const hash of before.slice(-BASE_VERSIONS)) {
      const marks = (await this.load(hash))?.marks;
      if (marks === undefined) continue;
      const known = writings.findLast((one) => marksWithin(marks, one.marks) === marks.size);
      if (known === undefined) writings.push({ marks: new Set(marks), texts: [hash] });
      else known.texts.push(hash);
    }
    // Not before all could be read: without its base, a stale save would bring back or lose lines.
    if (this.#recalled) return;
    this.#recalled = true;
    this.#writings.unshift(...writings);
  }

  async #versions(): Promise<Set<string>> {
    if (this.#known === undefined) {
      const listed = await listVersions(this.#keptDir);
      this.#lastBefore ??= listed.at(-1);
      this.#known ??= new Set(listed.map(({ hash }) => hash));
    }
    return this.#known;
  }
}

/** Lines without quotes: a receipt that lost its command is among them in one text only. */
const unquoted = ({ lines }: Version): readonly string[] =>
  lines.filter((line) => !/^\s*>/.test(line));
