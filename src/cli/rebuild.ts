// `nightlab rebuild EXPERIMENT`: plots and report from logs and journal alone; for a lab, all of
// its experiments and LAB.md. A file is written only if its bytes differ.
import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { experimentsOf } from "../effects/run-store/lab-experiments.ts";
import { isLocked } from "../effects/state/lab-lock.ts";
import { wantAgain } from "../effects/daemon/lab-page.ts";
import { rebuildExperiment } from "../effects/pages/pages.ts";
import { rebuildLabPage } from "../effects/daemon/rebuild-lab.ts";
import { writeRequest } from "../effects/state/requests.ts";
import type { LabPath } from "../base/ids.ts";
import { counted } from "../base/markdown.ts";
import { localStamp } from "../base/time.ts";
import { type CommandResult, refused } from "./command-result.ts";
import { fileErrorText } from "./file-error.ts";
import { experimentOf, findLab, readFacts, stateOf } from "./lab-world.ts";

/**
 * Rebuilds a lab (its folder or LAB.md), or the experiment at or above any other path. Exit code 0:
 * everything is up to date. 1: something could not be written, as the text says. 2: there is no
 * experiment, or it could not be rebuilt.
 */
export async function rebuild(path: string): Promise<CommandResult> {
  const wholeLab = labAt(path);
  if (wholeLab !== undefined) return await rebuildLab(wholeLab);
  return await rebuildOne(path);
}

/** The lab whose folder or LAB.md this path is; undefined for any other path. */
function labAt(path: string): LabPath | undefined {
  const folder = basename(path) === "LAB.md" ? dirname(resolve(path)) : resolve(path);
  return existsSync(join(folder, "nightlab.yaml")) ? findLab(folder) : undefined;
}

async function rebuildLab(lab: LabPath): Promise<CommandResult> {
  const answers: CommandResult[] = [];
  for (const experiment of await experimentsOf(lab)) answers.push(await rebuildOne(experiment));
  answers.push(await rebuildPage(lab));
  const exitCode = answers.reduce<CommandResult["exitCode"]>(
    (worst, one) => (one.exitCode > worst ? one.exitCode : worst),
    0,
  );
  return { text: answers.map(({ text }) => text).join("\n"), exitCode };
}

async function rebuildPage(lab: LabPath): Promise<CommandResult> {
  const nowMs = Date.now();
  const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  try {
    await wantAgain(lab);
    if (isLocked(lab) !== undefined) {
      writeRequest(stateOf(lab), { kind: "retell", id: "night" });
      return { text: "LAB.md: the lab's daemon makes it anew", exitCode: 0 };
    }
    const made = await rebuildLabPage({
      lab,
      state: stateOf(lab),
      facts: readFacts(lab),
      nowMs,
      timeZone,
    });
    if (made === undefined) return { text: "LAB.md: no night to tell of", exitCode: 0 };
    const day = localStamp(made.endMs, timeZone).slice(0, 10);
    const lines = [`LAB.md tells of the night to ${day}`, ...made.problems];
    return { text: lines.join("\n"), exitCode: made.problems.length === 0 ? 0 : 1 };
  } catch (error) {
    return refused(`Cannot make LAB.md of ${lab}: ${fileErrorText(error)}`);
  }
}

async function rebuildOne(path: string): Promise<CommandResult> {
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
      `${counted(made.runs, "run")} and ${counted(made.plots, "plot")} in ${experiment}`,
      `${basename(made.path)} ${state}: ${made.path}`,
      ...made.problems,
    ];
    return { text: lines.join("\n"), exitCode: made.problems.length === 0 ? 0 : 1 };
  } catch (error) {
    return refused(`Cannot rebuild ${experiment}: ${fileErrorText(error)}`);
  }
}
