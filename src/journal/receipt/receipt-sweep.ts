// The receipt of a sweep: how many of its runs stand how, a table of them, their failures and flags.
// What one run's flags, metrics and ending read like is shared with receipt.ts.
import { ENDED } from "../../domain/command-state.ts";
import { isFlag, type Finding } from "../../domain/finding.ts";
import type { CommandId } from "../../base/ids.ts";
import { slotName } from "../../domain/slot.ts";
import { localStamp, spanText } from "../../base/time.ts";
import type { Command, Run } from "../../domain/world.ts";
import type { Measure } from "../../judge/comparisons.ts";
import { counted, listed, table } from "../../base/markdown.ts";
import { codeSpan, markdownText, plainLine } from "../../base/markdown-text.ts";
import { causeWords } from "./receipt-cause.ts";
import {
  metricNamed,
  flagKey,
  flagLine,
  lastToken,
  logLink,
  findingsSoFar,
  shownFindings,
  RECEIPT_FLAGS,
  RECEIPT_TEXT_CHARS,
} from "../../domain/receipt-flags.ts";
import { bestOfSweep } from "./sweep-best.ts";

/** Rows, metrics, kinds of failure and characters of a value that a sweep's receipt shows. */
const SWEEP_ROWS = 24;
const SWEEP_COLUMNS = 3;
const SWEEP_ENDINGS = 6;
const SWEEP_CELL_CHARS = 40;

export interface SweepContext {
  /** In the order of the grid. */
  readonly members: readonly Command[];
  /** What the plan measures its runs by, the criterion's own first. */
  readonly measures: readonly Measure[];
  readonly timeZone: string;
  readonly promised: readonly string[];
}

/** What the first line says behind the state and the id. */
export function sweepFacts(head: Command, { members, timeZone }: SweepContext): readonly string[] {
  const starts = members.flatMap(({ run, earlierRuns }) => {
    const first = earlierRuns?.[0] ?? run;
    return first?.startedAtMs ?? first?.claimedAtMs ?? [];
  });
  const counts = countsOf(members);
  if (starts.length === 0) return counts;
  const from = Math.min(...starts);
  const stamp = localStamp(from, timeZone);
  if (!ENDED.has(head.state)) return [`since ${stamp.slice(11, 16)}`, ...counts];
  const ends = members.flatMap(({ run }) => run?.endedAtMs ?? []);
  const took = ends.length === 0 ? "" : `, ${spanText(Math.max(...ends) - from)}`;
  return [`${stamp}${took}`, ...counts];
}

const ORDER = [
  "done",
  "failed",
  "stopped",
  "lost",
  "cancelled",
  "skipped",
  "running",
  "preparing",
  "queued",
  "waiting",
  "held",
] as const;

/** `7 of 9 done, 2 failed`; `9 runs` where all of them are alike. */
function countsOf(members: readonly Command[]): readonly string[] {
  const counts = ORDER.flatMap((state) => {
    const count = members.filter((member) => member.state === state).length;
    return count === 0 ? [] : [{ state, count }];
  });
  const [first, ...rest] = counts;
  if (first === undefined) return [];
  if (rest.length === 0 && first.state === "done") return [counted(first.count, "run")];
  const all = `${first.count} of ${members.length} ${first.state}`;
  return [[all, ...rest.map(({ state, count }) => `${count} ${state}`)].join(", ")];
}

/** The paragraphs and items below the first line. */
export function sweepReceiptBlocks(head: Command, context: SweepContext): readonly string[] {
  const { members } = context;
  return [
    membersTable(context),
    ...leftOut(head, context),
    ...bestOfSweep(members, context.measures),
    ...endings(members),
    ...flags(context),
  ];
}

/** One row for each run: those that a person looks for where there are too many. */
function membersTable(context: SweepContext): string {
  const rows = shownMembers(context.members);
  const keys = rows[0]?.swept?.map(({ key }) => key) ?? [];
  const metrics = metricColumns(context);
  const flagged = rows.some((member) => openFlags(member).length > 0);
  const head = ["run", ...keys, "state", "time", ...metrics, ...(flagged ? ["flags"] : [])];
  const lines = rows.map((member) => [
    codeSpan(member.id),
    ...(member.swept ?? []).map(({ value }) => cell(value)),
    stateCell(member),
    timeCell(member, context.timeZone),
    ...metrics.map((key) => metricCell(member, key)),
    ...(flagged ? [flagCell(member)] : []),
  ]);
  return table(head.map(cell), lines);
}

/** A person's text in a table's cell. */
const cell = (text: string): string =>
  markdownText(plainLine(text, SWEEP_CELL_CHARS)).replaceAll("|", String.raw`\|`);

function stateCell({ state, run, earlierRuns = [] }: Command): string {
  const place = state === "running" ? slotName(run?.spec.place) : undefined;
  const tries = earlierRuns.length === 0 ? [] : [`try ${earlierRuns.length + 1}`];
  return [state, ...(place === undefined ? [] : [place]), ...tries].join(", ");
}

function timeCell({ state, run }: Command, timeZone: string): string {
  if (run?.startedAtMs === undefined) return "";
  if (!ENDED.has(state)) return `since ${localStamp(run.startedAtMs, timeZone).slice(11, 16)}`;
  if (run.endedAtMs === undefined || state === "lost") return "";
  return spanText(run.endedAtMs - run.startedAtMs);
}

