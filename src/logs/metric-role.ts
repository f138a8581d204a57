// Tells a metric's role by its name: a loss, a share such as accuracy, a reward, a schedule.
// Rules judge only roles that they know; a metric with another name is left alone.
import { canonicalMetric, sameMetric } from "../domain/metric-key.ts";
import type { Plan } from "../domain/journal.ts";
import type { RunReading, Series } from "../domain/sample.ts";

/**
 * `part`: a loss that need not fall, such as one side of two that compete or one term of several.
 * `share`: from 0 to 1, or to 100, and the higher the better. `error`: a rate or distance, the lower
 * the better. `score`: on a scale of its own, the higher the better.
 */
export type Role =
  "loss" | "part" | "share" | "error" | "score" | "reward" | "norm" | "time" | "schedule" | "other";
export type MetricSplit = "train" | "val" | "test" | "none";

const words = (list: string): ReadonlySet<string> => new Set(list.split(" "));

const LOSS = words("loss trl vl nll xent bce mse rmse mae ppl perplexity bpb bpc ce crossentropy");
const PART = words(
  "g d gen disc discriminator generator critic actor policy value q qf td adv pg vf kl entropy ent " +
    "alpha aux commit codebook reg regularization adversarial real fake penalty gp surrogate clip " +
    "actors rl dpo ppo contrastive elbo energy wasserstein balance router z",
);
const SHARE = words(
  "acc acc1 acc5 accuracy top1 top5 prec prec1 prec5 f1 auc auroc auprc ap map map50 map75 ap50 ap75 aps apm apl hmean iou miou dice precision recall em hit hits",
);
const ERROR = words("err error errors wer cer ter eer fid kid lpips ade fde mpjpe");
const SCORE = words(
  "bleu sacrebleu psnr ssim mcc matthews kappa rouge rouge1 rouge2 rougel rougelsum meteor cider chrf " +
    "r2 pearson pearsonr spearman spearmanr mrr ndcg clip inception",
);
const NO_SHARE = words("steps grad accum accumulation num count time n batch size total bits");
const ABOUT = words(
  "scale scaler scaling weight weights coef coefficient best final max highest lowest ratio " +
    "patience target",
);
const REWARD = words("reward rewards return returns episodic elo eprewmean rew");
const SCHEDULE = words(
  "lr epoch step steps iter iteration momentum wd decay temperature beta batch tokens samples " +
    "seen progress scale num count params seed rank world workers total remaining skipped classes",
);
const TIME = words(
  "time dt sec secs second seconds ms duration eta elapsed throughput speed fps mfu tflops",
);
const NORM = words("norm gnorm gradnorm");

const VALIDATION = words("val valid validation eval dev vl");
const CAPITALS = words("map map50 map75 miou iou auc auroc auprc");

const cut = (text: string): readonly string[] =>
  text
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");

/** The words of a name: `train/crossEntropyLoss` → train, cross, entropy, loss. */
function wordsOf(key: string): readonly string[] {
  const parts = cut(key.replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2"));
  // `mIoU`, `bbox_mAP`: capitals inside one word.
  const whole = cut(key).filter((word) => CAPITALS.has(word) && !parts.includes(word));
  return whole.length === 0 ? parts : [...parts, ...whole];
}

/** The role by the name alone; see `roleIn` for its run's context. */
export function roleOf(key: string): Role {
  const all = wordsOf(key);
  const has = (set: ReadonlySet<string>): boolean => all.some((word) => set.has(word));
  const reads = all.join(" ");
  // About a metric, not one itself: `loss_scale`, `best_val_loss`.
  if (has(ABOUT)) return "other";
  if (all.includes("lr")) return "schedule";
  if (has(NORM) || /grad(ient)?s? norm/.test(reads)) return "norm";
  if (/learning rate|weight decay/.test(reads)) return "schedule";
  const perTime = /\bper (?:s|sec|second|step|it)\b|\b(?:tok|tokens|it|samples|img|images) s\b/;
  if (has(TIME) || perTime.test(reads)) return "time";
  if (has(LOSS) || /cross entropy|\bloss/.test(reads)) {
    const cross = /cross entropy/.test(reads);
    return has(PART) && !cross ? "part" : "loss";
  }
  if (has(ERROR) && !has(NO_SHARE)) return "error";
  if (has(SHARE) && !has(NO_SHARE)) return "share";
  if (has(SCORE) && !has(NO_SHARE)) return "score";
  if (has(REWARD)) return "reward";
  if (has(SCHEDULE) || reads === "epoch") return "schedule";
  return "other";
}

/** The split of the data that a name says; `eval` counts as validation. */
export function splitOf(key: string): MetricSplit {
  const [split = ""] = canonicalMetric(key).split("/");
  if (split === "train") return "train";
  if (split === "val" || split === "eval" || split === "dev") return "val";
  if (split === "test") return "test";
  const all = wordsOf(key);
  if (all.some((word) => VALIDATION.has(word))) return "val";
  return all.includes("test") ? "test" : all.includes("train") ? "train" : "none";
}

/** The role in a run, whose other metrics show what kind of training it is. */
export function roleIn(reading: RunReading, key: string): Role {
  const role = roleOf(key);
  if (role !== "loss") return role;
  // With rewards or two players a loss follows the other side, not the learning.
  const contested = reading.series.some(({ summary }) => {
    const other = roleOf(summary.key);
    return (
      other === "reward" || (other === "part" && /\b[gd]\b|gen|disc|critic/i.test(summary.key))
    );
  });
  return contested ? "part" : "loss";
}

/** The series of a run that have this role in it. */
export function seriesOfRole(reading: RunReading, role: Role): readonly Series[] {
  return reading.series.filter(({ summary }) => roleIn(reading, summary.key) === role);
}

/** Which way is better: as the plan says, else by the role; undefined where neither tells. */
export function betterWay(plan: Plan, key: string): "min" | "max" | undefined {
  const promised = plan.metrics.find((metric) => sameMetric(metric.key, key))?.direction;
  if (promised !== undefined) return promised;
  const role = roleOf(key);
  if (role === "loss" || role === "error") return "min";
  return role === "share" || role === "score" || role === "reward" ? "max" : undefined;
}
