// LAB.md as blocks: its title, the problems of nightlab.yaml, and the summary of the night. The
// summary is nightly-summary-page.ts; writing the file is effects/daemon/lab-page.ts.
import { basename } from "node:path";
import { plainLine } from "../../base/markdown-text.ts";
import { visibleText } from "../../base/visible-text.ts";
import { problemBlocks } from "../../journal/receipt/receipt.ts";
import { settingsProblem, type Mistake } from "../../base/problem.ts";
import type { PageBlock } from "../../base/page-signature.ts";

/** The blocks of LAB.md. `digest` is the summary of the night. */
export function labBlocks(
  lab: string,
  problems: readonly Mistake[],
  digest: readonly PageBlock[],
): readonly PageBlock[] {
  const title = { key: "lab.title", text: `# ${plainLine(basename(lab))}` };
  if (problems.length === 0 && digest.length === 0) {
    return [title, { key: "lab.settings", text: "`nightlab.yaml` is read without a problem." }];
  }
  const quoted = problemBlocks(
    problems.map((problem) => ({ ...problem, message: settingsProblem(problem) })),
  );
  const shown = quoted.map((block, i) => ({ key: `lab.problem.${i}`, text: `> ${block}` }));
  return [title, ...shown, ...digest].map((one) => ({ ...one, text: visibleText(one.text) }));
}
