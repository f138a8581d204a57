// Renews the plots of one run: each picture's spec is made, and drawn where its image is not up
// to date. Which files may be written is decided in plot-files.ts, how they look in report/.
import { mkdir, stat } from "node:fs/promises";
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

/** Plots of one run: a script that logs thousands of keys gets the promised and first ones. */
export const PLOTS_PER_RUN = 60;

const FOLDER = "plots";

export interface PlotsInput {
  /** Absolute path of the run folder. */
  readonly runDir: string;
  readonly runTitle: string;
  readonly reading: RunReading;
  readonly findings: readonly Finding[];
  /** What was sampled of its processes: drawn last. */
  readonly system?: SystemSeries;
  /** Keys of the promised metrics: they come first where there are too many to draw. */
  readonly promised: readonly string[];
  readonly renderer: Renderer;
  /** The script still runs: `plots/` is its to make, and nothing is drawn before it has. */
  readonly scriptRuns?: boolean;
  /** Aborted when the run has ended: what is not drawn yet is drawn with the last of them. */
  readonly unwanted?: AbortSignal;
}

export interface PlotsResult {
  /**
   * Plots that are there now: promised metrics first, then in the order of the log; after them
   * metrics in several splits, and the system.
   */
  readonly plots: readonly PlotRef[];
  /** What could not be drawn or written, each as a sentence for a person. */
  readonly failures: readonly string[];
}

/**
 * Brings `<runDir>/plots/` up to date: `<name>.webp` and its spec `<name>.vl.json` for each
 * picture. Files are written only where their spec changed, and never where a person's file is.
 * Does not reject for what the disk or a spec refuses: `failures` says it.
 */
export async function renewPlots(input: PlotsInput): Promise<PlotsResult> {
  const pictures = picturesOf(input);
  if (pictures.length === 0) return { plots: [], failures: [] };
  const names = runPictureNames(input.reading.series);
  const plots: PlotRef[] = [];
  const failures: string[] = [];
  try {
    if (input.scriptRuns === true) {
      // Many scripts refuse a folder that is there already: nightlab must not be why one dies.
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

/** Promised metrics first, each group in the order of the log, up to the bound. */
function chosen(all: readonly Series[], promised: readonly string[]): readonly Series[] {
  const first = ({ summary }: Series): boolean =>
    promised.some((key) => sameMetric(key, summary.key));
  const some = all.filter(({ values }) => values.length > 0);
  return [...some.filter(first), ...some.filter((series) => !first(series))].slice(
    0,
    PLOTS_PER_RUN,
  );
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

/** Only the folder itself is made: a run folder that is gone stays gone. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if (errorCode(error) !== "EEXIST" || !(await stat(folder)).isDirectory()) throw error;
  }
}

interface Renewed {
  /** There may be an older one although a newer one failed. */
  readonly plot?: PlotRef;
  readonly failure?: string;
}

/** Rejects with the system's error where the disk refuses. */
async function renewPlot(
  { runDir, renderer, unwanted }: PlotsInput,
  { key: metric, spec }: Picture,
  names: ReadonlyMap<string, string>,
): Promise<Renewed> {
  const folder = join(runDir, FOLDER);
  const wanted = wantedPlot(metric, spec());
  const others = new Set([...names.values()].map((name) => name.toLowerCase()));
  const find = () => findPlotPlace(folder, names.get(metric) ?? metric, others, wanted);
  const there = (name: string): { readonly plot: PlotRef } => ({
    plot: { metric, file: `${FOLDER}/${imageFile(name)}` },
  });
  const before = await find();
  if (before?.kind === "current") return there(before.name);
  let webp: Uint8Array;
  try {
    ({ webp } = await renderer.render(wanted.spec, unwanted));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const older = before?.kind === "own" && before.image !== undefined ? there(before.name) : {};
    return { ...older, failure: `No new plot of ${metric} in ${folder}: ${message}` };
  }
  // Asked again: a person may have saved a file of that name while it was drawn.
  for (let tries = 0; tries < 3; tries += 1) {
    const place = await find();
    if (place === undefined) break;
    if (place.kind === "current" || (await writePlot(folder, place, wanted, webp))) {
      return there(place.name);
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
