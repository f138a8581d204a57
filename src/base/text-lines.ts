// The lines of a text by offset. LF, CRLF and CR end a line, as in Markdown. Line indices count
// from 0; positions for users count from 1.
import type { SourcePosition } from "./problem.ts";

/** Whether a line holds only spaces and tabs. */
export const isBlankLine = (lines: TextLines, line: number): boolean =>
  isBlank(lines.text, startOf(lines, line), contentEnd(lines, line));

/** A text with the offsets of its lines. */
export interface TextLines {
  readonly text: string;
  /** Offset at which each line starts; a final line end starts no new line. */
  readonly starts: readonly number[];
}

/** Splits a text into lines; an empty text has one. */
export function linesOf(text: string): TextLines {
  const starts: number[] = [];
  let start = 0;
  if (!text.includes("\r")) {
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      starts.push(start);
      start = end + 1;
    }
    if (start < text.length || starts.length === 0) starts.push(start);
    return { text, starts };
  }
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code !== 10 && (code !== 13 || text.charCodeAt(i + 1) === 10)) continue;
    starts.push(start);
    start = i + 1;
  }
  if (start < text.length || starts.length === 0) starts.push(start);
  return { text, starts };
}

/** Where a line starts; for the line after the last one, the text's length. */
export function startOf(lines: TextLines, line: number): number {
  return lines.starts[line] ?? lines.text.length;
}

/** Offset of the end of a line, without its line end. */
export function contentEnd(lines: TextLines, line: number): number {
  const { text } = lines;
  let end = startOf(lines, line + 1);
  if (end > startOf(lines, line) && text[end - 1] === "\n") end -= 1;
  if (end > startOf(lines, line) && text[end - 1] === "\r") end -= 1;
  return end;
}

/** The line that contains an offset. */
export function lineAt(lines: TextLines, offset: number): number {
  let low = 0;
  let high = lines.starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((lines.starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The position of an offset; lines and columns from 1. */
export function positionOf(lines: TextLines, offset: number): SourcePosition {
  const line = lineAt(lines, offset);
  return { line: line + 1, column: offset - startOf(lines, line) + 1, offset };
}

function isBlank(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i += 1) if (!isBlankChar(text, i)) return false;
  return true;
}

/** Whether the character at an offset is a space or tab. */
export const isBlankChar = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at);
  return code === 32 || code === 9;
};
