// `nightlab export EXPERIMENT --to html|pdf|tex`: the report, or another page, with its figures,
// for people without a lab. effects/pages/export-page.ts converts it.
import { stat } from "node:fs/promises";
import { dirname, extname, join, relative, resolve } from "node:path";
import { orAbsent } from "../effects/os/absent.ts";
import { counted } from "../base/markdown.ts";
import { exportPage, type ExportFormat } from "../effects/pages/export-page.ts";
import { type CommandResult, refused } from "./command-result.ts";
import { fileErrorText } from "./file-error.ts";
import { experimentOf, findLab } from "./lab-world.ts";
import { defined } from "../base/defined.ts";

const FORMATS: readonly ExportFormat[] = ["html", "pdf", "tex"];

export interface ExportOptions {
  /** The format as the user wrote it. */
  readonly to: string;
  /** Output file; default: beside the page, with the format as its extension. */
  readonly out?: string;
  readonly cwd: string;
  /** Of nightlab, for the file's generator field. */
  readonly version: string;
}

/**
 * Exports an experiment's report, or the page that `path` names. Exit code 0: written, or already
 * up to date. 1: the same, but a picture is missing or the audit has findings. 2: no file was made.
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
      ...defined({ labDir: lab }),
    });
    const name = relative(cwd, page) || page;
    if (made.kind === "refused") return refused(`Cannot export ${name}: ${made.why}.`);
    const shown = relative(cwd, out) || out;
    const state = made.written ? "written" : "up to date";
    const lines = [`${shown} ${state}, with ${counted(made.pictures, "picture")}.`];
    for (const picture of made.absent)
      lines.push(`The picture ${picture} is not there, or cannot be read.`);
    if (made.findings > 0) {
      const what = counted(made.findings, "thing");
      lines.push(
        `${what} on ${name} the logs do not bear out; \`nightlab audit ${name}\` lists them.`,
      );
    }
    return { text: lines.join("\n"), exitCode: lines.length === 1 ? 0 : 1 };
  } catch (error) {
    return refused(`Cannot export ${relative(cwd, page)}: ${fileErrorText(error)}`);
  }
}

/** An experiment's report: REPORT.nightlab.md if REPORT.md is the user's own file. */
async function reportOf(experiment: string): Promise<string | undefined> {
  const beside = join(experiment, "REPORT.nightlab.md");
  if (await isFile(beside)) return beside;
  const own = join(experiment, "REPORT.md");
  return (await isFile(own)) ? own : undefined;
}

async function isFile(path: string): Promise<boolean> {
  return (await orAbsent(stat(path)))?.isFile() === true;
}

async function isFolder(path: string): Promise<boolean> {
  return (await orAbsent(stat(path)))?.isDirectory() === true;
}
