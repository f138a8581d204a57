// The data and HTML of plots/index.html, the live page: an experiment's runs with their curves and
// final values, each bounded in number. The page's script and writing it are effects/render/.
import { visibleText } from "../../base/visible-text.ts";
import { canonicalMetric, sameMetric } from "../../domain/metric-key.ts";
import { measured, withoutText } from "../../judge/compare-dots.ts";
import { measuresOf, type Measure } from "../../judge/comparisons.ts";
import { comparedRuns, thinnedIndices, CURVE_GROUPS } from "./curve-lines.ts";
import type { Curve } from "../../judge/curves.ts";
import { evidenceOf } from "../../judge/evidence.ts";
import { groupLabel, groupsOf, type RunGroup } from "../../judge/groups.ts";
import { runState, type ReportInput, type ReportRun } from "../../judge/input.ts";
import type { LiveCurve, LiveDots, LiveMetric, LivePage } from "./live-page-data.ts";
import { comparedMetrics, measureName } from "./plot-compare.ts";
import { shapeOf } from "../../judge/plot-data.ts";
import { groupDigits } from "./plot-text.ts";
import { optionsOf, searched, sweepOf } from "../../judge/sweep.ts";

/** The live page has at most this many runs, the newest; nobody reads a longer list. */
export const PAGE_RUNS = 1_000;
/** The live page has at most this many metrics, the promised ones first. */
const PAGE_METRICS = 8;
/** All curves of the live page together have at most this many points, about 2 MB. */
const PAGE_POINTS = 100_000;
/** Each curve may have this many of PAGE_POINTS; if that is too many, metrics are left out. */
export const PAGE_CURVE_POINTS = 60;

/** The live page of an experiment; undefined while no run has a curve. */
export function livePage(input: ReportInput): LivePage | undefined {
  const all = comparedRuns(input).filter(({ curves = [] }) => curves.length > 0);
  if (all.length === 0) return undefined;
  const runs = all.slice(-PAGE_RUNS);
  const groups = groupsOf(runs);
  const names = metricsOf(input, runs);
  const most = Math.floor(PAGE_POINTS / PAGE_CURVE_POINTS / runs.length);
  const shown = names.slice(0, Math.max(1, Math.min(PAGE_METRICS, most)));
  const index = new Map(runs.map((run, r) => [run, r]));
  const groupOf = new Map(groups.flatMap((group, g) => group.runs.map((run) => [run, g])));
  const columns = Math.floor(PAGE_POINTS / (runs.length * shown.length) / 4);
  const values = valueCharts(input, groups, index);
  return {
    experiment: input.experiment,
    notes: notesOf(all.length, runs.length, names.length, shown.length),
    colours: CURVE_GROUPS,
    groups: groups.map((group) => ({ name: groupLabel(group, groups) })),
    runs: runs.map((run) => ({
      folder: run.path.startsWith("runs/") ? run.folder : run.path,
      group: groupOf.get(run) ?? 0,
      state: runState(run),
    })),
    metrics: shown.map((name) => liveMetric(name, runs, columns)),
    ...values,
  };
}

/** The compared metrics, then the others in the order in which runs logged them. */
function metricsOf(input: ReportInput, runs: readonly ReportRun[]): readonly string[] {
  const logged = runs.flatMap(({ curves = [] }) => curves.map(({ key }) => key));
  const found = new Map<string, string>();
  const has = new Set(logged.map(canonicalMetric));
  for (const name of [...comparedMetrics(input, runs), ...logged]) {
    const canonical = canonicalMetric(name);
    if (has.has(canonical) && !found.has(canonical)) found.set(canonical, name);
  }
  return [...found.values()];
}

function notesOf(all: number, runs: number, metrics: number, shown: number): readonly string[] {
  return [
    ...(all > runs
      ? [`Of ${groupDigits(all)} runs the newest ${groupDigits(runs)} are here.`]
      : []),
    ...(metrics > shown ? [`Of ${metrics} metrics ${firstText(shown)} here.`] : []),
  ];
}

const firstText = (shown: number): string =>
  shown === 1 ? "the first is" : `the first ${shown} are`;

function liveMetric(name: string, runs: readonly ReportRun[], columns: number): LiveMetric {
  const found = runs.flatMap(({ curves = [] }, r) => {
    const curve = curves.find(({ key }) => sameMetric(key, name));
    return curve === undefined ? [] : [{ r, curve }];
  });
  const step = found.find(({ curve }) => !curve.byPosition)?.curve.stepKey ?? "sample";
  const ys = Float64Array.from(found.flatMap(({ curve }) => [...curve.values]));
  const { low, log } = shapeOf(ys, ys);
  const factors = [...new Set(found.flatMap(({ curve }) => curve.factor ?? []))].toSorted(
    (a, b) => a - b,
  );
  const smooth =
    factors.length === 0 ? "" : ` Noisy curves are drawn as EMA, factor ${factors.join(" and ")}.`;
  const logged = found.reduce((sum, { curve }) => sum + curve.count, 0);
  return {
    name,
    step: step === "sample" ? "value" : step,
    positive: low > 0,
    log,
    caption: `${runsText(found.length)}, ${groupDigits(logged)} values from their logs.${smooth}`,
    curves: found.map(({ r, curve }) => liveCurve(r, curve, step, columns)),
  };
}

