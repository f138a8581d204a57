// Finds the metrics of a run that share a picture: one metric logged in several splits. How such a
// picture looks is plot-spec.ts; its file's name is made by judge/plot-names.ts like any other.
import { canonicalMetric } from "../../domain/metric-key.ts";
import type { Series } from "../../domain/sample.ts";
import { plotNames } from "../../judge/plot-names.ts";

/** The key of the picture of resource use (plot-system.ts); no metric of a log has such a name. */
export const SYSTEM_PICTURE = "system use";

export interface SplitPicture {
  /** Its key among the run's pictures: `train/loss, val/loss`. */
  readonly key: string;
  /** The metric without its split: `loss`. */
  readonly name: string;
  /** The splits in the order of SPLITS. */
  readonly series: readonly Series[];
}

/** A file name without extension for each picture that a run with these metrics may have. */
export function runPictureNames(all: readonly Series[]): ReadonlyMap<string, string> {
  const metrics = all.map(({ summary }) => summary.key);
  return plotNames([...metrics, ...splitPictures(all).map(({ key }) => key), SYSTEM_PICTURE]);
}

/** In the order of the legend; a metric without a split counts as training. */
const SPLITS = ["train", "val", "eval", "test"];

/** A picture for each metric that has two or more splits over one x axis, in log order. */
export function splitPictures(all: readonly Series[]): readonly SplitPicture[] {
  const byName = new Map<string, { readonly split: string; readonly series: Series }[]>();
  for (const series of all) {
    const { split, name } = splitOf(series.summary.key);
    byName.set(name, [...(byName.get(name) ?? []), { split, series }]);
  }
  return [...byName].flatMap(([name, found]) => {
    const members = SPLITS.flatMap((split) => found.find((one) => one.split === split) ?? []);
    const series = members.map((one) => one.series);
    if (series.length < 2 || !shareAxis(series)) return [];
    return [{ key: series.map(({ summary }) => summary.key).join(", "), name, series }];
  });
}

/** `val_loss` → val, loss; `loss` → train, loss. */
function splitOf(key: string): { readonly split: string; readonly name: string } {
  const canonical = canonicalMetric(key);
  const slash = canonical.indexOf("/");
  const split = canonical.slice(0, Math.max(0, slash));
  return SPLITS.includes(split)
    ? { split, name: canonical.slice(slash + 1) }
    : { split: "train", name: canonical };
}

/** Whether the series have one x axis. Indices of values are one only if the counts are equal. */
function shareAxis(series: readonly Series[]): boolean {
  const [first, ...others] = series;
  if (first === undefined) return false;
  const sameKey = others.every(({ stepKey }) => stepKey === first.stepKey);
  const counts = new Set(series.map(({ summary }) => summary.count));
  return sameKey && (first.stepKey !== "sample" || counts.size === 1);
}
