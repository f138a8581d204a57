// The first sections of the report: title, Abstract and Introduction. They give the hypothesis, the
// runs and the verdicts, and nothing that is not recorded.
import { ignoredBy, type RunState } from "../../judge/input.ts";
import { citeJournal, type ReportContext } from "./report-context.ts";
import { code, link, listed, plain } from "../../base/markdown.ts";
import { quotedSections } from "./section-quotes.ts";
import { saidOf, stateOf } from "./run-table.ts";
import { countOf, joined, rich, type Content, type ReportBlock, type Rich } from "./values.ts";
import { verdictReasons, verdictSentences } from "./verdict-text.ts";

/** The page's title: the journal's, else the experiment's name. */
export function titleBlocks(context: ReportContext): readonly ReportBlock[] {
  const { journal, experiment } = context.input;
  return [{ key: "title", text: `# ${plain(journal.title ?? experiment)}` }];
}

/** The section Abstract: the hypothesis, the number of runs, and the verdicts. */
export function abstractBlocks(context: ReportContext): readonly ReportBlock[] {
  return [
    { key: "abstract", text: "## Abstract" },
    { key: "abstract.hypothesis", text: hypothesisText(context) },
    { key: "abstract.runs", text: runsText(context) },
    { key: "abstract.verdicts", text: verdictsText(context) },
  ];
}

/** The section Introduction: the person's own background, quoted, and a link to the journal. */
export function introductionBlocks(context: ReportContext): readonly ReportBlock[] {
  const quotes = quotedSections(context, "introduction");
  const where = `The journal of this experiment is ${link("JOURNAL.md", "JOURNAL.md")}; its folder is ${code(context.input.experiment)}.`;
  const none = quotes.length === 0 ? " The journal has no section on the background." : "";
  return [
    { key: "introduction", text: "## Introduction" },
    { key: "introduction.journal", text: `${where}${none}` },
    ...quotes,
  ];
}

/** The hypothesis in the person's words, with its line. */
export function hypothesisText(context: ReportContext): string {
  const { hypothesis, lines } = context.input.journal.plan;
  if (hypothesis === undefined) return "The journal states no hypothesis.";
  const line = lines["hypothesis"];
  const cited = line === undefined ? "" : ` (${citeJournal(line)})`;
  return `Hypothesis: “${plain(hypothesis)}”${cited}`;
}

/** `There are 5 runs: 3 done and 2 failed. 1 of them is ignored.` */
function runsText(context: ReportContext): Content {
  const { runs } = context.input;
  if (runs.length === 0) return "No run has been made yet.";
  const states = runs.map(stateOf);
  const order: readonly RunState[] = ["done", "running", "failed", "stopped", "lost", "by hand"];
  const found = order.flatMap((state) => {
    const count = countOf(states.filter(({ token }) => token === state));
    return count.value === 0n ? [] : [{ state, count }];
  });
  const [only, ...others] = found;
  const same = only === undefined || others.length > 0 ? undefined : word(only.state);
  const list = listedRich(found.map(({ state, count }) => rich`${count} ${word(state)}`));
  const made =
    runs.length === 1
      ? `There is 1 run; it ${["stopped", "started by hand"].includes(same ?? "") ? "was" : same === "failed" ? "has" : "is"} ${same ?? ""}.`
      : rich`There are ${countOf(states)} runs${same === undefined ? rich`: ${list}` : `, all ${same}`}.`;
  const ignored = runs.filter((run) => ignoredBy(context.input, run) !== undefined);
  const out = countOf(ignored.map((run) => saidOf(run, "ignored")));
  const left =
    ignored.length === 0
      ? []
      : [rich`${out} of them ${ignored.length === 1 ? "is" : "are"} ignored.`];
  return joined([made, ...left, ...evidenceText(context)], " ");
}

/** `a`, `a and b`, `a, b and c`. */
function listedRich(items: readonly Rich[]): Rich {
  const [last] = items.slice(-1);
  if (last === undefined || items.length < 2) return last ?? [];
  return rich`${joined(items.slice(0, -1), ", ")} and ${last}`;
}

function word(state: RunState): string {
  return state === "by hand" ? "started by hand" : state;
}

function evidenceText(context: ReportContext): readonly Content[] {
  const { runs } = context.evidence;
  if (context.verdicts.length === 0) return [];
  if (runs.length === 0) return ["No run is evidence for the criteria."];
  if (runs.length > 5) return [rich`The criteria judge ${countOf(runs.map(stateOf))} runs.`];
  const noun = runs.length === 1 ? "run" : "runs";
  return [`The criteria judge the ${noun} ${listed(runs.map(context.label))}.`];
}

function verdictsText(context: ReportContext): Content {
  if (context.verdicts.length === 0) {
    return "The journal states no success or failure criterion, so nothing is judged.";
  }
  let before: readonly Content[] | undefined;
  const lines = context.verdicts.map((verdict): Rich => {
    const reasons = verdictReasons(verdict, context);
    // For one run the first reason suffices; for two the last one, how many runs meet it.
    const isCounted = verdict.word !== "NOT EVALUABLE" && verdict.runs.length > 1;
    const all = isCounted && verdict.runs.length > 2 && verdict.judged.length === 1;
    const shown = all ? reasons : isCounted ? reasons.slice(-1) : reasons.slice(0, 1);
    const text = verdictSentences(verdict, shown, before);
    before = shown;
    return rich`- ${text}`;
  });
  return joined(lines, "\n");
}
