// The summary of a night in LAB.md as blocks: runs that failed first, then done, flagged and judged
// ones, waiting commands with their reasons, and the nights before. The facts are
// scheduler/nightly-summary-facts.ts, single lines nightly-summary-items.ts.
import { spanText } from "../../base/time.ts";
import { counted, listed } from "../../base/markdown.ts";
import {
  openFlags,
  type NightCount,
  type NightFacts,
  type NightRun,
} from "../../scheduler/nightly-summary-facts.ts";
import {
  nightClock,
  clockFrom,
  nightDay,
  doneItems,
  flagItems,
  runItem,
  verdictItems,
  waitItem,
  type NightContext,
} from "./nightly-summary-items.ts";
import type { PageBlock } from "../../base/page-signature.ts";

/** Each list in LAB.md has at most this many items: the page is read over one coffee. */
const NIGHT_ITEMS = 30;

/** The blocks of one night, in page order. The same facts and context give the same bytes. */
export function nightBlocks(facts: NightFacts, context: NightContext): readonly PageBlock[] {
  const ended = (...endings: readonly string[]): readonly NightRun[] =>
    facts.ran.filter(({ run }) => endings.includes(run.outcome?.ending ?? ""));
  const stopped = ended("stopped");
  const died = [...ended("failed", "lost"), ...stopped.filter((one) => !isWanted(one))].toSorted(
    (a, b) => a.run.claimedAtMs - b.run.claimedAtMs,
  );
  const running = facts.ran.filter(({ run }) => run.outcome === undefined);
  const flagged = facts.ran.filter(({ run }) => openFlags(run).length > 0);
  const item = (one: NightRun): string => runItem(one, context);
  return [
    { key: "night", text: `## The night to ${nightDay(facts.night.endMs, context)}` },
    { key: "night.summary", text: summary(facts, context) },
    ...section("died", "Died", died.map(item)),
    ...section("done", "Done", doneItems(ended("done"), context)),
    ...section("stopped", "Stopped", stopped.filter(isWanted).map(item)),
    ...section("going", "Still going on", running.map(item)),
    ...section(
      "flagged",
      "Flagged",
      flagged.flatMap((one) => flagItems(one, context)),
    ),
    ...section("verdicts", "Verdicts", verdictItems(context)),
    ...section(
      "waits",
      "Waiting",
      facts.waits.map((one) => waitItem(one, context)),
    ),
    ...section(
      "held",
      "Held, for your go",
      facts.held.map((one) => waitItem(one, context)),
    ),
    ...section(
      "before",
      "Nights before",
      facts.before.map((one) => beforeItem(one, context)),
    ),
  ];
}

/** Whether a run was stopped by a person or at the end of its window, not by a rule. */
const isWanted = ({ run }: NightRun): boolean =>
  run.outcome?.cause.kind === "stopped" && run.outcome.cause.by !== "rule";

function section(key: string, title: string, items: readonly string[]): readonly PageBlock[] {
  if (items.length === 0) return [];
  const shown = items.slice(0, NIGHT_ITEMS);
  const more = items.length - shown.length;
  const rest = more === 0 ? [] : [`- ${more} more, see \`nightlab status --all\``];
  return [
    { key: `night.${key}`, text: `### ${title}` },
    { key: `night.${key}.list`, text: [...shown, ...rest].join("\n") },
  ];
}

/**
 * The line below the heading:
 * `22:00 to 07:00 · 12 runs: 9 done, 2 failed and 1 goes on · 14 h 12 min on GPUs, of 16 h`.
 */
function summary(facts: NightFacts, context: NightContext): string {
  const { night, asOfMs, gpuMs, budgetMs } = facts;
  const ran = facts.runs === 0 ? "nothing ran" : `${counted(facts.runs, "run")}: ${ways(facts)}`;
  const budget = budgetMs === undefined ? "" : `, of ${spanText(budgetMs)}`;
  const late = `the last of them ended at ${clockFrom(night.endMs, asOfMs, context)}`;
  const parts = [
    `${nightClock(night.startMs, context)} to ${nightClock(night.endMs, context)}`,
    ran,
    ...(gpuMs === 0 && budgetMs === undefined ? [] : [`${spanText(gpuMs)} on GPUs${budget}`]),
    ...(asOfMs > night.endMs ? [late] : []),
    ...(facts.paused ? ["the queue is paused; `queue: resume` lets it go on"] : []),
  ];
  return parts.join(" · ");
}

const ORDER = ["done", "failed", "lost", "stopped"] as const;

function ways({ runs, endings }: NightCount): string {
  const found = ORDER.flatMap((ending) => {
    const count = endings.get(ending) ?? 0;
    return count === 0 ? [] : [`${count} ${ending}`];
  });
  const ended = [...endings.values()].reduce((sum, count) => sum + count, 0);
  const running = runs - ended;
  const last = running === 0 ? [] : [`${running} ${running === 1 ? "goes" : "go"} on`];
  return listed([...found, ...last]);
}

function beforeItem(count: NightCount, context: NightContext): string {
  const hours = count.gpuMs === 0 ? "" : ` · ${spanText(count.gpuMs)} on GPUs`;
  const day = nightDay(count.night.endMs, context);
  return `- ${day} · ${counted(count.runs, "run")}: ${ways(count)}${hours}`;
}
