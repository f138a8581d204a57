// Which metrics of a run belong in one picture: those logged in training and in another split.
// How such a picture looks is plot-spec.ts; the name of its file is made of its key as any other.
import { canonicalMetric } from "../../domain/metric-key.ts";
import type { Series } from "../../domain/sample.ts";
import { plotNames } from "../../judge/plot-names.ts";

/** Its name among the run's pictures; no metric of a log has a name of one word with a space. */
export const SYSTEM_PICTURE = "system use";

export interface SplitPicture {
  /** Of all other pictures of the run: `train/loss, val/loss`. */
  readonly key: string;
  /** The metric without its split: `loss`. */
  readonly name: string;
  /** Training first. */
  readonly series: readonly Series[];
}

/** A file name without ending for each picture that a run with these metrics may have. */
export function runPictureNames(all: readonly Series[]): ReadonlyMap<string, string> {
  const metrics = all.map(({ summary }) => summary.key);
  return plotNames([...metrics, ...splitPictures(all).map(({ key }) => key), SYSTEM_PICTURE]);
}

/** In the order in which a legend names them; a metric without a split is training's. */
const SPLITS = ["train", "val", "eval", "test"];

/** One for each metric that has two splits at least, over one x axis; in the order of the log. */
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

/** Positions of values that were logged at different times are no common axis. */
function shareAxis(series: readonly Series[]): boolean {
  const [first, ...others] = series;
  if (first === undefined) return false;
  const sameKey = others.every(({ stepKey }) => stepKey === first.stepKey);
  const counts = new Set(series.map(({ summary }) => summary.count));
  return sameKey && (first.stepKey !== "sample" || counts.size === 1);
}
