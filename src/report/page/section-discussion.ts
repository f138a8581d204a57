// Discussion: the journal's tagged entries as written, the flags of the runs, and the limits of the
// experiment as facts, without any interpretation.
import { isFlag } from "../../domain/finding.ts";
import type { Entry } from "../../domain/journal.ts";
import { spanText } from "../../base/time.ts";
import { citeJournal, type ReportContext } from "./report-context.ts";
import { reportFinding, isResolved } from "./finding-text.ts";
import { settingCount } from "../../judge/groups.ts";
import { runState, type ReportRun } from "../../judge/input.ts";
import { counted, plain } from "../../base/markdown.ts";
import { quotedSections } from "./section-quotes.ts";
import { stateOf } from "./run-table.ts";
import { counting, joined, rich, type Content, type ReportBlock } from "./values.ts";

/** REPORT.md lists at most this many entries and flags, the newest; the journal has all. */
const REPORT_ENTRIES = 300;

/** The section Discussion. */
export function discussionBlocks(context: ReportContext): readonly ReportBlock[] {
  const blocks: ReportBlock[] = [
    { key: "discussion", text: "## Discussion" },
    ...quotedSections(context, "discussion"),
    ...listBlocks("entries", "### Entries of the journal", entryLines(context)),
    ...listBlocks("flags", "### Flags", flagLines(context)),
    ...listBlocks("limits", "### Limits", limitLines(context)),
  ];
  if (blocks.length === 1) {
    blocks.push({ key: "discussion.none", text: "The journal has no tagged entries yet." });
  }
  return blocks;
}

function listBlocks(name: string, heading: string, lines: readonly Content[]): ReportBlock[] {
  if (lines.length === 0) return [];
  return [
    { key: `discussion.${name}`, text: heading },
    { key: `discussion.${name}.list`, text: joined(lines, "\n") },
  ];
}

function entryLines(context: ReportContext): readonly string[] {
  const { entries } = context.input.journal;
  const lines = entries.slice(-REPORT_ENTRIES).map(entryLine);
  const more = entries.length - lines.length;
  return more === 0
    ? lines
    : [`- ${counted(more, "older entry", "older entries")} stand in the journal.`, ...lines];
}

function entryLine(entry: Entry): string {
  const hasDate = /\d{4}-\d{2}-\d{2}/.test(entry.time ?? "");
  const when = [hasDate ? undefined : entry.date, entry.time].filter((part) => part !== undefined);
  const tags = entry.tags.map((tag) => `[${tag}]`).join(" ");
  const stamp = when.length === 0 ? "Undated" : when.join(" ");
  return `- ${stamp} ${tags} “${plain(entry.text)}” (${citeJournal(entry.line)})`;
}

function flagLines(context: ReportContext): readonly Content[] {
  const lines = context.counted.flatMap((run) =>
    run.findings.map((finding) => {
      const text = reportFinding(run, finding);
      const label = context.label(run);
      if (!isFlag(finding)) return rich`- Note on ${label}: ${text}`;
      const resolved = isResolved(run, finding, context.input.journal);
      return resolved
        ? rich`- [RESOLVED] ${label}: ${text}`
        : rich`- [WEIRD] ${label} (open): ${text}`;
    }),
  );
  const more = lines.length - REPORT_ENTRIES;
  if (more <= 0) return lines;
  return [`- ${counted(more, "flag")} of older runs are not listed.`, ...lines.slice(more)];
}

/** The limits of what the page's numbers show, each a fact that can be checked. */
function limitLines(context: ReportContext): readonly Content[] {
  const { evidence, counted: runs } = context;
  if (runs.length === 0) return [];
  const lines: Content[] = [];
  const add = (which: readonly ReportRun[], one: string, many: string): void => {
    const text = which.length === 1 ? one : many;
    if (which.length > 0) lines.push(rich`- ${counting(which.map(stateOf), "run")} ${text}.`);
  };
  if (evidence.runs.length === 1)
    lines.push("- One run is evidence; variation between runs is unknown.");
  if (evidence.runs.length === 2)
    lines.push("- Two runs are evidence; nothing is estimated from two.");
  const settings = settingCount(evidence.runs);
  const of = settings > 1 ? `, of ${settings} settings; no mean is taken of them` : "";
  if (evidence.runs.length > 2)
    lines.push(rich`- ${counting(evidence.runs.map(stateOf), "run")} are evidence${of}.`);
  const codes = new Set(evidence.runs.flatMap((run) => run.record?.codeHash ?? []));
  if (codes.size > 1)
    lines.push(`- The runs that are evidence ran ${codes.size} versions of the scripts.`);
  const seconds = evidence.runs.flatMap((run) => run.record?.seconds ?? []);
  if (seconds.length > 0) {
    const most = spanText(Math.max(...seconds) * 1000);
    lines.push(`- No run that is evidence took longer than ${most}.`);
  }
  const open = context.verdicts.filter((verdict) => verdict.word === "NOT EVALUABLE");
  if (open.length > 0) {
    const which = open.map((verdict) => verdict.which).join(" and the ");
    lines.push(`- The ${which} criterion cannot be evaluated; Conclusion says why.`);
  }
  const recorded = runs.filter((run) => run.record !== undefined);
  const unended = runs.filter((run) => ["failed", "stopped", "lost"].includes(runState(run)));
  add(unended, "did not end well", "did not end well");
  add(
    runs.filter((run) => run.record === undefined),
    "was started by hand, so its circumstances are not recorded",
    "were started by hand, so their circumstances are not recorded",
  );
  const dirty = recorded.filter((run) => run.record?.git?.dirty === true);
  add(dirty, "had uncommitted changes", "had uncommitted changes");
  const untracked = recorded.filter((run) => run.record?.git === undefined);
  add(untracked, "has no git commit", "have no git commit");
  const unread = runs.filter((run) => run.reading.unread.count > 0);
  add(
    unread,
    "has metric lines that could not be read",
    "have metric lines that could not be read",
  );
  return lines;
}
