// LAB.md as blocks: its title, what is wrong with the settings, and what is told of the night. The
// night's own blocks are nightly-summary-page.ts's; writing the page is
// effects/daemon/lab-page.ts's.
import { basename } from "node:path";
import { problemBlocks } from "../../journal/receipt/receipt.ts";
import type { Problem } from "../../base/problem.ts";
import type { PageBlock } from "../../base/page-signature.ts";

/** The page of a lab; where there is nothing to say it says that. */
export function labBlocks(
  lab: string,
  problems: readonly Problem[],
  digest: readonly PageBlock[],
): readonly PageBlock[] {
  const title = { key: "lab.title", text: `# ${basename(lab)}` };
  if (problems.length === 0 && digest.length === 0) {
    return [title, { key: "lab.settings", text: "`nightlab.yaml` is read without a problem." }];
  }
  const pieces = problemBlocks(
    problems.map((problem) => ({
      ...problem,
      message: `nightlab.yaml, line ${problem.place.line}: ${problem.message}`,
    })),
  );
  const told = pieces.map((piece, i) => ({ key: `lab.problem.${i}`, text: `> ${piece}` }));
  return [title, ...told, ...digest];
}
