// `nightlab audit PAGE|EXPERIMENT`: checks every number of a page against the logs. Writes nothing;
// report/audit/audit.ts decides what counts as a finding.
import { stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { auditFiles, type AuditedPage } from "../effects/pages/audit-files.ts";
import { type CommandResult, refused } from "./command-result.ts";
import { fileErrorText } from "./file-error.ts";
import { experimentOf, findLab } from "./lab-world.ts";

/**
 * Audits one Markdown page of an experiment, or the report and the journal of a whole experiment.
 * Exit code 0: no findings. 1: findings, each with its file and line. 2: a page could not be
 * audited.
 */
export async function audit(
  path: string,
  { json }: { readonly json: boolean },
): Promise<CommandResult> {
  const given = resolve(path);
  const experiment = await experimentOf(given);
  if (experiment === undefined) {
    return refused(
      `Cannot audit ${path}: neither it nor a folder above it has a JOURNAL.md.\n` +
        "Give a page of an experiment, or its folder: `nightlab audit my-experiment/REPORT.md`.",
    );
  }
  try {
    const isPage = (await stat(given)).isFile();
    const names = ["REPORT.md", "REPORT.nightlab.md", "JOURNAL.md"];
    const pages = isPage ? [given] : names.map((name) => join(experiment, name));
    const lab = findLab(experiment);
    const audited = await auditFiles(experiment, pages, lab === undefined ? {} : { labDir: lab });
    const there = audited.filter((one) => isPage || one.kind !== "absent");
    return json ? jsonResult(there) : textResult(there);
  } catch (error) {
    return refused(`Cannot audit ${path}: ${fileErrorText(error)}`);
  }
}

function exitCode(audited: readonly AuditedPage[]): 0 | 1 | 2 {
  if (audited.some((one) => one.kind !== "audited")) return 2;
  return audited.some((one) => one.kind === "audited" && one.result.findings.length > 0) ? 1 : 0;
}

function textResult(audited: readonly AuditedPage[]): CommandResult {
  const lines = audited.flatMap((one) => pageLines(one));
  return { text: `${lines.join("\n")}\n`, exitCode: exitCode(audited) };
}

function pageLines(one: AuditedPage): readonly string[] {
  const path = relative(process.cwd(), one.path) || one.path;
  switch (one.kind) {
    case "absent":
      return [`Cannot audit ${path}: there is no such page.`];
    case "refused":
      return [`Cannot audit ${path}: ${one.why}`];
    case "audited": {
      const { findings, claims, absent } = one.result;
      const lines = findings.map(
        ({ line, kind, said, message }) => `${path}:${line}: ${kind}: ${said}: ${message}`,
      );
      const found = findings.length === 0 ? "nothing is found" : `${findings.length} found`;
      const missing =
        absent === 0
          ? ""
          : `; ${absent} of the report's sentences are not on it yet (nightlab rebuild renews it)`;
      return [...lines, `${path}: ${claims} numbers looked at, ${found}${missing}.`];
    }
  }
}

function jsonResult(audited: readonly AuditedPage[]): CommandResult {
  const pages = audited.map((one) =>
    one.kind === "audited"
      ? { path: one.path, ...one.result }
      : { path: one.path, error: one.kind === "absent" ? "there is no such page" : one.why },
  );
  return { text: `${JSON.stringify({ pages }, null, 2)}\n`, exitCode: exitCode(audited) };
}
