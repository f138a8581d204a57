// The bound on a journal's commands: a turn of the loop looks at each of them, and every other
// experiment waits for that turn.
import type { CommandBlock } from "../../domain/journal.ts";
import type { SourcePosition } from "../../base/problem.ts";

/** Most commands and problems of one journal: a turn over so many takes some 50 ms. */
const JOURNAL_COMMANDS = 5_000;

/** The blocks with the first JOURNAL_COMMANDS commands, and a problem where the next one begins. */
export function withinBound(
  blocks: readonly CommandBlock[],
  positionAt: (offset: number) => SourcePosition,
): readonly CommandBlock[] {
  let count = 0;
  const at = blocks.findIndex(({ commands }) => (count += commands.length || 1) > JOURNAL_COMMANDS);
  const next = blocks[at];
  if (next === undefined) return blocks;
  const problem = {
    message: `this journal has more than ${JOURNAL_COMMANDS.toLocaleString("en-US")} commands, and those from here on are not read`,
    fix: "go on in an experiment folder of its own, or take old commands out",
    place: positionAt(next.span.start),
  };
  // What an earlier text said in such a place can still be taken away.
  const said = blocks
    .slice(at + 1)
    .filter(({ receipt }) => receipt?.heads.every(({ state }) => state === "problem") === true);
  return [
    ...blocks.slice(0, at),
    { ...unread(next), problems: [problem] },
    ...said.map((block) => unread(block)),
  ];
}

const unread = ({ problems: _, ...block }: CommandBlock): CommandBlock => ({
  ...block,
  commands: [],
});
