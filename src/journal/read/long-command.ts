// What is too long for a command, and begins like one.
// segment.ts tells the person, and reads nothing of it.
import type { TextLines } from "../../base/text-lines.ts";
import type { LeafBlock } from "./block-scan.ts";
import { fenceCommand } from "./code-fence.ts";
import { paragraphText } from "./read-block.ts";
import { VERB_START } from "./tokens.ts";

/** Whether a paragraph or fence of any length begins as a command does. */
export function isLongCommand(lines: TextLines, leaf: LeafBlock): boolean {
  if (leaf.kind === "fence") return fenceCommand(lines, leaf) !== undefined;
  if (leaf.kind !== "paragraph") return false;
  const { start } = paragraphText(lines, leaf);
  return VERB_START.test(lines.text.slice(start, start + 24).trimStart());
}
