// Commands among the lines of one paragraph, and lines that meant to be one.
// What a command's words say is in command-line.ts; which paragraphs count, in read-block.ts.
import { VERBS } from "../model/command.ts";
import type { CommandForm, FoundCommand } from "../model/journal.ts";
import type { Problem } from "../model/problem.ts";
import { canonicalHash, canonicalOfText } from "./canonical.ts";
import { finish } from "./command-draft.ts";
import type { Draft, Fault } from "./command-draft.ts";
import { readCommandWords } from "./command-line.ts";
import { contentEnd, isBlankChar, lineAt, placeOf, startOf } from "./text-lines.ts";
import type { TextLines } from "./text-lines.ts";
import { tokenize, VERB_START } from "./tokens.ts";
import type { Token } from "./tokens.ts";

/** A stretch of a text, and whether it is a task item's own paragraph. */
export interface Paragraph {
  readonly start: number;
  readonly end: number;
  /** Undefined outside task items. */
  readonly ticked: boolean | undefined;
}

/** A line of a paragraph without its indentation. */
interface InnerLine {
  readonly start: number;
  readonly end: number;
}

/**
 * The paragraph's commands in order, or nothing where it is ordinary text. Lines that each begin
 * with a verb are each a command; a command inside prose becomes one that is not understood.
 */
export function paragraphCommands(lines: TextLines, paragraph: Paragraph): readonly FoundCommand[] {
  const inner = innerLines(lines, paragraph);
  const [first] = inner;
  if (first === undefined) return [];
  if (VERB_START.test(headOf(lines, first))) return wholeParagraph(lines, paragraph, inner);
  const slip = mistypedVerb(lines, inner);
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

function readOwn(tokens: readonly Token[]): Draft {
  const [verbToken, ...words] = tokens;
  const verb = VERBS.find((one) => `${one}:` === verbToken?.text) ?? "run";
  // A first word on the next line is the text below a bare `run:`, not its name.
  const named = words[0]?.opensLine === true ? [] : words;
  return readCommandWords(verb, verbToken?.start ?? 0, named);
}

const isVerb = (token: Token): boolean =>
  token.opensLine && !token.quoted && VERB_START.test(token.text);

/**
 * A paragraph of one line that would be a whole command if its verb were written properly:
 * `Run: x`, `run : x`, `run:x`. Anything less clear is ordinary text.
 */
function mistypedVerb(lines: TextLines, inner: readonly InnerLine[]): FoundCommand | undefined {
  const [line] = inner;
  if (line === undefined || inner.length > 1) return undefined;
  const match = /^(run|eval|script|stop|queue)[ \t]{0,3}:[ \t]{0,3}(?=\S)/i.exec(
    headOf(lines, line),
  );
  const [written, word] = [match?.[0], match?.[1]];
  const verb = VERBS.find((one) => one === word?.toLowerCase());
  if (written === undefined || verb === undefined) return undefined;
  const words = tokenize(lines.text, line.start + written.length, line.end);
  const draft = readCommandWords(verb, line.start, words);
  if (finish(draft, line.start) === undefined) return undefined;
  const text = lines.text.slice(line.start + written.length, line.end).trim();
  const shown = text.length <= 60 && !text.includes("`") ? `${verb}: ${text}` : `${verb}: …`;
  const offset = line.start;
  const message = `\`${written.trim()}\` is not how a command begins`;
  draft.faults.push({ message, fix: `write \`${shown}\``, offset });
  return foundCommand(lines, { draft, ...line, form: "line" });
}

function commandsInProse(lines: TextLines, inner: readonly InnerLine[]): readonly FoundCommand[] {
  const message = "a command inside a paragraph is read as text";
  const fix = "leave a blank line above and below it";
  return inner.slice(1).flatMap((line) => notMeant(lines, line, message, fix));
}

/** The line as a command that is not understood, if it would be a whole command elsewhere. */
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

/** A finished draft with its place; a fault leaves the command without a spec. */
export function foundCommand(
  lines: TextLines,
  found: {
    readonly draft: Draft;
    readonly start: number;
    readonly end: number;
    readonly form: CommandForm;
    /** Offset in `lines` of an offset of the draft's faults. */
    readonly toOffset?: (offset: number) => number;
  },
): FoundCommand {
  const { draft, start, end, form, toOffset = (offset) => offset } = found;
  const spec = finish(draft, found.toOffset === undefined ? start : 0);
  const source = lines.text.slice(start, end);
  const problem = ({ message, fix, offset }: Fault): Problem => ({
    message,
    ...(fix === undefined ? {} : { fix }),
    place: placeOf(lines, toOffset(offset)),
  });
  return {
    ...(spec === undefined ? {} : { spec }),
    problems: (spec === undefined ? draft.faults : draft.notes).map(problem),
    form,
    canonical: spec === undefined ? canonicalOfText(source) : canonicalHash(spec, draft.later),
    source,
    line: lineAt(lines, start) + 1,
  };
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
