// A sealed page with its fresh blocks, and two saves of such a page that crossed one another.
// Which blocks a page has is for others; what a person wrote stays, on whichever side it is.
import { linesIn } from "../../base/line-diff.ts";
import { mergeLines } from "../../base/merge.ts";
import { isSignedWith, renewPage } from "./preserve-user-edits.ts";
import type { PageBlock } from "../../base/page-signature.ts";

export interface PageState {
  /** There is nothing to say: a page that is not ours stays as it is. */
  readonly isEmpty: boolean;
  /** Just this stood in the page before: what a person took out of it since stays out. */
  readonly shown: boolean;
}

/** The page's text with these blocks; the same text where nothing is to be written. */
export function pageWith(text: string, blocks: readonly PageBlock[], state: PageState): string {
  if (isSignedWith(text, blocks)) return text;
  if (text.trim() === "" && (state.isEmpty || state.shown)) return text;
  const renewed = renewPage(text, blocks);
  switch (renewed.kind) {
    case "conflicted":
      return text;
    case "page":
      return renewed.text;
    case "not-ours": {
      // A person's page: theirs follows ours, and from then on both are told apart.
      if (state.isEmpty || state.shown) return text;
      const own = renewPage(undefined, blocks);
      return own.kind === "page" ? before(own.text, text) : text;
    }
  }
}

function before(own: string, text: string): string {
  const bom = text.startsWith("\uFEFF") ? "\uFEFF" : "";
  const end = /\r\n/.test(text) ? "\r\n" : "\n";
  return `${bom}${own.trimEnd().replaceAll("\n", end)}${end}${end}${text.slice(bom.length)}`;
}

export interface PageSaves {
  /** What both saves began from. */
  readonly base: string;
  /** What the file holds, and the save that landed elsewhere. */
  readonly ours: string;
  readonly theirs: string;
  readonly blocks: readonly PageBlock[];
}

/**
 * Both saves in one text. All three get the same blocks first, so that only a person's lines
 * differ; where both changed the same ones, both stand, those of `theirs` at the end of the page.
 */
export function mergePages({ base, ours, theirs, blocks }: PageSaves): string {
  const same = (text: string): string => pageWith(text, blocks, { isEmpty: false, shown: false });
  const texts = { base: same(base), ours: same(ours), theirs: same(theirs) };
  if (texts.theirs === texts.base || texts.theirs === texts.ours) return ours;
  if (texts.ours === texts.base) return theirs;
  const [a, b, c] = [linesIn(texts.base), linesIn(texts.ours), linesIn(texts.theirs)];
  // Told of it a second time: what it adds is there, and what it only lacks stays.
  if (beyond(c, a).every((line) => b.includes(line))) return ours;
  const merged = mergeLines({ base: a, ours: b, theirs: c, newest: "ours" });
  const lines = merged.lines.map(({ text }) => text);
  const there = new Set([...a, ...lines]);
  const lost = merged.conflicts.length === 0 ? [] : c.filter((line) => !there.has(line));
  const isOurs = lines.length === b.length && lines.every((line, i) => line === b[i]);
  if (isOurs && lost.length === 0) return texts.ours;
  const end = texts.ours.includes("\r\n") ? "\r\n" : "\n";
  return `${[...lines, ...(lost.length === 0 ? [] : ["", ...lost])].join(end)}${end}`;
}

/** Lines that `some` has and `others` has not, or not as often. */
function beyond(some: readonly string[], others: readonly string[]): readonly string[] {
  const left = new Map<string, number>();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  return some.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
}
