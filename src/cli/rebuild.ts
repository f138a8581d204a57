// `nightlab rebuild EXPERIMENT`: plots and report from nothing but logs and journal.
// It needs no daemon and disturbs none: files are written only where their bytes differ.
import { basename, resolve } from "node:path";
import { rebuildExperiment } from "../effects/pages.ts";
import { type Answer, refused } from "./answer.ts";
import { experimentOf } from "./experiment-of.ts";
import { fileErrorText } from "./file-error.ts";
import { findLab } from "./lab-world.ts";

/**
 * Rebuilds the experiment that a path leads to: its folder, its JOURNAL.md, or one of its runs.
 * Exit code 0: all is up to date. 1: something could not be written, said in the text. 2: there
 * is no experiment.
 */
export async function rebuild(path: string): Promise<Answer> {
  const experiment = await experimentOf(resolve(path));
  if (experiment === undefined) {
    return refused(
      `Cannot rebuild ${path}: neither it nor a folder above it has a JOURNAL.md.\n` +
        "Give the folder of an experiment: `nightlab rebuild my-experiment`.",
    );
  }
  const lab = findLab(experiment);
  try {
    const made = await rebuildExperiment(experiment, lab === undefined ? {} : { labDir: lab });
    const state = made.written
      ? "written"
      : made.problems.length === 0
        ? "up to date"
        : "not written";
    const lines = [
      `${count(made.runs, "run")} and ${count(made.plots, "plot")} in ${experiment}`,
      `${basename(made.path)} ${state}: ${made.path}`,
      ...made.problems,
    ];
    return { text: lines.join("\n"), exitCode: made.problems.length === 0 ? 0 : 1 };
  } catch (error) {
    return refused(`Cannot rebuild ${experiment}: ${fileErrorText(error)}`);
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
