// Remembers how the lines of one template were parsed, so that the next such line is read straight
// from its bytes. A template's first line is parsed by read-line.ts and classified by
// classify-line.ts; comparing lines with templates is in line-template-code.ts.
import { type LineTokens, NUMBER, SPACE } from "./line-tokens.ts";
import type { Spot } from "./metric-line.ts";
import {
  type Slots,
  codeOf,
  createTemplateMatcher,
  matchesCode,
  matchesTight,
  tightOf,
} from "./line-template-code.ts";

/** Memory for one file's templates. When it is full, all are dropped and learned again. */
const TEMPLATES_BYTES = 256 * 1024;

export interface LineTemplate<T> {
  readonly code: Int32Array;
  /**
   * The code with spaces as wide as in the first line. Most lines have these widths, and it
   * compares four bytes at a time. Undefined once widths turned out to vary.
   */
  tight: Int32Array | undefined;
  /** Lines that matched `code` but not `tight`. */
  loose: number;
  /** Length of both codes together. */
  readonly room: number;
  readonly meaning: T;
  /** Lines that matched. */
  count: number;
  /** The template that followed this one last time, tried first: logs repeat themselves. */
  next: LineTemplate<T> | undefined;
}

export interface LineTemplates<T> {
  readonly slots: Slots;
  /** The template of `bytes[from..to)`, its numbers in the slots; undefined for an unknown one. */
  match(bytes: Uint8Array, from: number, to: number): LineTemplate<T> | undefined;
  /**
   * Remembers a line's template. The numbers at `spots` get the slots 0, 1, …; undefined when one
   * of them is not a number token, when the line is too long to remember, or when the line has no
   * spots and is the first of its template.
   */
  learn(
    bytes: Uint8Array,
    tokens: LineTokens,
    spots: readonly Spot[],
    fixed: readonly Spot[],
    meaning: T,
  ): LineTemplate<T> | undefined;
  /** Lets go of the bytes matched last. */
  release(): void;
}

/** Templates tried for one line; the least recently matched is dropped beyond this. */
const BUCKET_TEMPLATES = 24;
/**
 * A template loses its `tight` code once more than LOOSE_LINES plus one in LOOSE_PART of its lines
 * needed `code`: by then trying both costs more than it saves.
 */
const LOOSE_LINES = 64;
const LOOSE_PART = 4;
/** A power of two. Where two lines collide in the table, each is only learned one line later. */
const SEEN_ONCE = 1 << 14;

/**
 * A memory without templates. Two lines have the same template when they differ only in numbers
 * and in the width of spaces. Numbers decide nothing in a format, except in `fixed` stretches,
 * which are compared byte by byte; so what was found in one line holds for all of its template.
 * Log templates are from parsers such as Drain (P. He et al., ICWS 2017); here they are a parser's
 * cache.
 */
export function createLineTemplates<T>(): LineTemplates<T> {
  return new Templates<T>();
}

// Fields are `private`, not `#`: V8 reads those more slowly until the code is optimised.
class Templates<T> implements LineTemplates<T> {
  readonly slots: Slots;
  private readonly matcher = createTemplateMatcher();
  private readonly buckets = new Map<number, LineTemplate<T>[]>();
  /** Hashes of lines without spots: only one that comes again is worth a template. */
  private readonly seenOnce = new Int32Array(SEEN_ONCE);
  /** Length of all codes. */
  private size = 0;
  private last: LineTemplate<T> | undefined;

  constructor() {
    this.slots = this.matcher.slots;
  }

  match(bytes: Uint8Array, from: number, to: number): LineTemplate<T> | undefined {
    const guess = this.last?.next;
    if (guess !== undefined && this.fits(guess, bytes, from, to)) return this.matched(guess);
    const bucket = this.buckets.get(hashOfBeginning(bytes, from, to));
    if (bucket === undefined) return undefined;
    for (let i = 0; i < bucket.length; i += 1) {
      const template = bucket[i];
      if (template === undefined || template === guess) continue;
      if (!this.fits(template, bytes, from, to)) continue;
      if (i > 0) {
        bucket.splice(i, 1);
        bucket.unshift(template);
      }
      return this.matched(template);
    }
    return undefined;
  }

  learn(
    bytes: Uint8Array,
    tokens: LineTokens,
    spots: readonly Spot[],
    fixed: readonly Spot[],
    meaning: T,
  ): LineTemplate<T> | undefined {
    if (spots.length === 0 && !this.cameBefore(bytes, tokens)) return undefined;
    const code = codeOf(bytes, tokens, spots, fixed);
    if (code === undefined) return undefined;
    const tight = tightOf(code, bytes, tokens);
    const room = code.length + tight.length;
    const template = { code, tight, loose: 0, room, meaning, count: 0, next: undefined };
    this.keep(template, hashOfBeginning(bytes, 0, bytes.length));
    return template;
  }

  release(): void {
    this.matcher.viewed = undefined;
    this.matcher.view = undefined;
  }

  private fits(template: LineTemplate<T>, bytes: Uint8Array, from: number, to: number): boolean {
    const { tight } = template;
    if (tight !== undefined && matchesTight(this.matcher, tight, bytes, from, to)) return true;
    if (!matchesCode(this.matcher, template.code, bytes, from, to)) return false;
    if (tight !== undefined) {
      template.loose += 1;
      if (template.loose > LOOSE_LINES + template.count / LOOSE_PART) template.tight = undefined;
    }
    return true;
  }

  private matched(template: LineTemplate<T>): LineTemplate<T> {
    template.count += 1;
    if (this.last !== undefined) this.last.next = template;
    this.last = template;
    return template;
  }

  private cameBefore(bytes: Uint8Array, tokens: LineTokens): boolean {
    const hash = hashOfTemplate(bytes, tokens);
    const at = hash & (SEEN_ONCE - 1);
    if (this.seenOnce[at] === hash) return true;
    this.seenOnce[at] = hash;
    return false;
  }

  private keep(template: LineTemplate<T>, key: number): void {
    if (this.size + template.room > TEMPLATES_BYTES / Int32Array.BYTES_PER_ELEMENT) {
      this.buckets.clear();
      this.size = 0;
      this.last = undefined;
    }
    this.size += template.room;
    const bucket = this.buckets.get(key);
    if (bucket === undefined) {
      this.buckets.set(key, [template]);
      return;
    }
    bucket.unshift(template);
    if (bucket.length > BUCKET_TEMPLATES) this.size -= bucket.pop()?.room ?? 0;
  }
}

/** Equal for lines of one template: hashes all bytes outside of numbers, spaces as one. */
function hashOfTemplate(bytes: Uint8Array, { kinds, starts, ends, count }: LineTokens): number {
  let hash = 17;
  for (let i = 0; i < count; i += 1) {
    const kind = kinds[i] ?? 0;
    hash = (Math.imul(hash, 31) + kind) | 0;
    if (kind === SPACE || kind === NUMBER) continue;
    const end = ends[i] ?? 0;
    for (let at = starts[i] ?? 0; at < end; at += 1) {
      hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0;
    }
  }
  return hash;
}

/**
 * Equal for lines of one template: hashes at most 12 bytes, up to the first that may differ between
 * them, as digits, signs, points and spaces do.
 */
function hashOfBeginning(bytes: Uint8Array, from: number, to: number): number {
  let hash = 7;
  const end = Math.min(to, from + 12);
  for (let i = from; i < end; i += 1) {
    const byte = bytes[i] ?? 0;
    // All of these are at most "9" in ASCII.
    if (byte <= 57) return hash;
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  return hash;
}
