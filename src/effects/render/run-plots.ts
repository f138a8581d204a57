// Updates the plots of one run: makes each picture's spec, and draws it if the image on disk is not
// up to date. plot-files.ts decides which files may be written, report/plots/ how they look.
import { join } from "node:path";
import type { Finding } from "../../domain/finding.ts";
import { sameMetric } from "../../domain/metric-key.ts";
import type { PlotRef } from "../../domain/run.ts";
import type { RunReading, Series } from "../../domain/sample.ts";
import type { SystemSeries } from "../../domain/system.ts";
import { SYSTEM_LOG } from "../../logs/system-lines.ts";
import { metricSpec, splitsSpec } from "../../report/plots/plot-spec.ts";
import { systemSpec } from "../../report/plots/plot-system.ts";
import {
  runPictureNames,
  splitPictures,
  SYSTEM_PICTURE,
} from "../../report/plots/split-pictures.ts";
import { errorCode } from "../os/error-code.ts";
import { findPlotPlace, imageFile, wantedPlot, writePlot } from "./plot-files.ts";
import type { Renderer } from "./render.ts";
import { mkdir, stat } from "../os/lab-files.ts";

/** Most plots of one run: of thousands of keys the promised ones and then the first are drawn. */
export const PLOTS_PER_RUN = 60;

const FOLDER = "plots";

export interface PlotsInput {
  /** Absolute path of the run folder. */
  readonly runDir: string;
  readonly runTitle: string;
  readonly reading: RunReading;
  readonly findings: readonly Finding[];
  /** Samples of its processes' resource use: drawn last. */
  readonly system?: SystemSeries;
  /** Keys of the promised metrics: they come first if there are too many to draw. */
  readonly promised: readonly string[];
  readonly renderer: Renderer;
  /** The script still runs: nothing is drawn until it has made `plots/` itself. */
  readonly scriptRuns?: boolean;
  /** Aborted when the run ends: the final update draws whatever is not drawn yet. */
  readonly unwanted?: AbortSignal;
}

export interface PlotsResult {
  /**
   * Plots that exist now: promised metrics, then the others in the order of the log, then metrics
   * that have several splits, and the system's.
   */
  readonly plots: readonly PlotRef[];
  /** What could not be drawn or written, each as a sentence for the person. */
  readonly failures: readonly string[];
}

/**
 * Brings `<runDir>/plots/` up to date: `<name>.webp` and its spec `<name>.vl.json` for each
 * picture. Writes files only if their spec changed, and never over a person's file. Errors of the
 * disk and of single specs do not reject; they are in `failures`.
 */
export async function renewPlots(input: PlotsInput): Promise<PlotsResult> {
  const pictures = picturesOf(input);
  if (pictures.length === 0) return { plots: [], failures: [] };
  const names = runPictureNames(input.reading.series);
  const plots: PlotRef[] = [];
  const failures: string[] = [];
  try {
    if (input.scriptRuns === true) {
      // Many scripts fail if a folder that they create exists already: do not create it for them.
      if (!(await isFolder(join(input.runDir, FOLDER)))) return { plots: [], failures: [] };
    } else {
      await makeFolder(join(input.runDir, FOLDER));
    }
    for (const picture of pictures) {
      const result = await renewPlot(input, picture, names);
      if (input.unwanted?.aborted === true) break;
      if (result.plot !== undefined) plots.push(result.plot);
      if (result.failure !== undefined) failures.push(result.failure);
    }
  } catch (error) {
    failures.push(diskMessage(input.runDir, error));
  }
  return { plots, failures };
}

interface Picture {
  readonly key: string;
  readonly spec: () => object;
}

function picturesOf({
  runTitle,
  reading,
  findings,
  promised,
  system = [],
}: PlotsInput): readonly Picture[] {
  const metrics = chosen(reading.series, promised);
  const use = systemSpec(system, runTitle, `logs/${SYSTEM_LOG}`);
  return [
    ...metrics.map((series): Picture => {
      const { key, first } = series.summary;
      const spec = () => metricSpec({ series, runTitle, findings, file: first.file });
      return { key, spec };
    }),
    ...splitPictures(reading.series)
      .filter(({ series }) => series.every((one) => metrics.includes(one)))
      .map((picture): Picture => {
        return { key: picture.key, spec: () => splitsSpec(picture, runTitle, findings) };
      }),
    ...(use === undefined ? [] : [{ key: SYSTEM_PICTURE, spec: () => use }]),
  ];
}

/** The metrics to draw: promised ones first, each group in the order of the log. */
function chosen(all: readonly Series[], promised: readonly string[]): readonly Series[] {
  const isPromised = ({ summary }: Series): boolean =>
    promised.some((key) => sameMetric(key, summary.key));
  const drawable = all.filter(({ values }) => values.length > 0);
  return [
    ...drawable.filter(isPromised),
    ...drawable.filter((series) => !isPromised(series)),
  ].slice(0, PLOTS_PER_RUN);
}

async function isFolder(path: string): Promise<boolean> {
  // Any failure: nothing is drawn into what cannot be looked at.
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

/** Not recursive: a run folder that was deleted must not come back. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if (errorCode(error) !== "EEXIST" || !(await stat(folder)).isDirectory()) throw error;
  }
}

interface Renewed {
  /** With `failure`, an older image that is still there. */
  readonly plot?: PlotRef;
  readonly failure?: string;
}

/** Brings one picture up to date. Rejects with the system's error if the disk refuses. */
async function renewPlot(
  { runDir, renderer, unwanted }: PlotsInput,
  { key: metric, spec }: Picture,
  names: ReadonlyMap<string, string>,
): Promise<Renewed> {
  const folder = join(runDir, FOLDER);
  const wanted = wantedPlot(metric, spec());
  const others = new Set([...names.values()].map((name) => name.toLowerCase()));
  const find = () => findPlotPlace(folder, names.get(metric) ?? metric, others, wanted);
  const existing = (name: string): { readonly plot: PlotRef } => ({
    plot: { metric, file: `${FOLDER}/${imageFile(name)}` },
  });
  const before = await find();
  if (before?.kind === "current") return existing(before.name);
  let webp: Uint8Array;
  try {
    ({ webp } = await renderer.render(wanted.spec, unwanted));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const older = before?.kind === "own" && before.image !== undefined ? existing(before.name) : {};
    return { ...older, failure: `No new plot of ${metric} in ${folder}: ${message}` };
  }
  // Look again: a person may have saved a file of that name during the drawing.
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const place = await find();
    if (place === undefined) break;
    if (place.kind === "current" || (await writePlot(folder, place, wanted, webp))) {
      return existing(place.name);
    }
  }
  const cause = "every name tried is that of a file which nightlab did not write";
  return { failure: `No plot of ${metric} in ${folder}: ${cause}; rename or remove some` };
}

function diskMessage(runDir: string, error: unknown): string {
  const folder = join(runDir, FOLDER);
  const cause = error instanceof Error ? error.message : String(error);
  return `Cannot write plots to ${folder}: ${cause}; ${remedy(errorCode(error))}`;
}

function remedy(code: string): string {
  switch (code) {
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return "make the folder writable, and they are drawn at the next change of the logs";
    case "ENOSPC":
    case "EDQUOT":
      return "make room on the disk, and they are drawn at the next change of the logs";
    case "ENOTDIR":
    case "EEXIST":
      return "a file stands where the folder belongs: move it away";
    case "ENOENT":
      return "the run folder is gone";
    default:
      return "they are tried again at the next change of the logs";
  }
}
