// The first sections of the report: title, Abstract and Introduction. They give the hypothesis, the
// runs and the verdicts, and nothing that is not recorded.
import { ignoredBy, runState, type RunState } from "../../judge/input.ts";
import { citeJournal, type ReportContext } from "./report-context.ts";
import { code, link, listed, plain } from "../../base/markdown.ts";
import type { PageBlock } from "../../base/page-signature.ts";
import { quotedSections } from "./section-quotes.ts";
import { verdictReasons, verdictSentences } from "./verdict-text.ts";

/** The page's title: the journal's, else the experiment's name. */
export function titleBlocks(context: ReportContext): readonly PageBlock[] {
  const { journal, experiment } = context.input;
  return [{ key: "title", text: `# ${plain(journal.title ?? experiment)}` }];
}

/** The section Abstract: the hypothesis, the number of runs, and the verdicts. */
export function abstractBlocks(context: ReportContext): readonly PageBlock[] {
  return [
    { key: "abstract", text: "## Abstract" },
    { key: "abstract.hypothesis", text: hypothesisText(context) },
    { key: "abstract.runs", text: runsText(context) },
    { key: "abstract.verdicts", text: verdictsText(context) },
  ];
}

/** The section Introduction: the person's own background, quoted, and a link to the journal. */
export function introductionBlocks(context: ReportContext): readonly PageBlock[] {
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
function runsText(context: ReportContext): string {
  const { runs } = context.input;
  if (runs.length === 0) return "No run has been made yet.";
  const order: readonly RunState[] = ["done", "running", "failed", "stopped", "lost", "by hand"];
  const found = order.flatMap((state) => {
    const count = runs.filter((run) => runState(run) === state).length;
    return count === 0 ? [] : [{ state, count }];
  });
  const [only, ...others] = found;
  const same = only === undefined || others.length > 0 ? undefined : word(only.state);
  const states = listed(found.map(({ state, count }) => `${count} ${word(state)}`));
  const made =
    runs.length === 1
      ? `There is 1 run; it ${["stopped", "started by hand"].includes(same ?? "") ? "was" : same === "failed" ? "has" : "is"} ${same ?? ""}.`
      : `There are ${runs.length} runs${same === undefined ? `: ${states}` : `, all ${same}`}.`;
  const ignored = runs.filter((run) => ignoredBy(context.input, run) !== undefined).length;
  const left = ignored === 0 ? "" : ` ${ignored} of them ${ignored === 1 ? "is" : "are"} ignored.`;
  return `${made}${left} ${evidenceText(context)}`.trimEnd();
}

function word(state: RunState): string {
  return state === "by hand" ? "started by hand" : state;
}

function evidenceText(context: ReportContext): string {
  const { runs } = context.evidence;
  if (context.verdicts.length === 0) return "";
  if (runs.length === 0) return "No run is evidence for the criteria.";
  if (runs.length > 5) return `The criteria judge ${runs.length} runs.`;
  const noun = runs.length === 1 ? "run" : "runs";
  return `The criteria judge the ${noun} ${listed(runs.map(context.label))}.`;
}

function verdictsText(context: ReportContext): string {
  if (context.verdicts.length === 0) {
    return "The journal states no success or failure criterion, so nothing is judged.";
  }
  let before: readonly string[] | undefined;
  return context.verdicts
    .map((verdict) => {
      const reasons = verdictReasons(verdict, context);
      // For one run the first reason suffices; for two the last one, how many runs meet it.
      const isCounted = verdict.word !== "NOT EVALUABLE" && verdict.runs.length > 1;
      const all = isCounted && verdict.runs.length > 2 && verdict.judged.length === 1;
      const shown = all ? reasons : isCounted ? reasons.slice(-1) : reasons.slice(0, 1);
      const text = verdictSentences(verdict, shown, before).join(" ");
      before = shown;
      return `- ${text}`;
    })
    .join("\n");
}