const runsText = (count: number): string => `${groupDigits(count)} ${count === 1 ? "run" : "runs"}`;

function liveCurve(r: number, curve: Curve, step: string, columns: number): LiveCurve {
  const kept = thinnedIndices(curve.values, columns);
  const pick = (values: ArrayLike<number>, digits: number): readonly (number | null)[] =>
    kept.map((i) => {
      const value = values[i] ?? Number.NaN;
      return Number.isFinite(value) ? Number(value.toPrecision(digits)) : null;
    });
  const own = curve.byPosition ? "sample" : curve.stepKey;
  const marks = curve.marks.map(({ step: x, value, seconds = null, label }) => {
    return [own === step ? x : null, seconds, value, label] as const;
  });
  return {
    r,
    ...(own === step ? { s: pick(curve.steps, 9) } : {}),
    ...(curve.seconds === undefined ? {} : { t: pick(curve.seconds, 5) }),
    v: pick(curve.values, 6),
    ...(marks.length === 0 ? {} : { m: marks }),
  };
}

/** The charts of final values and of the sweep, for the measures of the report. */
function valueCharts(
  input: ReportInput,
  groups: readonly RunGroup[],
  index: ReadonlyMap<ReportRun, number>,
): Pick<LivePage, "finals" | "sweeps"> {
  const groupIndex = new Map(groups.map((group, g) => [group, g]));
  const sweep = sweepOf(searched([...index.keys()], evidenceOf(input)));
  const measures = measuresOf(input).slice(0, PAGE_METRICS);
  const finals = measures.flatMap((measure): LiveDots[] => {
    const { dots, bars, without } = measured(measure, groups);
    if (dots.length < 2) return [];
    const interval = bars.length === 0 ? "" : "; mean and 95 % t-interval from three runs on";
    const none = without === 0 ? "" : ` ${withoutText(without)}.`;
    return [
      {
        title: `${measureName(measure)} of each run that ended`,
        name: measureName(measure),
        caption: `One point a run${interval}.${none}`,
        dots: dots.map(({ run, value }) => ({ r: index.get(run) ?? 0, v: value })),
        bars: bars.map(({ group, ...bar }) => ({ g: groupIndex.get(group) ?? 0, ...bar })),
      },
    ];
  });
  const { options = [], groups: settings = [] } = sweep ?? {};
  if (options.length === 0 || options.length > 2) return { finals, sweeps: [] };
  const sweeps = measures.flatMap((measure) => sweepDots(measure, settings, options, index));
  return { finals, sweeps };
}

function sweepDots(
  measure: Measure,
  settings: readonly RunGroup[],
  options: readonly string[],
  index: ReadonlyMap<ReportRun, number>,
): readonly LiveDots[] {
  const { dots } = measured(measure, settings);
  if (dots.length < 2) return [];
  const what = options.length === 2 ? "Mean of the runs of each setting" : "One point a run";
  return [
    {
      title: `${measureName(measure)} over ${options.join(" and ")}`,
      name: measureName(measure),
      caption: `${what}; the best of a sweep confirms nothing.`,
      at: options,
      dots: dots.map(({ group, run, value }) => {
        const given = optionsOf(group.args);
        const at = options.map((option) => given.get(option) ?? "");
        return { r: index.get(run) ?? 0, v: value, at };
      }),
    },
  ];
}

export interface PageParts {
  /** The drawing library, the script of the page and its style, as text. */
  readonly library: string;
  readonly script: string;
  readonly style: string;
}

/**
 * The live page as one HTML file, still without doctype and signature, which
 * effects/render/live-page.ts adds. Text that a person or a log wrote is never code in it: it is in
 * a block of JSON data, and the page's policy forbids it to load anything.
 */
export function livePageHtml(page: LivePage, { library, script, style }: PageParts): string {
  const title = `${page.experiment}: plots`;
  const policy =
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'";
  const data = JSON.stringify(page, withVisibleTexts).replaceAll("<", "\\u003c");
  const notes = page.notes.map((note) => `<p>${escaped(note)}</p>\n`).join("");
  return `<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>
${style}</style>
</head>
<body>
<header>
<h1>${escaped(page.experiment)}</h1>
<p>The runs of this experiment side by side; all numbers are in <a href="../REPORT.md">REPORT.md</a> with their sources.</p>
${notes}<p>Drag across a chart to look closer, Shift and drag to move, Ctrl and the wheel to zoom, double-click to see all.</p>
</header>
<div class="page">
<nav aria-label="Runs">
<input type="search" id="search" placeholder="find runs" aria-label="Find runs">
<div class="tools"><button type="button" id="all">all</button><button type="button" id="none">none</button><span id="count"></span></div>
<ul id="runs"></ul>
</nav>
<main></main>
</div>
<div id="tip" role="status" hidden></div>
<script type="application/json" id="data">${data}</script>
<script>${inScript(library)}</script>
<script>${inScript(script)}</script>
</body>
</html>
`;
}

/** For JSON.stringify: names in the data are shown by the page's script. */
function withVisibleTexts(_key: string, value: unknown): unknown {
  return typeof value === "string" ? visibleText(value) : value;
}

/** The text escaped for HTML, between tags or in an attribute. */
function escaped(text: string): string {
  return visibleText(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** Code for a script element: nothing in it may close the element. */
function inScript(code: string): string {
  return code.replaceAll(/<(?=\/script|!--)/gi, "\\x3C");
}
