// A fenced code block as a command: locates its YAML in the file, so that faults get positions.
// command-fence.ts reads the YAML.
import type { FoundCommand } from "../../domain/journal.ts";
import type { Span } from "../../base/problem.ts";
import type { LeafBlock } from "./block-scan.ts";
import { fenceVerb, readFenceCommand, verblessFence } from "./command-fence.ts";
import { newDraft } from "./draft.ts";
import { foundCommand } from "./found-command.ts";
import { contentEnd, lineAt } from "../../base/text-lines.ts";
import type { TextLines } from "../../base/text-lines.ts";

/** A fence's marks and the word behind them are looked for in so many characters. */
const OPENING_CHARS = 200;

export interface FenceCommand {
  readonly command: FoundCommand;
  /** Its closing line is missing. */
  readonly open: boolean;
}

/** The command in a ```yaml or ```run fence; undefined for other code. */
export function fenceCommand(lines: TextLines, fence: LeafBlock): FenceCommand | undefined {
  const { start, end } = fence;
  const kind = fenceKind(lines, fence);
  if (kind === undefined) return undefined;
  const inner = innerText(lines, fence);
  const open = !fence.closed;
  const verb = fenceVerb(inner.text);
  if (verb === undefined && (kind !== "run" || open)) return undefined;
  const draft = verb === undefined ? newDraft("run") : readFenceCommand(inner.text, verb);
  if (verb === undefined) draft.faults.push({ ...verblessFence(inner.text), offset: 0 });
  const command = foundCommand(lines, {
    draft,
    start,
    end,
    form: "fence",
    toOffset: inner.toOffset,
  });
  return { command, open };
}

/** Whether a fence is one of those that may hold a command. */
function fenceKind({ text }: TextLines, { start, end }: Span): "yaml" | "run" | undefined {
  const opening = text.slice(start, Math.min(end, start + OPENING_CHARS));
  const kind = /^(?:`+|~+)[ \t]*(ya?ml|run)(?=\s|$)/i.exec(opening)?.[1]?.toLowerCase();
  return kind === undefined ? undefined : kind === "run" ? "run" : "yaml";
}

interface InnerText {
  readonly text: string;
  readonly toOffset: (offset: number) => number;
}

/** The fence's content without the indentation of its list item. */
function innerText(lines: TextLines, { start, end, inner }: LeafBlock): InnerText {
  const starts: number[] = [];
  let length = 0;
  const texts = inner.map((from) => {
    const text = lines.text.slice(from, contentEnd(lines, lineAt(lines, from)));
    starts.push(length);
    length += text.length + 1;
    return text;
  });
  const toOffset = (offset: number): number => {
    const line = Math.max(
      0,
      starts.findLastIndex((one) => one <= offset),
    );
    return Math.min((inner[line] ?? start) + offset - (starts[line] ?? 0), Math.max(start, end));
  };
  return { text: texts.join("\n"), toOffset };
}
