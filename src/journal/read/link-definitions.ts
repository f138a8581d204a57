// Link reference definitions at the beginning of a paragraph, as in CommonMark: they are no text.
// block-scan.ts asks what is a heading, and read-block.ts where a paragraph's own text begins.

const LABEL = String.raw`\[(?=[^\]]*[^\s\]])(?:[^[\]\\]|\\[^\r\n]){1,999}\]:`;
const GAP = String.raw`[ \t]*(?:(?:\r\n|\n|\r)[ \t]*)?`;
const DESTINATION = String.raw`(?:<(?:[^<>\\\r\n]|\\[^\r\n])*>|(?!<)[^\s\0]+)`;
const TITLE = String.raw`(?:"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'|\((?:[^()\\]|\\[^])*\))`;
const LINE_END = String.raw`[ \t]*(?:\r\n|\n|\r|$)`;
const BARE = new RegExp(`${LABEL}${GAP}${DESTINATION}${LINE_END}`, "y");
const TITLED = new RegExp(
  String.raw`${LABEL}${GAP}${DESTINATION}(?=\s)${GAP}${TITLE}${LINE_END}`,
  "y",
);

/** A longer paragraph is never looked into, so it has no definitions either. */
const DEFINITIONS_CHARS = 2_048;

/** Offset at which the text of a paragraph begins, after the definitions at its beginning. */
export function afterDefinitions(text: string, start: number, end: number): number {
  if (text[start] !== "[" || end - start > DEFINITIONS_CHARS) return start;
  const own = text.slice(start, end);
  let at = 0;
  for (;;) {
    while (own[at] === " " || own[at] === "\t") at += 1;
    const found = match(TITLED, own, at) ?? match(BARE, own, at);
    if (found === undefined) return start + at;
    at += found;
  }
}

function match(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length;
}
