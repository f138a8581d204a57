// A command as found in a text: its spec if it was understood, its problems, its position.
// command-line.ts and command-fence.ts read its words.
import type { CommandForm, FoundCommand } from "../../domain/journal.ts";
import type { Problem } from "../../base/problem.ts";
import { canonicalHash, canonicalOfText } from "./canonical.ts";
import { finish } from "./command-draft.ts";
import { lineAt, positionOf } from "../../base/text-lines.ts";
import type { TextLines } from "../../base/text-lines.ts";
import type { Draft, Fault } from "./draft.ts";
import { defined } from "../../base/defined.ts";

/** Finishes a draft; a fault leaves the command without a spec. */
export function foundCommand(
  lines: TextLines,
  found: {
    readonly draft: Draft;
    readonly start: number;
    readonly end: number;
    readonly form: CommandForm;
    /** Maps an offset of the draft's faults to one in `lines`. */
    readonly toOffset?: (offset: number) => number;
  },
): FoundCommand {
  const { draft, start, end, form, toOffset = (offset) => offset } = found;
  const spec = finish(draft, found.toOffset === undefined ? start : 0);
  const source = lines.text.slice(start, end);
  const problem = ({ message, fix, offset }: Fault): Problem => ({
    message,
    ...defined({ fix }),
    place: positionOf(lines, toOffset(offset)),
  });
  return {
    ...defined({ spec }),
    problems: (spec === undefined ? draft.faults : draft.notes).map(problem),
    form,
    canonical: spec === undefined ? canonicalOfText(source) : canonicalHash(spec),
    source,
    line: lineAt(lines, start) + 1,
  };
}
