// The receipt of a sweep: counts by state, a table of its runs, the best of them, failures and
// flags. Differences between its settings are left to the report: every number here was logged.
import { ENDED, type Swept } from "../../domain/command-state.ts";
import { isFlag, type Finding } from "../../domain/finding.ts";
import type { CommandId } from "../../base/ids.ts";
import type { Sample } from "../../domain/sample.ts";
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

/** What a sweep's receipt shows at most, so that it stays readable: rows of its table, */
const SWEEP_ROWS = 24;
/** metric columns, */
const SWEEP_COLUMNS = 3;
/** kinds of failure, */
const SWEEP_ENDINGS = 6;
/** characters of a cell, */
const SWEEP_CELL_CHARS = 40;
/** and ids that share a failure or a flag. */
const SWEEP_IDS = 4;

export interface SweepContext {
  /** Its runs, in the order of the grid. */
  readonly members: readonly Command[];
  /** What the plan measures its runs by, the criterion's own measures first. */
  readonly measures: readonly Measure[];
  /** IANA name of the time zone in which times are shown. */
  readonly timeZone: string;
  /** Names of the plan's metrics, those of its criteria first. */
  readonly promised: readonly string[];
}

/** Parts of the first line after the state and the id: times, and runs by state. */
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

/** The order in which counts by state are listed. */
const STATE_ORDER = [
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

/** `7 of 9 done, 2 failed`; `9 runs` if all of them are done. */
function countsOf(members: readonly Command[]): readonly string[] {
  const counts = STATE_ORDER.flatMap((state) => {
    const count = members.filter((member) => member.state === state).length;
    return count === 0 ? [] : [{ state, count }];
  });
  const [first, ...rest] = counts;
  if (first === undefined) return [];
  if (rest.length === 0 && first.state === "done") return [counted(first.count, "run")];
  const all = `${first.count} of ${members.length} ${first.state}`;
  return [[all, ...rest.map(({ state, count }) => `${count} ${state}`)].join(", ")];
}

/** The blocks below the first line. */
export function sweepReceiptBlocks(head: Command, context: SweepContext): readonly string[] {
  const { members } = context;
  return [
    membersTable(context),
    ...leftOut(head, context),
    ...bestOfSweep(context),
    ...endings(members),
    ...flags(context),
  ];
}

/** One row for each run; if there are too many, the `SWEEP_ROWS` that matter most (`rank`). */
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

/** The user's text as a table cell. */
const cell = (text: string): string =>
  markdownText(plainLine(text, SWEEP_CELL_CHARS)).replaceAll("|", String.raw`\|`);

function stateCell({ state, run, earlierRuns = [] }: Command): string {
  const slot = state === "running" ? slotName(run?.spec.place) : undefined;
  const attempts = earlierRuns.length === 0 ? [] : [`try ${earlierRuns.length + 1}`];
  return [state, ...(slot === undefined ? [] : [slot]), ...attempts].join(", ");
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

/**
 * The plan's metrics that some run logged, else the first metrics of the first run that has any.
 */
function metricColumns({ members, promised }: SweepContext): readonly string[] {
  const logged = members.flatMap(({ run }) => run?.outcome?.metrics ?? []);
  const found = promised.flatMap((key) => metricNamed(logged, key)?.key ?? []);
  const first = members.find(({ run }) => (run?.outcome?.metrics.length ?? 0) > 0);
  const keys =
    found.length > 0 ? found : (first?.run?.outcome?.metrics ?? []).map(({ key }) => key);
  return [...new Set(keys)].slice(0, SWEEP_COLUMNS);
}

/** Order of rows when not all fit, lowest first: failed or flagged, at work, done, not started. */
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
  const counts = STATE_ORDER.flatMap((state) => {
    const count = rest.filter((member) => member.state === state).length;
    return count === 0 ? [] : [`${count} ${state}`];
  });
  const where = codeSpan(`nightlab status ${head.id}`);
  return [`${rest.length} more are not shown: ${counts.join(", ")}; ${where} has them all.`];
}

/** Runs that failed in the same way. */
interface SharedFailure {
  readonly ids: string[];
  readonly text: string;
}

/** How runs failed: one item for each kind of failure, with the log line that shows it. */
function endings(members: readonly Command[]): readonly string[] {
  const failures = new Map<string, SharedFailure>();
  for (const member of members) {
    const { run, state } = member;
    if (run?.outcome === undefined || state === "done" || state === "stopped") continue;
    const { short } = causeWords(member, run.outcome);
    const { lastLine } = run.outcome;
    const words = plainLine(lastLine?.text ?? "", RECEIPT_TEXT_CHARS);
    // A flag shows the same line already, and the user can mark a flag as resolved.
    if (words !== "" && openFlags(member).some(({ message }) => plainLine(message).includes(words)))
      continue;
    const link =
      lastLine === undefined ? "" : ` ${codeSpan(words)} (${logLink(lastLine, run.folder)})`;
    const key = JSON.stringify([state, short, words]);
    const known = failures.get(key);
    if (known !== undefined) known.ids.push(member.id);
    else
      failures.set(key, {
        ids: [member.id],
        text: `${state}: ${short ?? "why is not known"}${link}`,
      });
  }
  const shown = [...failures.values()].slice(0, SWEEP_ENDINGS);
  const items = shown.map(({ ids, text }) => `- ${namesOf(ids)} ${text}`);
  const beyond = failures.size - shown.length;
  return beyond === 0 ? items : [...items, `- ${beyond} other failures in [REPORT.md](REPORT.md)`];
}

function namesOf(ids: readonly string[]): string {
  const some = ids.slice(0, SWEEP_IDS).map((id) => codeSpan(id));
  const more = ids.length - some.length;
  return listed(more === 0 ? some : [...some, `${more} more`]);
}

/** A flag that several runs have in common is shown once. */
interface SharedFlag {
  readonly run: Run;
  readonly finding: Finding;
  readonly ids: CommandId[];
}

function flags({ members, timeZone }: SweepContext): readonly string[] {
  const shared = new Map<string, SharedFlag>();
  for (const { id, run } of members) {
    if (run === undefined) continue;
    for (const finding of shownFindings(findingsSoFar(run)).filter(isFlag)) {
      const resolved = run.resolved.includes(flagKey(finding));
      const key = JSON.stringify([flagKey(finding), finding.message, resolved]);
      const known = shared.get(key);
      if (known === undefined) shared.set(key, { run, finding, ids: [id] });
      else known.ids.push(id);
    }
  }
  const all = [...shared.values()];
  const items = all
    .slice(0, RECEIPT_FLAGS)
    .map(({ run, finding, ids }) => flagLine(run, finding, timeZone, namesOf(ids)));
  const beyond = all.length - items.length;
  return beyond === 0 ? items : [...items, `- ${beyond} more in [REPORT.md](REPORT.md)`];
}

/** A member that is done, with the sample it is ranked by. */
interface Measured {
  readonly member: Command;
  readonly sample: Sample;
}

/**
 * The paragraph that names the best run or setting, always as picked from n after the fact. Present
 * once two settings have a run that is done and the plan says which direction is better. With
 * several seeds per setting, settings are ranked by the mean over seeds: the best single seed is no
 * evidence for its setting.
 */
function bestOfSweep({ members, measures }: SweepContext): readonly string[] {
  const measure = measures.find(({ better }) => better !== undefined);
  if (measure?.better === undefined) return [];
  const found = members.flatMap((member) => {
    const sample = member.state === "done" ? sampleOf(member, measure) : undefined;
    return sample === undefined || !Number.isFinite(sample.value) ? [] : [{ member, sample }];
  });
  const settings = new Map<string, Measured[]>();
  for (const one of found) {
    const key = settingText(one.member);
    settings.set(key, [...(settings.get(key) ?? []), one]);
  }
  if (settings.size < 2) return [];
  const sign = measure.better === "min" ? 1 : -1;
  const mean = (all: readonly Measured[]): number =>
    all.reduce((sum, { sample }) => sum + sample.value, 0) / all.length;
  const [best] = [...settings].toSorted(([, a], [, b]) => sign * (mean(a) - mean(b)));
  if (best === undefined) return [];
  const [setting, runs] = best;
  const [first] = runs;
  const word = measure.better === "min" ? "lowest" : "highest";
  const of = `${measure.aggregation} ${markdownText(plainLine(measure.name, 60))}`;
  const open = members.some(({ state }) => !ENDED.has(state));
  const some = open ? " so far" : found.length < members.length ? " that are done" : "";
  const where = markdownText(plainLine(setting, 120));
  if (runs.length === 1 && first !== undefined && settings.size === found.length) {
    const value = lastToken(first.sample);
    const run = codeSpan(first.member.id);
    return [`Best of ${found.length} runs${some}: ${of} ${value}, ${run} (${where}). ${PICKED}`];
  }
  return [
    `Best of ${settings.size} settings${some}, by the mean over their runs: the ${word} ${of} is that of ${where}. ${PICKED}`,
  ];
}

const PICKED = "It was picked after the results were seen.";

function sampleOf({ run }: Command, { name, aggregation, better }: Measure): Sample | undefined {
  const metric = metricNamed(run?.outcome?.metrics ?? [], name);
  const which = aggregation === "best" ? better : aggregation;
  return which === undefined ? undefined : metric?.[which];
}

/** The swept values without the seed: `lr 3e-4, wd 0.1`. */
function settingText({ swept = [] }: Command): string {
  const without = swept.filter(({ key }: Swept) => key !== "seed");
  return without.map(({ key, value }) => `${key} ${value}`).join(", ");
}
