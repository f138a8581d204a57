// Assembles a file's segments: gives blocks and entries their positions in the file, and the
// heading and date above them. What lies above a change is reused as it was.
import type { CommandBlock, Entry, Section } from "../../domain/journal.ts";
import { dateIn } from "./entries.ts";
import { shiftBlock } from "./place-blocks.ts";
import type { LocalHeading } from "./read-block.ts";
import type { Segment } from "./segment.ts";

/** A segment with what is above it in the file. */
export interface PlacedSegment {
  readonly segment: Segment;
  readonly offset: number;
  /** Lines above it. */
  readonly line: number;
  /** Numbers of blocks, entries and headings above it. */
  readonly blocks: number;
  readonly entries: number;
  readonly headings: number;
  readonly date: string | undefined;
}

/** What a file's segments hold, with positions in the file. */
export interface Assembled {
  readonly placed: readonly PlacedSegment[];
  readonly blocks: readonly CommandBlock[];
  readonly entries: readonly Entry[];
  readonly headings: readonly LocalHeading[];
  readonly sections: readonly Section[];
}

export const NOTHING: Assembled = {
  placed: [],
  blocks: [],
  entries: [],
  headings: [],
  sections: [],
};

/**
 * Assembles a file out of the first `kept` segments of its last version, unmoved, and the ones that
 * follow. `origin`: where the first segment starts.
 */
export function* assemble(
  last: Assembled,
  kept: number,
  segments: readonly Segment[],
  origin: { readonly offset: number; readonly line: number },
): Generator<undefined, Assembled, undefined> {
  const end = kept === 0 ? undefined : last.placed[kept];
  const blocks = last.blocks.slice(0, end?.blocks ?? 0);
  const entries = last.entries.slice(0, end?.entries ?? 0);
  const headings = last.headings.slice(0, end?.headings ?? 0);
  const placed = last.placed.slice(0, kept);
  let { offset, line } = end ?? origin;
  let date = end?.date;
  for (const segment of segments) {
    placed.push({
      segment,
      offset,
      line,
      blocks: blocks.length,
      entries: entries.length,
      headings: headings.length,
      date,
    });
    const above = headings.at(-1)?.title ?? "";
    for (const block of segment.blocks)
      blocks.push(shiftBlock(block, { start: offset, line }, above));
    date = takeEntries(segment, { entries, headings, offset, line, date });
    offset += segment.length;
    line += segment.lines;
    yield;
  }
  const sections = yield* sectionsOf(last, placed, headings);
  return { placed, blocks, entries, headings, sections };
}

interface Running {
  readonly entries: Entry[];
  readonly headings: LocalHeading[];
  readonly offset: number;
  readonly line: number;
  readonly date: string | undefined;
}

/** Adds a segment's headings and entries; returns the date in force below them. */
function takeEntries(segment: Segment, running: Running): string | undefined {
  const { entries, headings, offset, line } = running;
  let { date } = running;
  let next = 0;
  const headingsUpTo = (limit: number): void => {
    for (; next < segment.headings.length; next += 1) {
      const heading = segment.headings[next];
      if (heading === undefined || heading.line >= limit) return;
      const span = { start: heading.span.start + offset, end: heading.span.end + offset };
      headings.push({ ...heading, line: heading.line + line, span });
      date = dateIn(heading.title) ?? date;
    }
  };
  for (const { ownDate, ...entry } of segment.entries) {
    headingsUpTo(entry.line);
    const dated = ownDate === undefined && date !== undefined ? { date } : {};
    entries.push({ ...entry, line: entry.line + line, ...dated });
    date = ownDate ?? date;
  }
  headingsUpTo(Number.POSITIVE_INFINITY);
  return date;
}

/** Every heading with the text up to the next one; those far above a change are reused. */
function* sectionsOf(
  last: Assembled,
  placed: readonly PlacedSegment[],
  headings: readonly LocalHeading[],
): Generator<undefined, readonly Section[], undefined> {
  const same = firstDifference(last, placed);
  // The section above the change may continue into it.
  const keptHeadings = Math.max(0, (placed[same]?.headings ?? headings.length) - 1);
  const sections = last.sections.slice(0, keptHeadings);
  let from = same;
  while (from > 0 && (placed[from]?.headings ?? headings.length) > keptHeadings) from -= 1;
  let parts: string[] | undefined;
  const close = (): void => {
    const heading = headings[sections.length];
    if (parts === undefined || heading === undefined) return;
    const own = parts.map((part) => part.trim()).filter((part) => part !== "");
    const { title, depth, line } = heading;
    sections.push({ title, depth, line, text: own.join("\n\n") });
  };
  for (const { segment, headings: above } of placed.slice(from)) {
    segment.texts.forEach((texts, i) => {
      if (i > 0) {
        close();
        parts = above + i - 1 < keptHeadings ? undefined : [...texts];
      } else if (parts !== undefined) {
        // The text before and after a segment boundary is one text.
        const [first = "", ...rest] = texts;
        parts.push((parts.pop() ?? "") + first, ...rest);
      }
    });
    yield;
  }
  close();
  return sections;
}

function firstDifference(last: Assembled, placed: readonly PlacedSegment[]): number {
  let same = 0;
  while (same < placed.length && placed[same] === last.placed[same]) same += 1;
  return same;
}
