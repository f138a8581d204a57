// `nightlab init [DIR]`: makes a folder a lab, with settings to read and a .gitignore that fits.
// Never overwrites: what is there stays as it is, and a second call changes nothing.
import { lstat, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { errorCode } from "../effects/os/error-code.ts";
import { refused, type CommandResult } from "./command-result.ts";
import { fileErrorText } from "./file-error.ts";
import { readTemplate } from "./templates.ts";

const LAB_FILE = "nightlab.yaml";

/** Makes `dir`, which may be absent, a lab. Refuses, with the cause, where it cannot write. */
export async function initLab(dir: string): Promise<CommandResult> {
  const lab = resolve(dir);
  try {
    await mkdir(lab, { recursive: true });
    const made = [
      (await writeNew(join(lab, LAB_FILE), await readTemplate(LAB_FILE))) ? LAB_FILE : "",
      (await addIgnoreRules(join(lab, ".gitignore"))) ? ".gitignore" : "",
    ].filter((name) => name !== "");
    if (made.length === 0) return answer(`${lab} is a lab already; nothing was changed.`);
    return answer(
      [
        `${lab} is a lab (${made.join(" and ")} written).`,
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

/** Writes a file that is not there yet; false where one is. */
async function writeNew(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: "wx" });
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** Appends the rules that a .gitignore lacks; false where it has them all. */
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
 * What to append to a .gitignore so that it has all rules, or "". In one piece and at the end: a
 * later rule wins over an earlier one, and the exceptions only work in their order.
 */
function missingRules(existing: string, rules: string): string {
  const lines = new Set(existing.split(/\r\n|\n|\r/).map((line) => line.trim()));
  const wanted = rules.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  if (wanted.every((rule) => lines.has(rule))) return "";
  const eol = existing.includes("\r\n") ? "\r\n" : "\n";
  const gap = existing === "" ? "" : existing.endsWith("\n") ? eol : eol + eol;
  return gap + rules.replaceAll("\n", eol);
}
