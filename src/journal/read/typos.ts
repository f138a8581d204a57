// Lines that would be a command but for a typo at their beginning: `Run: x`, `rnu: x`, `[] run: x`.
// Anything less clear is ordinary text; command-line.ts reads the rest of the line.
import { VERBS } from "../../domain/command.ts";
import type { Verb } from "../../domain/command.ts";
import type { FoundCommand } from "../../domain/journal.ts";
import type { Span } from "../../base/problem.ts";
import { finish } from "./command-draft.ts";
import { readCommandWords } from "./command-line.ts";
import { foundCommand } from "./found-command.ts";
import type { TextLines } from "../../base/text-lines.ts";
import { tokenize } from "./tokens.ts";

/** Verbs with two neighbours swapped, a letter doubled or, where they are long, one left out. */
const SLIPS: ReadonlyMap<string, Verb> = new Map(
  VERBS.flatMap((verb) => typosOf(verb).map((slip) => [slip, verb] as const)),
);

function typosOf(verb: Verb): readonly string[] {
  const slips: string[] = [];
  for (let i = 0; i < verb.length; i += 1) {
    const [before, letter, after] = [verb.slice(0, i), verb.charAt(i), verb.slice(i + 1)];
    slips.push(
      before + letter + letter + after,
      before + after.charAt(0) + letter + after.slice(1),
    );
    if (verb.length > 4) slips.push(before + after);
  }
  return slips.filter((slip) => slip !== verb);
}

/** Every word with which a command begins, or was meant to begin. */
export const VERB_WORDS: readonly string[] = [...VERBS, ...SLIPS.keys()];

/** The command that a line was meant to be, as one that is not understood. */
export function commandWithTypo(lines: TextLines, line: Span): FoundCommand | undefined {
  const head = lines.text.slice(line.start, Math.min(line.end, line.start + 24));
  const box = /^\[([ xX]?)\][ \t]{0,3}/.exec(head);
  const verbs = /^\s*([a-z]{2,8})[ \t]{0,3}[:\uFF1A\uFE55\u2236]\s{0,3}(?=\S)/i;
  const match = verbs.exec(head.slice(box?.[0].length ?? 0));
  const word = match?.[1]?.toLowerCase() ?? "";
  const verb = VERBS.find((one) => one === word) ?? SLIPS.get(word);
  if (match === null || verb === undefined) return undefined;
  const written = (box?.[0] ?? "") + match[0];
  const draft = readCommandWords(
    verb,
    line.start,
    tokenize(lines.text, line.start + written.length, line.end),
  );
  if (finish(draft, line.start) === undefined) return undefined;
  const text = lines.text.slice(line.start + written.length, line.end).trim();
  const shown = text.length <= 60 && !text.includes("`") ? `${verb}: ${text}` : `${verb}: …`;
  const done = box !== null && box[1]?.toLowerCase() === "x";
  const mark = box === null ? "" : done ? "- [x] " : "- [ ] ";
  const begins = written.trim();
  draft.faults.push({
    message: /^\s/.test(written)
      ? "a wide space before a command makes it text"
      : begins === `${verb}:`
        ? `\`${begins}\` needs a space after it`
        : `\`${begins}\` is not how a command begins`,
    fix: `write \`${mark}${shown}\``,
    offset: line.start,
  });
  return foundCommand(lines, { draft, ...line, form: "line" });
}
