// `nightlab export EXPERIMENT --to html|pdf|tex`: the report, or another page, with its figures,
// for people who have no lab. How it is converted is effects/pages/export-page.ts.
import { stat } from "node:fs/promises";
import { dirname, extname, join, relative, resolve } from "node:path";
import { exportPage, type ExportFormat } from "../effects/pages/export-page.ts";
import { type CommandResult, refused } from "./command-result.ts";
import { experimentOf } from "./experiment-of.ts";
import { fileErrorText } from "./file-error.ts";
import { findLab } from "./lab-world.ts";

const FORMATS: readonly ExportFormat[] = ["html", "pdf", "tex"];

export interface ExportOptions {
  readonly to: string;
  readonly out?: string;
  readonly cwd: string;
  readonly version: string;
}

/**
 * Exports REPORT.md of an experiment, or the page that `path` names, beside it or to `out`. Exit
 * code 0: the file is there. 1: it is there, and not all on it holds or a picture is missing. 2: not.
 */
export async function exportReport(path: string, options: ExportOptions): Promise<CommandResult> {
  const { cwd, to } = options;
  const format = FORMATS.find((one) => one === to);
  if (format === undefined) {
    return refused(`Cannot export to ${to}: write --to html, --to pdf or --to tex.`);
  }
  const given = resolve(cwd, path);
  const experiment = await experimentOf(given);
  if (experiment === undefined) {
    return refused(
      `Cannot export ${path}: neither it nor a folder above it has a JOURNAL.md.\n` +
        "Give the folder of an experiment: `nightlab export my-experiment --to html`.",
    );
  }
  const page = (await isFile(given)) ? given : await reportOf(experiment);
  if (page === undefined) {
    return refused(
      `Cannot export ${path}: it has no REPORT.md yet.\n` +
        `The daemon writes it; without one, \`nightlab rebuild ${path}\` does.`,
    );
  }
  const out =
    options.out === undefined
      ? join(dirname(page), `${page.slice(dirname(page).length + 1, -extname(page).length)}.${to}`)
      : resolve(cwd, options.out);
  if (await isFolder(out)) {
    return refused(`Cannot export to ${options.out}: it is a folder; name the file to be made.`);
  }
  if (!(await isFolder(dirname(out)))) {
    return refused(`Cannot export to ${options.out}: there is no folder ${dirname(out)}.`);
  }
  const lab = findLab(experiment);
  const request = { experimentDir: experiment, page, format, out };
  try {
    const made = await exportPage({
      ...request,
      generator: `nightlab ${options.version}`,
      ...(lab === undefined ? {} : { labDir: lab }),
    });
    const name = relative(cwd, page) || page;
    if (made.kind === "refused") return refused(`Cannot export ${name}: ${made.why}.`);
    const shown = relative(cwd, out) || out;
    const state = made.written ? "written" : "up to date";
    const count = `${made.pictures} picture${made.pictures === 1 ? "" : "s"}`;
    const lines = [`${shown} ${state}, with ${count}.`];
    for (const picture of made.absent)
      lines.push(`The picture ${picture} is not there, or cannot be read.`);
    if (made.findings > 0) {
      const what = made.findings === 1 ? "1 thing" : `${made.findings} things`;
      lines.push(
        `${what} on ${name} the logs do not bear out; \`nightlab audit ${name}\` lists them.`,
      );
    }
    return { text: lines.join("\n"), exitCode: lines.length === 1 ? 0 : 1 };
  } catch (error) {
    return refused(`Cannot export ${relative(cwd, page)}: ${fileErrorText(error)}`);
  }
}

/** The report of an experiment, wherever it had to be put. */
async function reportOf(experiment: string): Promise<string | undefined> {
  const beside = join(experiment, "REPORT.nightlab.md");
  if (await isFile(beside)) return beside;
  const own = join(experiment, "REPORT.md");
  return (await isFile(own)) ? own : undefined;
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}
