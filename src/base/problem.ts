// A mistake in something a person wrote, with its place and the way to mend it.
// Problems are data: reading never throws, and only the journal's renderer shows them.

/** A place in a text. Lines and columns count from 1; the offset is in UTF-16 units from 0. */
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

export interface Problem extends Mistake {
  readonly place: SourcePosition;
}

/** A problem that is told where it stands. */
export interface Mistake {
  /** One line, plain words, without a final full stop: what is wrong. */
  readonly message: string;
  /** One line: how to mend it, where that can be known. */
  readonly fix?: string;
  readonly place?: SourcePosition;
}

/** What every reader of written text returns: what was understood, and what was not. */
export interface Read<T> {
  readonly value: T;
  readonly problems: readonly Problem[];
}

/** `message: fix`, on one line. */
export function problemText(problem: Mistake): string {
  return problem.fix === undefined ? problem.message : `${problem.message}; ${problem.fix}`;
}

/** The place of an offset in a text: lines end with LF, CRLF or CR. */
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
