// Updates an experiment's own plots/: the pictures that compare its runs, and the live page. What
// they show is made in report/plots/plot-compare.ts; plot-files.ts decides which files are written.
import { join } from "node:path";
import type { ReportInput } from "../../judge/input.ts";
import { comparePlots, type ComparePlot } from "../../report/plots/plot-compare.ts";
import { plotNames } from "../../judge/plot-names.ts";
import { presentLivePage, renewLivePage } from "./live-page.ts";
import { findPlotPlace, imageFile, wantedPlot, writePlot } from "./plot-files.ts";
import type { Renderer } from "./render.ts";
import { mkdir, readdir } from "../os/lab-files.ts";

const FOLDER = "plots";

/** The plots of the last input: one update needs them several times, and many runs are slow. */
let last: { readonly input: ReportInput; readonly plots: readonly ComparePlot[] } | undefined;

function plotsOf(input: ReportInput): readonly ComparePlot[] {
  const { runs, journal, ignored, baseline } = input;
  const same =
    last?.input.runs === runs &&
    last.input.journal === journal &&
    last.input.ignored === ignored &&
    last.input.baseline === baseline;
  if (last === undefined || !same) last = { input, plots: comparePlots(input) };
  return last.plots;
}

/**
 * Draws the pictures whose spec changed and writes the live page, never over a person's own file.
 * An experiment with a single run has only the live page. Returns what could not be drawn or
 * written, each as a sentence. Never rejects.
 */
export async function renewComparePlots(
  experimentDir: string,
  input: ReportInput,
  renderer: Renderer,
): Promise<readonly string[]> {
  const plots = plotsOf(input);
  const folder = join(experimentDir, FOLDER);
  const names = plotNames(plots.map(({ key }) => key));
  const others = new Set([...names.values()].map((name) => name.toLowerCase()));
  const failures: string[] = [];
  for (const { key, spec } of plots) {
    try {
      await mkdir(folder, { recursive: true });
      const wanted = wantedPlot(key, spec());
      const find = () => findPlotPlace(folder, names.get(key) ?? key, others, wanted);
      if ((await find())?.kind === "current") continue;
      const { webp } = await renderer.render(wanted.spec);
      // Look again: a person may have saved a file of that name during the drawing.
      const place = await find();
      if (place === undefined || !(await writePlot(folder, place, wanted, webp))) {
        failures.push(`No picture of ${key} in ${folder}: a file of yours has its name`);
      }
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      failures.push(`No picture of ${key} in ${folder}: ${cause}`);
    }
  }
  await renewLivePage(folder, input).catch((error: unknown) => {
    const cause = error instanceof Error ? error.message : String(error);
    failures.push(`No live page in ${folder}: ${cause}`);
  });
  return failures;
}

/** The input with what exists on disk: pictures that have their spec, and the live page. */
export async function withFigures(experimentDir: string, input: ReportInput): Promise<ReportInput> {
  const { figures: _, livePage: __, ...rest } = input;
  const folder = join(experimentDir, FOLDER);
  // Any failure: the page goes without pictures, which draws them anew.
  const files = new Set(await readdir(folder).catch(() => []));
  if (files.size === 0) return rest;
  const page = await presentLivePage(folder);
  const plots = plotsOf(input);
  const names = plotNames(plots.map(({ key }) => key));
  const figures = plots.flatMap(({ key, title, caption }) => {
    const name = names.get(key) ?? key;
    const own = [name, `${name}-nightlab`].find(
      (candidate) => files.has(imageFile(candidate)) && files.has(`${candidate}.vl.json`),
    );
    return own === undefined ? [] : [{ title, caption, file: `${FOLDER}/${imageFile(own)}` }];
  });
  return {
    ...rest,
    ...(figures.length === 0 ? {} : { figures }),
    ...(page === undefined ? {} : { livePage: `${FOLDER}/${page}` }),
  };
}
