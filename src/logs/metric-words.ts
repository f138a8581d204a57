// What names in logs mean: the words of metrics, settings, x axes and splits.
// Only names are judged here; where a value must be to count is decided by the formats.
import type { LineStep } from "./lines/metric-line.ts";

/** A name with one of these words is a measure of quality, on any line. */
const QUALITY = new Set(
  (
    "loss losses acc accuracy top1 top5 ppl perplexity bpb bpc bpd nll elbo f1 auc auroc auprc roc " +
    "map50 miou iou dice precision recall mse mae rmse mape r2 psnr ssim lpips fid bleu sacrebleu " +
    "rouge rouge1 rouge2 rougel rougelsum meteor cider wer cer chrf reward rewards return returns " +
    "eprewmean rew kl approxkl entropy mrr ndcg trl tel hellaswag mmlu gnorm matthews spearmanr " +
    "pearson eer der crps logloss lossg lossd regret map map75 map95 ap ap50 ap75 aps apm apl aucpr " +
    "mcc kappa hmean prec prec1 prec5 objf objective mlogloss merror miou fwiou mpjpe ade fde smape wape"
  ).split(" "),
);
/** With one of these words a name is a setting after all: `loss_scale`, `smoothing loss weight`. */
const SETTING = new Set(
  (
    "weight weights scale scaler scaling coef coeff coefficient coefs lambda threshold thresh type fn " +
    "func factor alpha beta gamma eps epsilon smoothing target decay num n every interval " +
    "freq frequency patience steps batch size ratio window clip clipping dim tolerance tol range bits " +
    "seed version port pid rank bound limit shape"
  ).split(" "),
);
/** Names of settings: the lines after one of these may be settings too (line-reader.ts). */
const CONFIG = new Set(
  (
    "batch_size batchsize train_batch_size eval_batch_size num_workers workers seed epochs num_epochs " +
    "max_epochs n_epochs max_steps max_iters hidden_size hidden_dim num_layers n_layer n_layers n_head " +
    "n_embd dropout weight_decay momentum beta1 beta2 adam_beta1 adam_beta2 warmup_steps warmup_iters " +
    "warmup_ratio world_size local_rank rank log_interval eval_interval save_interval eval_iters " +
    "gradient_accumulation_steps block_size vocab_size num_heads max_grad_norm lr learning_rate " +
    "optimizer device save_every log_every eval_every gamma betas eps"
  ).split(" "),
);

const COUNTERS: ReadonlyMap<string, LineStep["key"]> = new Map(
  Object.entries<LineStep["key"]>({
    step: "step",
    steps: "step",
    global_step: "step",
    globalstep: "step",
    train_step: "step",
    training_step: "step",
    current_step: "step",
    env_step: "step",
    update: "step",
    num_updates: "step",
    total_timesteps: "step",
    timestep: "step",
    timesteps: "step",
    num_timesteps: "step",
    "trainer/global_step": "step",
    _step: "step",
    round: "step",
    episode: "step",
    "#": "step",
    totalenvinteracts: "step",
    timestepssofar: "step",
    total_env_steps: "step",
    iteration: "iteration",
    iterations: "iteration",
    iter: "iteration",
    iters: "iteration",
    it: "iteration",
    itr: "iteration",
    n_iter: "iteration",
    training_iteration: "iteration",
    micro_step: "iteration",
    batch: "iteration",
    batch_idx: "iteration",
    epoch: "epoch",
    ep: "epoch",
    epoch_num: "epoch",
    current_epoch: "epoch",
  }),
);
/** Where a line has several counters, the first of these is its x axis: it counts furthest. */
const ORDER = [
  "global_step",
  "trainer/global_step",
  "step",
  "_step",
  "total_timesteps",
  "num_timesteps",
  "timesteps",
  "num_updates",
];

/** What may precede a counter and a slash: `words/batch`, `timing_s/step` are no counters. */
const COUNTING =
  /^(?:trainer|train(?:ing)?|val(?:id(?:ation)?)?|eval|test|global|time|timers?|progress|misc|counters?|charts|rollout|stats|env|info|metadata|lr-\w+)$/;

/** The x axis that a name stands for, with its rank: the smallest is preferred. Else undefined. */
export function counterOf(
  name: string,
): { readonly key: LineStep["key"]; readonly rank: number } | undefined {
  // Called for every word of a log: the table alone rules out nearly all.
  const end = name.slice(name.lastIndexOf("/") + 1).toLowerCase();
  const own = end.includes(" ") ? end.trim().replaceAll(" ", "_") : end;
  if (!COUNTERS.has(own)) return undefined;
  const lower = name.toLowerCase().trim().replaceAll(" ", "_");
  const parts = lower.split("/");
  if (!parts.slice(0, -1).every((part) => COUNTING.test(part))) return undefined;
  const last = lower.startsWith("trainer/") ? lower : (parts.at(-1) ?? lower);
  const key = COUNTERS.get(last);
  if (key === undefined) return undefined;
  const at = ORDER.indexOf(last);
  if (at >= 0) return { key, rank: at };
  const base = key === "step" ? 20 : key === "iteration" ? 30 : 50;
  return { key, rank: base + (/^(?:batch|micro)/.test(last) ? 10 : last.endsWith("s") ? 1 : 0) };
}

const wordsOf = (name: string): readonly string[] =>
  name
    .replaceAll(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");

/** Whether a name by itself makes its value a metric: `val_loss`, `Acc@1`, `lm loss`. */
export function namesQuality(name: string): boolean {
  const words = wordsOf(name);
  const isSetting = words.some((word) => SETTING.has(word) && word !== "n");
  if (isSetting) return false;
  if (words.some((word) => QUALITY.has(word))) return true;
  // `mIoU`, `bbox_mAP`: capitals inside one word. `val_error`: without a split it is prose.
  const whole = name.toLowerCase().split(/[^a-z0-9]+/);
  if (whole.some((word) => QUALITY.has(word))) return true;
  return whole.some((word) => ERROR.has(word)) && splitOfName(name) !== undefined;
}

const ERROR = new Set(["error", "err"]);

/** Whether a name is that of a common setting, such as `batch_size`. */
export function namesSetting(name: string): boolean {
  return CONFIG.has(name.toLowerCase().replaceAll(/[ -]/g, "_"));
}

const SPLITS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    train: "train",
    training: "train",
    val: "val",
    valid: "val",
    validation: "val",
    validate: "val",
    eval: "eval",
    evaluation: "eval",
    dev: "dev",
    test: "test",
    testing: "test",
  }),
);

/** The split that a word names, `val` for `Validation`; undefined for any other word. */
export function splitOfWord(word: string): string | undefined {
  return SPLITS.get(word.toLowerCase());
}

/** The split in a metric's name: `val` of `val_loss`, `Val/Acc`, `loss/val`. */
function splitOfName(name: string): string | undefined {
  const words = wordsOf(name);
  return splitOfWord(words[0] ?? "") ?? splitOfWord(words.at(-1) ?? "");
}

/** `val` and `loss` → `val/loss`; a name with a split of its own stays as it was written. */
export function inSplit(split: string | undefined, name: string): string {
  if (split === undefined || splitOfName(name) !== undefined) return name;
  return `${split}/${name}`;
}
