// `nightlab new NAME`: creates an experiment that runs as it is: journal, scripts, list of ignored
// runs, all from templates/experiment/.
import { realpathSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { errorCode } from "../effects/os/error-code.ts";
import { LAB_DEPTH } from "../effects/run-store/lab-experiments.ts";
import { noteLocalExperiment } from "../effects/state/local-experiments.ts";
import { isIgnoredFolder } from "../base/ignored-folders.ts";
import { localStamp } from "../base/time.ts";
import { refused, type CommandResult } from "./command-result.ts";
import { fileErrorText } from "./file-error.ts";
import { findLab, stateOf } from "./lab-world.ts";
import { readTemplate } from "./templates.ts";

// The journal comes last: it makes the folder an experiment, which must then be complete.
const FILES = ["train.py", "eval.py", "IGNORED_RUNS.md", "JOURNAL.md"] as const;
/** Characters of an experiment's name. */
const LONGEST_NAME = 100;

export interface NewExperiment extends CommandResult {
  /** Absolute path of the new folder. */
  readonly path?: string;
}

/** Creates the experiment `name` in `cwd`, which has to be in a lab. Exit code 0: made. 2: not. */
export async function newExperiment(
  name: string,
  options: { readonly cwd: string; readonly nowMs?: number },
): Promise<NewExperiment> {
  const cwd = realpathSync(options.cwd);
  const lab = findLab(cwd);
  const objection = objectionToName(name) ?? objectionToPlace(cwd, lab);
  if (objection !== undefined || lab === undefined) {
    return refused(`Cannot make the experiment "${name}": ${objection}`);
  }
  const folder = join(cwd, name);
  try {
    await mkdir(folder);
    await noteLocalExperiment({ lab, folder: stateOf(lab) }, folder);
    const facts = { title: titleOf(name), date: today(options.nowMs ?? Date.now()) };
    for (const file of FILES) {
      const text = await readTemplate(`experiment/${file}`);
      await writeFile(join(folder, file), fillIn(text, facts), { flag: "wx" });
    }
  } catch (error) {
    const cause =
      errorCode(error) === "EEXIST"
        ? `${folder} exists already. Choose another name; nothing was changed.`
        : `${folder}: ${fileErrorText(error)}.`;
    return refused(`Cannot make the experiment "${name}": ${cause}`);
  }
  return { text: nextSteps(name, folder), exitCode: 0, path: folder };
}

function nextSteps(name: string, folder: string): string {
  return [
    `Made ${folder} with ${FILES.join(", ")}.`,
    "",
    "Next:",
    `  1. Open ${name}/JOURNAL.md and write your hypothesis, success and failure at its top.`,
    "  2. Start `nightlab watch`, where it is not running yet.",
    "  3. Write `run: de-risk` on a line of its own at the end of the journal, and save.",
  ].join("\n");
}

function objectionToName(name: string): string | undefined {
  if (name.trim() === "") return "a name is needed, for example: nightlab new learning-rate";
  if (/[/\\]/.test(name) || name === "." || name === "..") {
    return "a name is wanted, not a path. Go to the folder that is to hold it, and call nightlab new there.";
  }
  if (/\p{Cc}|^\s|\s$/u.test(name)) return "it holds a control character or a space at its end.";
  if (name.length > LONGEST_NAME) return `it is longer than ${LONGEST_NAME} characters.`;
  if (/^[-.]/.test(name)) return 'a name that begins with "." or "-" would not be found.';
  if (isIgnoredFolder(name))
    return `folders named "${name}" are never looked into for experiments.`;
  return undefined;
}

function objectionToPlace(cwd: string, lab: string | undefined): string | undefined {
  if (lab === undefined) {
    return `${cwd} is in no lab. Make it one with \`nightlab init\`, then try again.`;
  }
  const between = relative(lab, cwd).split(sep).filter(Boolean);
  const hidden = between.find(isIgnoredFolder);
  if (hidden !== undefined) {
    return `it would lie below "${hidden}", where nightlab never looks. Go up to ${lab}.`;
  }
  if (between.length >= LAB_DEPTH) {
    return `it would lie more than ${LAB_DEPTH} folders below the lab ${lab}, where nightlab does not look.`;
  }
  return undefined;
}

/** `learning-rate_2` → `Learning rate 2`. */
function titleOf(name: string): string {
  const words = name.replaceAll(/[-_]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1) || name;
}

/** The local date, `2026-11-23`. */
function today(nowMs: number): string {
  return localStamp(nowMs, Intl.DateTimeFormat().resolvedOptions().timeZone).slice(0, 10);
}

/** Replaces each `{{key}}` that `facts` has. */
function fillIn(text: string, facts: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{\{(\w+)\}\}/g, (whole, key: string) => facts[key] ?? whole);
}
