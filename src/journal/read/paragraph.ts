// Finds commands among the lines of a paragraph, and lines that were meant to be one.
// command-line.ts reads a command's words; read-block.ts decides which paragraphs are searched.
import { VERBS } from "../../domain/command.ts";
import type { CommandForm, FoundCommand } from "../../domain/journal.ts";
import type { Span } from "../../base/problem.ts";
import { finish } from "./command-draft.ts";
import { readCommandWords } from "./command-line.ts";
import type { Draft } from "./draft.ts";
import { foundCommand } from "./found-command.ts";
import { commandWithTypo } from "./typos.ts";
import { contentEnd, isBlankChar, lineAt, startOf } from "../../base/text-lines.ts";
import type { TextLines } from "../../base/text-lines.ts";
import { tokenize, VERB_START } from "./tokens.ts";
import type { CommandToken } from "./tokens.ts";

/** A range of a text, and whether it is a task item's own paragraph. */
export interface Paragraph {
  readonly start: number;
  readonly end: number;
  /** Undefined outside task items. */
  readonly ticked: boolean | undefined;
}

/** A line of a paragraph without its indentation. */
type InnerLine = Span;

/**
 * The paragraph's commands in order, or nothing where it is ordinary text. Lines that each begin
 * with a verb are each a command; a command inside prose becomes one that is not understood.
 */
export function paragraphCommands(lines: TextLines, paragraph: Paragraph): readonly FoundCommand[] {
  const inner = innerLines(lines, paragraph);
  const [first] = inner;
  if (first === undefined) return [];
  if (VERB_START.test(headOf(lines, first))) return wholeParagraph(lines, paragraph, inner);
  const slip = inner.length === 1 ? commandWithTypo(lines, first) : undefined;
  return slip === undefined ? commandsInProse(lines, inner) : [slip];
}

/** The lines of a heading that would be a command without the underline below them. */
export function commandsInHeading(lines: TextLines, paragraph: Paragraph): readonly FoundCommand[] {
  const message = "the line of dashes below makes this command a heading";
  const fix = "leave a blank line above it";
  return innerLines(lines, paragraph).flatMap((line) => notMeant(lines, line, message, fix));
}

function wholeParagraph(
  lines: TextLines,
  { end, ticked }: Paragraph,
  inner: readonly InnerLine[],
): readonly FoundCommand[] {
  const form: CommandForm = ticked === undefined ? "line" : "task";
  const tokens = tokenize(lines.text, inner[0]?.start ?? end, end);
  const starts = tokens.flatMap((token, i) => (isVerb(token) ? [i] : []));
  return starts.map((from, i) => {
    const next = starts[i + 1] ?? tokens.length;
    const own = tokens.slice(from, next);
    const draft = readOwn(own);
    if (ticked === true) draft.go = true;
    const start = own[0]?.start ?? 0;
    const last = own.at(-1)?.end ?? start;
    const found = foundCommand(lines, { draft, start, end: last, form });
    return ticked === undefined ? found : { ...found, ticked };
  });
}

function readOwn(tokens: readonly CommandToken[]): Draft {
  const [verbToken, ...words] = tokens;
  const verb = VERBS.find((one) => `${one}:` === verbToken?.text) ?? "run";
  // The first word of the next line is text below a bare `run:`, not its name.
  const named = words[0]?.opensLine === true ? [] : words;
  return readCommandWords(verb, verbToken?.start ?? 0, named);
}

const isVerb = (token: CommandToken): boolean =>
  token.opensLine && !token.quoted && VERB_START.test(token.text);

/** The line of indented code that would be a command further out. */
export function commandInCode(lines: TextLines, span: Span): readonly FoundCommand[] {
  const inner = innerLines(lines, { ...span, ticked: undefined });
  const [line] = inner;
  if (line === undefined || inner.length > 1) return [];
  const message = "a line indented this far is code, and no command";
  return notMeant(lines, line, message, "take the spaces or tabs before it away");
}

function commandsInProse(lines: TextLines, inner: readonly InnerLine[]): readonly FoundCommand[] {
  const message = "a command inside a paragraph is read as text";
  const fix = "leave a blank line above and below it";
  return inner.slice(1).flatMap((line) => notMeant(lines, line, message, fix));
}

/** The line as a command that is not understood, if it would be a complete command elsewhere. */
function notMeant(
  lines: TextLines,
  line: InnerLine,
  message: string,
  fix: string,
): readonly FoundCommand[] {
  if (!VERB_START.test(headOf(lines, line))) return [];
  const draft = readOwn(tokenize(lines.text, line.start, line.end));
  if (finish(draft, line.start) === undefined) return [];
  draft.faults.push({ message, fix, offset: line.start });
  return [foundCommand(lines, { draft, ...line, form: "line" })];
}

function innerLines(lines: TextLines, { start, end }: Paragraph): readonly InnerLine[] {
  const inner: InnerLine[] = [];
  for (let line = lineAt(lines, start); startOf(lines, line) < end; line += 1) {
    let from = Math.max(start, startOf(lines, line));
    let to = Math.min(end, contentEnd(lines, line));
    while (from < to && isBlankChar(lines.text, from)) from += 1;
    while (to > from && isBlankChar(lines.text, to - 1)) to -= 1;
    if (from < to) inner.push({ start: from, end: to });
    if (line >= lines.starts.length) break;
  }
  return inner;
}

const headOf = (lines: TextLines, { start, end }: InnerLine): string =>
  lines.text.slice(start, Math.min(end, start + 24));
