// Problems in what users write: what is wrong, where, and how to fix it. Problems are data: readers
// of written text return them and never throw.

/** A position in a text. Lines and columns count from 1; the offset is in UTF-16 units from 0. */
export interface SourcePosition {
  readonly line: number;
  readonly column: number;
  readonly offset: number;
}

/** Half-open range of UTF-16 offsets. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A mistake with its position. */
export interface Problem extends Mistake {
  readonly place: SourcePosition;
}

/** What is wrong; without a position if it is shown right where it is. */
export interface Mistake {
  /** What is wrong: one line of plain words, without a final full stop. */
  readonly message: string;
  /** How to fix it, if known: one line. */
  readonly fix?: string;
  readonly place?: SourcePosition;
}

/** The result of every reader of written text: the value as far as understood, and the problems. */
export interface Read<T> {
  readonly value: T;
  readonly problems: readonly Problem[];
}

/** `message: fix`, on one line. */
export function problemText(problem: Mistake): string {
  return problem.fix === undefined ? problem.message : `${problem.message}; ${problem.fix}`;
}

/** The message of a problem of nightlab.yaml, with its line where it is on one. */
export const settingsProblem = ({ message, place }: Mistake): string =>
  place === undefined ? message : `nightlab.yaml, line ${place.line}: ${message}`;

/** The position of an offset in a text; lines end with LF, CRLF or CR. */
export function positionAt(text: string, offset: number): SourcePosition {
  let line = 1;
  let start = 0;
  for (let i = 0; i < offset && i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 10 || (code === 13 && text.charCodeAt(i + 1) !== 10)) {
      line += 1;
      start = i + 1;
    }
  }
  return { line, column: offset - start + 1, offset };
}
