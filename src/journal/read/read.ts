// Reads a journal: its plan, its commands with their receipts, tagged lines, sections.
// What becomes of them is decided in scheduler/; what is written back, in journal/receipt/.
import type { CommandBlock, JournalReading } from "../../domain/journal.ts";
import { assemble, NOTHING } from "./assemble.ts";
import type { Assembled } from "./assemble.ts";
import { commonEnds } from "../../base/common-ends.ts";
import { cutSegments } from "./cut-segments.ts";
import { createHeadReader } from "./frontmatter.ts";
import type { HeadReader } from "./frontmatter.ts";
import type { SourcePosition } from "../../base/problem.ts";
import { linesOf, positionOf } from "../../base/text-lines.ts";
import { withinBound } from "./most-commands.ts";
import { withProblems } from "./problem-places.ts";
import { ignoredIn } from "./sections.ts";
import { readSegment } from "./segment.ts";
import type { Segment } from "./segment.ts";
import { defined } from "../../base/defined.ts";

export interface JournalReader {
  /** Reads a text; what lies above and below a change since the last one is not read again. */
  read(text: string): JournalReading;
  /** The same in parts of some ms each, so that the caller can do other work in between. */
  readInParts(text: string): Parts<JournalReading>;
}

/** Work in parts: each call of `next` does one, and the last returns the result. */
export type Parts<T> = Generator<undefined, T, undefined>;

/** Reads one text. Never throws; takes time proportional to the text's length. */
export function readJournal(text: string): JournalReading {
  return createJournalReader().read(text);
}

/** What is remembered of the last text. Only `text` keeps that whole text alive. */
interface Version {
  readonly text: string;
  readonly reading: JournalReading;
  readonly assembled: Assembled;
}

/**
 * A reader for successive versions of a journal. It compares each text with the last one, cuts only
 * the changed range into new segments, and reads only these.
 */
export function createJournalReader(): JournalReader {
  const readHead = createHeadReader();
  let last: Version | undefined;
  function* readInParts(text: string): Parts<JournalReading> {
    if (last?.text !== text) last = yield* readVersion(text, readHead, last);
    return last.reading;
  }
  return { read: (text) => atOnce(readInParts(text)), readInParts };
}

/** Does all parts one after the other. */
export function atOnce<T>(parts: Parts<T>): T {
  for (;;) {
    const part = parts.next();
    if (part.done === true) return part.value;
  }
}

function* readVersion(
  text: string,
  readHead: HeadReader,
  last: Version | undefined,
): Parts<Version> {
  const head = readHead(text);
  const before = last?.assembled ?? NOTHING;
  const { placed } = before;
  const ends = last === undefined ? { same: 0, sameAtEnd: 0 } : commonEnds(last.text, text);
  const grown = text.length - (last?.text.length ?? 0);
  const kept = placed[0]?.offset === head.end ? unchanged(before, ends.same) : 0;
  const starts = new Map(placed.map(({ offset }, i) => [offset, i]));
  // Inside the common end, where an old segment starts a new one can start too.
  const isKnown = (offset: number): boolean =>
    offset >= text.length - ends.sameAtEnd && starts.has(offset - grown);
  const from = kept === 0 ? head.end : (placed[kept]?.offset ?? head.end);
  const cuts = yield* cutSegments(text, from, isKnown);
  const rest = starts.get((cuts.at(-1) ?? 0) - grown) ?? placed.length;
  const fresh: Segment[] = [];
  for (const [i, start] of cuts.slice(0, -1).entries()) {
    if (start >= (cuts[i + 1] ?? 0)) continue;
    fresh.push(yield* readSegment(ownCopy(text.slice(start, cuts[i + 1]))));
    yield;
  }
  const reused = placed.slice(rest).map(({ segment }) => segment);
  const origin = { offset: head.end, line: head.lines };
  const assembled = yield* assemble(before, kept, [...fresh, ...reused], origin);
  return { text, assembled, reading: readingOf(text, head, assembled) };
}

/** How many segments a change after `same` characters leaves intact. */
function unchanged({ placed }: Assembled, same: number): number {
  let low = 0;
  let high = placed.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const { offset = 0, segment } = placed[middle] ?? {};
    if (offset + (segment?.length ?? 0) <= same) low = middle + 1;
    else high = middle;
  }
  // The last of them may continue in what follows.
  return Math.max(0, low - 1);
}

function readingOf(
  text: string,
  head: ReturnType<HeadReader>,
  { placed, blocks, entries, headings, sections }: Assembled,
): JournalReading {
  const found = head.place === undefined ? withoutTop(blocks) : withProblems(blocks, head.place);
  const located = withinBound(found, (offset) => positionIn(text, placed, offset));
  const title = headings.find(({ depth }) => depth === 1)?.title;
  return {
    plan: head.plan,
    ...defined({ title }),
    blocks: located,
    entries,
    sections,
    ignored: ignoredIn(text, headings),
    problems: located.flatMap(({ problems = [] }) => problems),
    conflicted: head.conflicted || placed.some(({ segment }) => segment.conflicted),
  };
}

/** The position of an offset, by the segment that it is in: counting a long text's lines takes 10 ms. */
function positionIn(text: string, placed: Assembled["placed"], offset: number): SourcePosition {
  const own = placed.findLast((one) => one.offset <= offset);
  const start = own?.offset ?? 0;
  const lines = linesOf(text.slice(start, start + (own?.segment.length ?? text.length)));
  const { line, column } = positionOf(lines, offset - start);
  return { line: line + (own?.line ?? 0), column, offset };
}

/** A receipt at the very top belongs to nothing: it is a person's quote. */
const withoutTop = (blocks: readonly CommandBlock[]): readonly CommandBlock[] =>
  blocks[0]?.span.start === blocks[0]?.span.end ? blocks.slice(1) : blocks;

/** A copy of a text: a slice would keep the text that it was cut from alive. */
const ownCopy = (slice: string): string => ` ${slice}`.slice(1);
