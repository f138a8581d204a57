// LAB.md, the lab's own page: for now what is wrong with nightlab.yaml. It comes to be only when
// there is something to say, and a person's own text in it stays (report/keep.ts).
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { problemPieces } from "../journal/receipt.ts";
import type { Problem } from "../model/problem.ts";
import { renewPage } from "../report/keep.ts";
import type { PageBlock } from "../report/seal.ts";
import { writeWhole } from "./write-whole.ts";

/** Renews the page; true when it was written. Rejects with what the file system says. */
export async function renewLabPage(lab: string, problems: readonly Problem[]): Promise<boolean> {
  const path = join(lab, "LAB.md");
  const current = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  const blocks = blocksOf(lab, problems);
  const renewed = renewPage(current, blocks);
  switch (renewed.kind) {
    case "conflicted":
      return false;
    case "page":
      return current === undefined && problems.length === 0
        ? false
        : writeWhole(path, renewed.text);
    case "not-ours": {
      // A person's page: theirs follows ours, and from then on both are told apart.
      if (problems.length === 0) return false;
      const own = renewPage(undefined, blocks);
      return own.kind === "page" && writeWhole(path, `${own.text.trimEnd()}\n\n${current ?? ""}`);
    }
  }
}

function blocksOf(lab: string, problems: readonly Problem[]): readonly PageBlock[] {
  const title = { key: "lab.title", text: `# ${basename(lab)}` };
  if (problems.length === 0) {
    return [title, { key: "lab.settings", text: "`nightlab.yaml` is read without a problem." }];
  }
  const pieces = problemPieces(
    problems.map((problem) => ({
      ...problem,
      message: `nightlab.yaml, line ${problem.place.line}: ${problem.message}`,
    })),
  );
  return [title, ...pieces.map((piece, i) => ({ key: `lab.problem.${i}`, text: `> ${piece}` }))];
}
