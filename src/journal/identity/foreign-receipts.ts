// Receipts in a journal that belong to no command of it: those of another journal, and those that
// stand below no command at all.
import { commandId, type ExperimentPath } from "../../base/ids.ts";
import type { Span } from "../../base/problem.ts";
import { isBlankChar, linesOf } from "../../base/text-lines.ts";
import type { JournalReading } from "../../domain/journal.ts";
import type { World } from "../../domain/world.ts";
import { findReceiptQuotes, quoteLine, readReceipt } from "../read/receipt-quotes.ts";
import { blockIndexes } from "./block-index.ts";

interface ReadText {
  readonly text: string;
  readonly reading: JournalReading;
}

/**
 * Whether a text has receipts of another journal that the text before did not have. Without a text
 * before, only those count whose command is known to stand in another experiment.
 */
export function bringsReceipts(
  world: World,
  experiment: ExperimentPath,
  before: ReadText | undefined,
  now: ReadText,
): boolean {
  const { copied } = world.experiments.get(experiment) ?? {};
  if (before === undefined && copied !== undefined) return false;
  const had = before === undefined ? new Set<string>() : receiptIds(before);
  return [...receiptIds(now)].some((id) => {
    const owner = world.commands.get(commandId(id))?.experiment;
    if (owner === experiment || had.has(id)) return false;
    return owner !== undefined || before !== undefined;
  });
}

/** Ids in the receipts that stand right below commands. */
function receiptIds({ reading }: ReadText): ReadonlySet<string> {
  return new Set([...blockIndexes(reading).values()].flatMap(({ receiptId }) => receiptId ?? []));
}

/**
 * Receipts that something has come between them and their command: ids by the position of the
 * nearest command above, where that one has no receipt of its own. "" holds those below none.
 */
export function tornReceipts({ text, reading }: ReadText): ReadonlyMap<string, readonly string[]> {
  const { blocks } = reading;
  const spans = blocks.flatMap(({ receipt }) => receipt?.span ?? []);
  if (!hasHeadOutside(text, spans)) return new Map();
  const attached = new Set(spans.map(({ start }) => start));
  const lines = linesOf(text);
  const torn = new Map<string, string[]>();
  let next = 0;
  for (const quote of findReceiptQuotes(lines)) {
    const start = lines.starts[quote.first] ?? text.length;
    if (attached.has(start)) continue;
    while ((blocks[next]?.span.end ?? Number.POSITIVE_INFINITY) <= start) next += 1;
    const above = blocks[next - 1];
    const isOpen = above !== undefined && above.receipt === undefined && above.commands.length > 0;
    const at = isOpen ? `${next - 1}.${above.commands.length - 1}` : "";
    const ids = readReceipt(lines, quote).heads.flatMap(({ id }) => id ?? []);
    torn.set(at, [...(torn.get(at) ?? []), ...ids]);
  }
  return torn;
}

/**
 * Whether a line begins a receipt outside of these spans, which are in order. Asked at each new
 * command, of a text whose lines would take long to count.
 */
function hasHeadOutside(text: string, spans: readonly Span[]): boolean {
  let next = 0;
  for (let at = text.indexOf(">"); at >= 0; at = text.indexOf(">", at + 1)) {
    let start = at;
    while (isBlankChar(text, start - 1)) start -= 1;
    if (start > 0 && text[start - 1] !== "\n" && text[start - 1] !== "\r") continue;
    while ((spans[next]?.end ?? Number.POSITIVE_INFINITY) <= start) next += 1;
    const isInside = (spans[next]?.start ?? Number.POSITIVE_INFINITY) <= at;
    if (!isInside && quoteLine(text.slice(at, at + HEAD_CHARS)) === "receipt") return true;
  }
  return false;
}

/** More than the head of a receipt takes behind its mark. */
const HEAD_CHARS = 100;