function metricCell({ run }: Command, key: string): string {
  const metric = metricNamed(run?.outcome?.metrics ?? [], key);
  return metric === undefined ? "" : lastToken(metric.last).replaceAll("|", String.raw`\|`);
}

const openFlags = ({ run }: Command): readonly Finding[] =>
  shownFindings(findingsSoFar(run)).filter(
    (flag) => isFlag(flag) && run?.resolved.includes(flagKey(flag)) !== true,
  );

function flagCell(member: Command): string {
  const count = openFlags(member).length;
  return count === 0 ? "" : String(count);
}

/** Promised metrics that some run logged, else the first ones of the first run that has any. */
function metricColumns({ members, promised }: SweepContext): readonly string[] {
  const logged = members.flatMap(({ run }) => run?.outcome?.metrics ?? []);
  const found = promised.flatMap((key) => metricNamed(logged, key)?.key ?? []);
  const first = members.find(({ run }) => (run?.outcome?.metrics.length ?? 0) > 0);
  const keys =
    found.length > 0 ? found : (first?.run?.outcome?.metrics ?? []).map(({ key }) => key);
  return [...new Set(keys)].slice(0, SWEEP_COLUMNS);
}

/** What goes on and what went wrong comes before what is as it should be. */
const rank = (member: Command): number => {
  const { state } = member;
  if (state === "failed" || state === "lost" || openFlags(member).length > 0) return 0;
  if (state === "running" || state === "preparing") return 1;
  return state === "done" ? 2 : 3;
};

function shownMembers(members: readonly Command[]): readonly Command[] {
  if (members.length <= SWEEP_ROWS) return members;
  const chosen = new Set(members.toSorted((a, b) => rank(a) - rank(b)).slice(0, SWEEP_ROWS));
  return members.filter((member) => chosen.has(member));
}

function leftOut(head: Command, { members }: SweepContext): readonly string[] {
  const shown = new Set(shownMembers(members));
  const rest = members.filter((member) => !shown.has(member));
  if (rest.length === 0) return [];
  const told = ORDER.flatMap((state) => {
    const count = rest.filter((member) => member.state === state).length;
    return count === 0 ? [] : [`${count} ${state}`];
  });
  const where = codeSpan(`nightlab status ${head.id}`);
  return [`${rest.length} more are not shown: ${told.join(", ")}; ${where} has them all.`];
}

interface Alike {
  readonly ids: string[];
  readonly said: string;
}

/** How runs failed, those that failed alike together, each with the line that shows it. */
function endings(members: readonly Command[]): readonly string[] {
  const alike = new Map<string, Alike>();
  for (const member of members) {
    const { run, state } = member;
    if (run?.outcome === undefined || state === "done" || state === "stopped") continue;
    const { short } = causeWords(member, run.outcome);
    const { lastLine } = run.outcome;
    const words = plainLine(lastLine?.text ?? "", RECEIPT_TEXT_CHARS);
    // A flag says it, and can be marked as resolved.
    if (words !== "" && openFlags(member).some(({ message }) => plainLine(message).includes(words)))
      continue;
    const link =
      lastLine === undefined ? "" : ` ${codeSpan(words)} (${logLink(lastLine, run.folder)})`;
    const key = JSON.stringify([state, short, words]);
    const known = alike.get(key);
    if (known !== undefined) known.ids.push(member.id);
    else
      alike.set(key, { ids: [member.id], said: `${state}: ${short ?? "why is not known"}${link}` });
  }
  const shown = [...alike.values()].slice(0, SWEEP_ENDINGS);
  const items = shown.map(({ ids, said }) => `- ${named(ids)} ${said}`);
  const beyond = alike.size - shown.length;
  return beyond === 0 ? items : [...items, `- ${beyond} other failures in [REPORT.md](REPORT.md)`];
}

function named(ids: readonly string[]): string {
  const some = ids.slice(0, 4).map((id) => codeSpan(id));
  const more = ids.length - some.length;
  return listed(more === 0 ? some : [...some, `${more} more`]);
}

/** A flag that several runs have alike stands once. */
interface SharedFlag {
  readonly run: Run;
  readonly finding: Finding;
  readonly ids: CommandId[];
}

function flags({ members, timeZone }: SweepContext): readonly string[] {
  const alike = new Map<string, SharedFlag>();
  for (const { id, run } of members) {
    if (run === undefined) continue;
    for (const finding of shownFindings(findingsSoFar(run)).filter(isFlag)) {
      const resolved = run.resolved.includes(flagKey(finding));
      const key = JSON.stringify([flagKey(finding), finding.message, resolved]);
      const known = alike.get(key);
      if (known === undefined) alike.set(key, { run, finding, ids: [id] });
      else known.ids.push(id);
    }
  }
  const all = [...alike.values()];
  const items = all
    .slice(0, RECEIPT_FLAGS)
    .map(({ run, finding, ids }) => flagLine(run, finding, timeZone, named(ids)));
  const beyond = all.length - items.length;
  return beyond === 0 ? items : [...items, `- ${beyond} more in [REPORT.md](REPORT.md)`];
}
