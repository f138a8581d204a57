// `nightlab init [DIR]`: turns a folder into a lab, with a commented nightlab.yaml and a
// .gitignore, which this machine trusts from then on. Idempotent: it never overwrites a file, and only appends to an existing .gitignore.
import { realpathSync } from "node:fs";
import { lstat, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { labPath } from "../base/ids.ts";
import { errorCode } from "../effects/os/error-code.ts";
import { refused, type CommandResult } from "./command-result.ts";
import { fileErrorText } from "./file-error.ts";
import { readTemplate } from "./templates.ts";
import { arrivalsText, isArrivals, noArrivals, noteMade } from "./trust-lab.ts";

const LAB_FILE = "nightlab.yaml";

/**
 * Turns `dir` into a lab; creates the folder if it is absent. Exit code 0 also if it is a lab
 * already; 2, with the cause, if it cannot write.
 *
 * @param options `arrivals`: what becomes of commands that git brings; asked for at a terminal
 */
export async function initLab(
  dir: string,
  options: { readonly arrivals?: string } = {},
): Promise<CommandResult> {
  const lab = resolve(dir);
  const { arrivals } = options;
  if (arrivals !== undefined && !isArrivals(arrivals)) return refused(noArrivals(arrivals));
  try {
    await mkdir(lab, { recursive: true });
    const isNew = await writeNew(join(lab, LAB_FILE), await readTemplate(LAB_FILE));
    // Whoever clones a lab and calls this in it has not made it.
    const held = isNew ? await noteMade(labPath(realpathSync(lab)), arrivals) : undefined;
    const made = [
      isNew ? LAB_FILE : "",
      (await addIgnoreRules(join(lab, ".gitignore"))) ? ".gitignore" : "",
    ].filter((name) => name !== "");
    if (made.length === 0) return answer(`${lab} is a lab already; nothing was changed.`);
    return answer(
      [
        `${lab} is a lab (${made.join(" and ")} written).`,
        ...(held === undefined ? [] : [arrivalsText(held)]),
        "",
        "Next, in that folder:",
        "  nightlab new my-first-idea    an experiment that runs as it stands",
        "  nightlab watch                run what you write into its JOURNAL.md",
      ].join("\n"),
    );
  } catch (error) {
    return refused(`Cannot make a lab of ${lab}: ${fileErrorText(error)}.`);
  }
}

const answer = (text: string): CommandResult => ({ text, exitCode: 0 });

/** Writes a new file; false if one exists already. */
async function writeNew(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: "wx" });
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** Appends our rules to .gitignore unless it has them all; false if nothing was written. */
async function addIgnoreRules(path: string): Promise<boolean> {
  const rules = await readTemplate("gitignore");
  if (await writeNew(path, rules)) return true;
  if (!(await lstat(path)).isFile())
    throw new Error(`${path} is no plain file, and git would not read it`);
  const added = missingRules(await readFile(path, "utf8"), rules);
  if (added === "") return false;
  await writeFile(path, added, { flag: "a" });
  return true;
}

/**
 * Text to append to a .gitignore so that it has all rules, or "". Always the whole set, at the end:
 * in a .gitignore later rules win, so exceptions (`!`) work only in their order.
 */
function missingRules(existing: string, rules: string): string {
  const lines = new Set(existing.split(/\r\n|\n|\r/).map((line) => line.trim()));
  const wanted = rules.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  if (wanted.every((rule) => lines.has(rule))) return "";
  const eol = existing.includes("\r\n") ? "\r\n" : "\n";
  const gap = existing === "" ? "" : existing.endsWith("\n") ? eol : eol + eol;
  return gap + rules.replaceAll("\n", eol);
}
