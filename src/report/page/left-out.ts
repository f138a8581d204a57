// Methods: each run that is ignored or did not end well, with the reason.
// A failed run is still in Results with what it logged; an ignored one is not.
import { citeJournal, type ReportContext } from "./report-context.ts";
import { causeText } from "./finding-text.ts";
import { ignoredBy, meansRun, runState, type ReportRun } from "../../judge/input.ts";
import { code, link, plain } from "../../base/markdown.ts";

/** List items; none where each run counts and ended well. */
export function leftOutLines(context: ReportContext): readonly string[] {
  const { input } = context;
  const lines = input.runs.flatMap((run) => runLines(run, context));
  for (const entry of input.ignored) {
    if (input.runs.some((run) => meansRun(entry.target, run))) continue;
    const cited = citeJournal(entry.line, entry.file);
    lines.push(
      `- ${code(entry.target)} is to be ignored (${cited}), and no run here is called so.`,
    );
  }
  return lines;
}

function runLines(run: ReportRun, context: ReportContext): string[] {
  const label = context.label(run);
  const lines: string[] = [];
  const ignored = ignoredBy(context.input, run);
  if (ignored !== undefined) {
    const cited = citeJournal(ignored.line, ignored.file);
    const why =
      ignored.reason === undefined ? "no reason is written" : `“${plain(ignored.reason)}”`;
    lines.push(`- ${label} is ignored: ${why} (${cited}).`);
  }
  const state = runState(run);
  switch (state) {
    case "failed":
    case "stopped":
    case "lost": {
      const cause = run.record?.cause;
      const why = cause === undefined ? "the cause is not recorded" : causeText(cause);
      lines.push(
        `- ${label} ${state === "lost" ? "is lost" : state === "failed" ? "failed" : "was stopped"}: ${why}${lastLine(run)}.`,
      );
      break;
    }
    case "running":
      lines.push(`- ${label} has not ended yet.`);
      break;
    case "by hand":
      lines.push(
        run.recordProblem === undefined
          ? `- ${label} was started by hand: it has no run.json.`
          : `- ${label} counts as started by hand: its ${link("run.json", `${run.path}/run.json`)} cannot be read (${plain(run.recordProblem)}).`,
      );
      break;
    case "done":
      break;
  }
  return lines;
}

/** The last line of the traceback that ended a run, with its file and line. */
function lastLine({ lastLine: last, path }: ReportRun): string {
  if (last === undefined) return "";
  const position = link(`${plain(last.file)}:${last.line}`, `${path}/${last.file}`, last.line);
  return `; ${code(last.text)} (${position})`;
}
