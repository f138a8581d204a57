// Blocks for problems that belong to no command, and for what is left of a problem's receipt once
// its cause is gone, so that both are shown and removed as receipts are.
import type { CommandBlock } from "../../domain/journal.ts";
import type { Problem, Span } from "../../base/problem.ts";
import { BLOCK_NESTING, LEAF_CHARS } from "./block-scan.ts";
import type { LeafBlock } from "./block-scan.ts";
import { receiptBelow, type SegmentBlock } from "./place-blocks.ts";
import { readReceipt } from "./receipt-quotes.ts";
import type { QuoteLines } from "./receipt-quotes.ts";
import { positionOf, startOf, isBlankLine } from "../../base/text-lines.ts";
import type { TextLines } from "../../base/text-lines.ts";
import { defined } from "../../base/defined.ts";

/** A block without commands. `span` is whole lines; a receipt below it is its own. */
export function placeBlock(
  lines: TextLines,
  span: Span,
  quoteAt: ReadonlyMap<number, QuoteLines>,
  more: Pick<CommandBlock, "problems" | "tight">,
): CommandBlock {
  const lineEnded = /[\r\n]/.test(lines.text.charAt(span.end - 1));
  const place = { commands: [], span, closed: lineEnded, lineEnded, indent: "" };
  const receipt = receiptBelow(lines, place, quoteAt);
  return { ...place, heading: "", ...more, ...defined({ receipt }) };
}

/** The problem of a block that is not read because of what it lies in. */
export const TOO_DEEP: Omit<Problem, "place"> = {
  message: `lists and quotes are nested deeper than ${BLOCK_NESTING}, so no command is read here`,
  fix: "write commands further out",
};

/** The problem of what begins like a command and is not read because of its length. */
export const TOO_LONG: Omit<Problem, "place"> = {
  message: `this is longer than ${LEAF_CHARS.toLocaleString("en-US")} characters, so no command is read here`,
  fix: "part commands with blank lines, and keep long lists of values in a file that the script reads",
};

/** What an unclosed fence must have swallowed to be reported: a command, a heading, a fence. */
const SWALLOWED = /^(?:run|eval|script|stop|queue): \S|^#{1,6} \S|^`{3}\w/m;

/**
 * Reports a top-level fence that nothing closes: at the command that it holds, or right below its
 * first line if it seems to have swallowed what follows. Any other open fence is being typed.
 */
export function reportUnclosed(
  blocks: SegmentBlock[],
  lines: TextLines,
  { kind, line }: LeafBlock,
  quoteAt: ReadonlyMap<number, QuoteLines>,
): void {
  const span = { start: startOf(lines, line), end: startOf(lines, line + 1) };
  const said =
    kind === "fence"
      ? {
          message: "nothing closes the fence that begins here, so everything below it is code",
          fix: "close it with a line of the same marks",
        }
      : {
          message: "nothing closes the comment that begins here, so everything below it is hidden",
          fix: "close it with a line of `%%`, or write the two signs elsewhere than at a line's start",
        };
  const problem: Problem = { ...said, place: positionOf(lines, span.start) };
  const command = blocks.findIndex((block) => overlap(block.span, span));
  const holder = blocks[command];
  if (holder !== undefined) blocks[command] = { ...holder, problems: [problem] };
  else if (SWALLOWED.test(lines.text.slice(span.end))) {
    blocks.push(placeBlock(lines, span, quoteAt, { problems: [problem], tight: true }));
  }
}

const overlap = (a: Span, b: Span): boolean => a.start < b.end && b.start < a.end;

/**
 * Blocks for receipts of problems below no command: what is left once the text above was fixed, or
 * the receipt of a place. The daemon's own lines in them can then be removed.
 */
export function strayProblemReceipts(
  lines: TextLines,
  quotes: readonly QuoteLines[],
  blocks: readonly SegmentBlock[],
  leaves: readonly LeafBlock[],
): readonly CommandBlock[] {
  const codeAt = firstEndingAfter(leaves.filter(isHidden), hiddenUpTo);
  const blockAt = firstEndingAfter(blocks, ({ span }) => span.end);
  const taken = new Set(blocks.flatMap(({ receipt }) => receipt?.span.start ?? []));
  return quotes.flatMap((quote, i) => {
    if (taken.has(startOf(lines, quote.first))) return [];
    const receipt = readReceipt(lines, quote);
    if (receipt.heads.some(({ state }) => state !== "problem")) return [];
    let above = quote.first - 1;
    while (above >= 0 && isBlankLine(lines, above)) above -= 1;
    // Below another receipt it belongs to nothing, and stays.
    if (quotes[i - 1]?.after === above + 1) return [];
    const span = { start: startOf(lines, Math.max(0, above)), end: startOf(lines, above + 1) };
    const whole = { start: span.start, end: receipt.span.end };
    const block = blockAt(whole.start);
    if (block !== undefined && overlap(block.span, whole)) return [];
    const first = startOf(lines, quote.first);
    const code = codeAt(first);
    const tight = above === quote.first - 1 && code !== undefined && code.start < first;
    return [
      {
        commands: [],
        span,
        closed: true,
        lineEnded: true,
        heading: "",
        indent: "",
        receipt,
        ...(tight ? { tight } : {}),
      },
    ];
  });
}

/** Fences and comments at the top level: what is in them is no text of Markdown. */
const isHidden = ({ kind, item }: LeafBlock): boolean =>
  item === undefined && (kind === "fence" || kind === "comment");

const hiddenUpTo = ({ closed, end }: LeafBlock): number =>
  closed ? end : Number.POSITIVE_INFINITY;

/** Of members in order, the first that ends after an offset; the offsets asked for only grow. */
function firstEndingAfter<T>(
  members: readonly T[],
  endOf: (member: T) => number,
): (offset: number) => T | undefined {
  let next = 0;
  return (offset) => {
    for (; next < members.length; next += 1) {
      const member = members[next];
      if (member !== undefined && endOf(member) > offset) return member;
    }
    return undefined;
  };
}

/**
 * The blocks with the problems of `place` added: to the block that is there already, to the stray
 * receipt right below, or as a block of their own.
 */
export function withProblems(
  blocks: readonly CommandBlock[],
  place: CommandBlock,
): readonly CommandBlock[] {
  const { span, problems = [] } = place;
  const at = blocks.findIndex((block) => overlap(block.span, span) || block.span.end === span.end);
  const block = blocks[at];
  if (block === undefined) {
    return problems.length === 0 ? blocks : [place, ...blocks];
  }
  // The same span with a receipt below it as without: the problem's timer knows it by its text.
  const isMark = block.commands.length === 0 && block.span.end === span.end;
  const whole = block.span.end === block.span.start || isMark ? { span } : {};
  const added = problems.length === 0 ? {} : { problems: [...problems, ...(block.problems ?? [])] };
  // Keys of an unclosed frontmatter that look like commands are not mistakes of their own.
  const misread = overlap(block.span, span) && block.commands.every(({ spec }) => !spec);
  return blocks.with(at, { ...block, ...(misread ? { commands: [] } : {}), ...whole, ...added });
}
