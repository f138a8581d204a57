// A fenced code block as a command: locates its YAML in the file, so that faults get positions.
// command-fence.ts reads the YAML.
import type { Code } from "mdast";
import type { FoundCommand } from "../../domain/journal.ts";
import type { Span } from "../../base/problem.ts";
import { fenceVerb, readFenceCommand, verblessFence } from "./command-fence.ts";
import { newDraft } from "./draft.ts";
import { foundCommand } from "./found-command.ts";
import { contentEnd, lineAt, startOf } from "../../base/text-lines.ts";
import type { TextLines } from "../../base/text-lines.ts";

export interface FenceCommand {
  readonly command: FoundCommand;
  /** Its closing line is missing. */
  readonly open: boolean;
}

/** The command in a ```yaml or ```run fence; undefined for other code. */
export function fenceCommand(
  lines: TextLines,
  node: Pick<Code, "lang" | "value">,
  span: Span,
): FenceCommand | undefined {
  const kind = /^(ya?ml|run)$/i.exec(node.lang ?? "")?.[1]?.toLowerCase();
  if (kind === undefined) return undefined;
  const inner = innerText(lines, node.value, span);
  const open = !isClosed(lines, span);
  const verb = fenceVerb(inner.text);
  if (verb === undefined && (kind !== "run" || open)) return undefined;
  const draft = verb === undefined ? newDraft("run") : readFenceCommand(inner.text, verb);
  if (verb === undefined) draft.faults.push({ ...verblessFence(inner.text), offset: 0 });
  const { start, end } = span;
  const command = foundCommand(lines, {
    draft,
    start,
    end,
    form: "fence",
    toOffset: inner.toOffset,
  });
  return { command, open };
}

interface InnerText {
  readonly text: string;
  readonly toOffset: (offset: number) => number;
}

/**
 * The fence's content as in the file, without the indentation of its list item: each line of the
 * syntax tree is the end of a line of the file.
 */
function innerText(lines: TextLines, value: string, span: Span): InnerText {
  const first = lineAt(lines, span.start) + 1;
  const from: number[] = [];
  const texts = value.split(/\r\n|\r|\n/).map((written, i) => {
    const start = startOf(lines, first + i);
    const end = Math.max(start, contentEnd(lines, first + i));
    from.push(Math.max(start, end - written.length));
    return lines.text.slice(from[i], end);
  });
  const starts: number[] = [];
  let length = 0;
  for (const text of texts) {
    starts.push(length);
    length += text.length + 1;
  }
  const toOffset = (offset: number): number => {
    const line = Math.max(
      0,
      starts.findLastIndex((start) => start <= offset),
    );
    const inFile = (from[line] ?? span.start) + offset - (starts[line] ?? 0);
    return Math.min(inFile, Math.max(span.start, span.end));
  };
  return { text: texts.join("\n"), toOffset };
}

function isClosed(lines: TextLines, { start, end }: Span): boolean {
  const last = lineAt(lines, Math.max(start, end - 1));
  if (last === lineAt(lines, start)) return false;
  const opening = /^(`{3,}|~{3,})/.exec(lines.text.slice(start, end))?.[1] ?? "```";
  const closing = lines.text.slice(startOf(lines, last), end).trim();
  return closing.length >= opening.length && closing === opening.charAt(0).repeat(closing.length);
}
