// The words for a finding, with its evidence, and for how a run ended, each on one line. Whether a
// person resolved a finding is read here too; what the rules find is rules/.
import { normalReceiptBlock } from "../../base/receipt-block.ts";
import { receiptFinding as receiptText } from "../../domain/receipt-flags.ts";
import type { Finding } from "../../domain/finding.ts";
import type { JournalReading } from "../../domain/journal.ts";
import type { Cause } from "../../domain/run.ts";
import { spanText } from "../../base/time.ts";
import type { ReportRun } from "../../judge/input.ts";
import { code, link, plain } from "../../base/markdown.ts";
import { sourceOf } from "./sources.ts";
import { rich, type Content } from "./values.ts";

/** `val/loss is NaN at step 412 ([logs/train.log:418](…))`, without a full stop. */
export function reportFinding(run: ReportRun, finding: Finding): Content {
  const text = plain(finding.message).replace(/\.$/, "");
  const { evidence, metric: key, token } = finding;
  if (evidence === undefined) return text;
  const { file, line } = evidence;
  const place =
    key === undefined || token === undefined
      ? link(`${plain(file)}:${line}`, `${run.path}/${file}`, line)
      : { ...sourceOf(run, { ...evidence, key, token }), as: "place" as const };
  return rich`${text} (${place})`;
}

/**
 * Whether a person marked a flag `[RESOLVED]`: in the receipt, where the daemon keeps the mark, or
 * with a journal entry of their own that names the run's id and, if anything, the metric or rule.
 */
export function isResolved(run: ReportRun, finding: Finding, journal: JournalReading): boolean {
  const id = run.record?.id;
  if (id === undefined) return false;
  const text = normalReceiptBlock(receiptText(finding, run.folder));
  return (
    resolvedFlags(id, journal).includes(text) ||
    journal.entries.some((entry) => resolves(entry, id, finding))
  );
}

/** Cached by journal: a report asks about each flag of each run. */
const RESOLVED_FLAGS = new WeakMap<JournalReading, ReadonlyMap<string, readonly string[]>>();

/** The texts of the resolved flags in a run's receipt. */
function resolvedFlags(id: string, journal: JournalReading): readonly string[] {
  const known = RESOLVED_FLAGS.get(journal) ?? resolvedById(journal);
  RESOLVED_FLAGS.set(journal, known);
  return known.get(id) ?? [];
}

/** Resolved flags by the run's id; one quote may hold the receipts of several runs. */
function resolvedById(journal: JournalReading): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { receipt } of journal.blocks) {
    let owner: string | undefined = receipt?.heads[0]?.id;
    for (const block of receipt?.blocks ?? []) {
      const normal = normalReceiptBlock(block.normal);
      owner = /^\*\*[a-z]+\*\* `([a-z0-9]+)`/.exec(normal)?.[1] ?? owner;
      if (owner === undefined || !normal.includes(RESOLVED)) continue;
      const flag = normal.slice(normal.indexOf(RESOLVED) + RESOLVED.length);
      found.set(owner, [...(found.get(owner) ?? []), flag]);
    }
  }
  return found;
}

const RESOLVED = "[RESOLVED] ";

function resolves(entry: JournalReading["entries"][number], id: string, finding: Finding): boolean {
  if (!entry.tags.includes("RESOLVED")) return false;
  const [first = "", ...rest] = entry.text.trim().split(/\s+/);
  if (first.replaceAll(/[`:,]/g, "") !== id) return false;
  const words = rest.join(" ").toLowerCase();
  const about = [finding.metric, finding.rule].filter((word) => word !== undefined);
  return words === "" || about.some((word) => words.includes(word.toLowerCase()));
}

/** How a run ended, as a clause: `exit code 3`, `it passed its limit of 2 min`. */
export function causeText(cause: Cause): string {
  switch (cause.kind) {
    case "success":
      return "exit code 0";
    case "exit-code":
      return `exit code ${cause.code}`;
    case "signal":
      return `ended by signal ${plain(cause.signal)}`;
    case "hidden-crash":
      return "a crash behind exit code 0";
    case "gpu-out-of-memory":
      return "out of GPU memory";
    case "host-out-of-memory":
      return "out of host memory";
    case "disk-full":
      return "the disk was full";
    case "import-error":
      return `the module ${code(cause.module)} could not be imported`;
    case "over-limit":
      return `it passed its limit of ${spanText(cause.limitMs)}`;
    case "stopped":
      if (cause.by === "rule")
        return `stopped by a rule, as stop on asks: ${plain(cause.why ?? "")}`;
      return cause.by === "journal" ? "stopped from the journal" : "stopped from the command line";
    case "environment":
      return `its environment could not be built: ${plain(cause.message)}`;
    case "no-runner":
      return `no runner: ${plain(cause.message)}`;
    case "script-missing":
      return `the script ${code(cause.script)} is missing`;
    case "start-failed":
      return `it could not be started: ${plain(cause.message)}`;
    case "machine-restarted":
      return "the machine restarted";
    case "lost":
      return "how it ended cannot be known";
  }
}
