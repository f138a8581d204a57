// Writes fresh blocks into a signed page, and merges two concurrent saves of such a page. A
// person's own lines stay, whichever save they are in. Renewing a single page is
// preserve-user-edits.ts.
import { linesIn } from "../../base/line-diff.ts";
import { mergeLines } from "../../base/merge.ts";
import { isSignedWith, renewPage } from "./preserve-user-edits.ts";
import type { PageBlock } from "../../base/page-signature.ts";

export interface PageState {
  /** There is nothing to write: a page that nightlab does not own stays as it is. */
  readonly isEmpty: boolean;
  /** These blocks were on the page before: what a person removed since stays removed. */
  readonly shown: boolean;
}

/** The page's text with these blocks; the same text where nothing is to write. */
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
      // A person's own page: nightlab's blocks go in front of it, and their signature ends them.
      if (state.isEmpty || state.shown) return text;
      const own = renewPage(undefined, blocks);
      return own.kind === "page" ? before(own.text, text) : text;
    }
  }
}

/** nightlab's page, and after it the person's text, with the text's BOM and line ends. */
function before(own: string, text: string): string {
  const bom = text.startsWith("\uFEFF") ? "\uFEFF" : "";
  const end = /\r\n/.test(text) ? "\r\n" : "\n";
  return `${bom}${own.trimEnd().replaceAll("\n", end)}${end}${end}${text.slice(bom.length)}`;
}

export interface PageSaves {
  /** The text that both saves began with. */
  readonly base: string;
  /** The text of the file. */
  readonly ours: string;
  /** The concurrent save, which is not in the file. */
  readonly theirs: string;
  readonly blocks: readonly PageBlock[];
}

/**
 * Both saves in one text. All three texts get the same blocks first, so that they differ only in a
 * person's lines. In a merge conflict both sides stay, those of `theirs` at the end of the page.
 */
export function mergePages({ base, ours, theirs, blocks }: PageSaves): string {
  const same = (text: string): string => pageWith(text, blocks, { isEmpty: false, shown: false });
  const texts = { base: same(base), ours: same(ours), theirs: same(theirs) };
  if (texts.theirs === texts.base || texts.theirs === texts.ours) return ours;
  if (texts.ours === texts.base) return theirs;
  const [a, b, c] = [linesIn(texts.base), linesIn(texts.ours), linesIn(texts.theirs)];
  // Merging the same save again: what it adds is there already, what it lacks stays.
  if (beyond(c, a).every((line) => b.includes(line))) return ours;
  const merged = mergeLines({ base: a, ours: b, theirs: c, newest: "ours" });
  const lines = merged.lines.map(({ text }) => text);
  const present = new Set([...a, ...lines]);
  const lost = merged.conflicts.length === 0 ? [] : c.filter((line) => !present.has(line));
  const isOurs = lines.length === b.length && lines.every((line, i) => line === b[i]);
  if (isOurs && lost.length === 0) return texts.ours;
  const end = texts.ours.includes("\r\n") ? "\r\n" : "\n";
  return `${[...lines, ...(lost.length === 0 ? [] : ["", ...lost])].join(end)}${end}`;
}

/** Lines that are more often in `some` than in `others`. */
function beyond(some: readonly string[], others: readonly string[]): readonly string[] {
  const left = new Map<string, number>();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  return some.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
}
