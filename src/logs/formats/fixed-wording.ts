// Lines that a program always words the same way: COCO's evaluation, CatBoost, ESPnet, Kaldi,
// StyleGAN, `loss at step 100: 0.5`. Names with values in any other order are left to key-value.ts.
import { findCounters, spotOf } from "../lines/line-counter.ts";
import type { LineEntry, LineStep, MetricLine, PlainLine, Spot } from "../lines/metric-line.ts";
import { counterOf, inSplit, namesQuality, splitOfWord } from "../metric-words.ts";
import { trueText } from "../lines/plain-text.ts";
import { metricKey, readPairs } from "./key-value.ts";

/** No line worded like these is longer; the bound also keeps the patterns quick. */
const MAX_CHARS = 2_000;
const NUMBER = String.raw`[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?`;

/** The metrics of a line in one of the known wordings; `other` for all other lines. */
export function readFixedWording(line: PlainLine): MetricLine {
  if (line.text.length > MAX_CHARS) return { kind: "other" };
  for (const read of WORDINGS) {
    const found = read(line);
    if (found !== undefined) return found;
  }
  return { kind: "other" };
}

type Wording = (line: PlainLine) => MetricLine | undefined;

const COCO =
  /Average (Precision|Recall)\s{1,9}\(A[PR]\) @\[ IoU=([\d.:]{3,9})\s{0,9}\| area=\s{0,9}(\w{1,9}) \| maxDets=\s{0,9}(\d{1,6}) \] = (-?\d\.\d{1,9})/d;
const AREAS: ReadonlyMap<string, string> = new Map([
  ["all", ""],
  ["small", "s"],
  ["medium", "m"],
  ["large", "l"],
]);

/** COCO's evaluation. Keys are the short names of its authors: AP, AP50, APs, AR1, AR100. */
function readCoco({ text }: PlainLine): MetricLine | undefined {
  if (!text.includes("@[ IoU=")) return undefined;
  const match = COCO.exec(text);
  const [what, iou = "", area = "", most = "", value] = match?.slice(1) ?? [];
  const spot = match?.indices?.[5];
  if (what === undefined || value === undefined || spot === undefined) return undefined;
  const [at, end] = spot;
  // -1 is printed where there are no objects of that size to measure.
  if (Number(value) < 0)
    return { kind: "metrics", format: "COCO", entries: [], fixed: [{ at: 0, end: text.length }] };
  const size = AREAS.get(area) ?? area;
  const level = iou.includes(":") ? "" : iou.replace(/^0?\./, "");
  const key = what === "Precision" ? `AP${level}${size}` : `AR${level}${size === "" ? most : size}`;
  return {
    kind: "metrics",
    format: "COCO",
    entries: [{ key, at, end, grade: "sure" }],
    fixed: [{ at: 0, end: at }],
  };
}

const CATBOOST = /^\s{0,9}(\d{1,9}):\s{1,9}(?=(?:learn|test):? )/d;
const CATBOOST_VALUE = new RegExp(String.raw`\b(learn|test\d{0,3}):? (${NUMBER})`, "dg");

/** `best:`, `total:` and `remaining:` are not about this iteration. */
function readCatBoost({ text }: PlainLine): MetricLine | undefined {
  const head = CATBOOST.exec(text);
  const step = head?.indices?.[1];
  if (step === undefined) return undefined;
  const entries = [...text.matchAll(CATBOOST_VALUE)].flatMap((match): readonly LineEntry[] => {
    const spot = match.indices?.[2];
    const [, key] = match;
    return key === undefined || spot === undefined ? [] : [{ key, ...spotAt(spot), grade: "sure" }];
  });
  if (entries.length === 0) return undefined;
  return metricsOf("CatBoost", entries, { key: "iteration", ...spotAt(step) });
}

const ESPNET = /\b(?:\d{1,6})epoch:(train|valid|eval):\d{1,12}-(\d{1,12})batch:/d;
const ESPNET_RESULTS = /(\d{1,6})epoch results: (?=\[)/d;

function readEspnet(line: PlainLine): MetricLine | undefined {
  const { text } = line;
  if (!text.includes("epoch")) return undefined;
  const batches = ESPNET.exec(text);
  const results = batches ?? ESPNET_RESULTS.exec(text);
  const step = batches === null ? results?.indices?.[1] : batches.indices?.[2];
  if (results === null || step === undefined) return undefined;
  const read = readPairs(line, results.index + results[0].length, batches !== null);
  if (read === undefined) return undefined;
  // Batches of train get no split: the results of an epoch have the same names in the split train,
  // and are series of their own.
  const split = batches?.[1] === "train" ? undefined : splitOfWord(batches?.[1] ?? "");
  const entries = read.entries.map((entry) => ({
    ...entry,
    key: batches === null ? entry.key : inSplit(split, entry.key.replace(/^train\//, "")),
    grade: "sure" as const,
  }));
  const key = batches === null ? "epoch" : "iteration";
  return metricsOf("ESPnet", entries, { key, ...spotAt(step) });
}

const KALDI = new RegExp(
  String.raw`\b(Overall average|Average) (objective function|accuracy) for '([\w-]{1,40})'(?: for minibatches (\d{1,12})-\d{1,12})? is (${NUMBER})`,
  "d",
);

function readKaldi({ text }: PlainLine): MetricLine | undefined {
  if (!text.includes("verage ")) return undefined;
  const match = KALDI.exec(text);
  const value = match?.indices?.[5];
  if (match === null || value === undefined) return undefined;
  const what = match[2] === "accuracy" ? "accuracy" : "objective";
  const whole = match[1] === "Average" ? "" : "overall/";
  const step = match.indices?.[4];
  return metricsOf(
    "Kaldi",
    [{ key: `${whole}${what}/${match[3] ?? ""}`, ...spotAt(value), grade: "sure" }],
    step === undefined ? undefined : { key: "iteration", ...spotAt(step) },
  );
}

const AT_STEP = new RegExp(
  String.raw`([A-Za-z][\w@./-]{0,40}(?: [\w@./-]{1,40}){0,5})(?: \([\w -]{1,40}\))?,? (?:at|after|for) (?:global[ _])?(step|iteration|iter|epoch)s?:? #?(\d{1,12})(?: ?\/ ?\d{1,12})? ?(?::|=|is|->) ?(${NUMBER})(?=%?(?:$|[\s,;)|]|\.(?:\s|$)))`,
  "d",
);

/** `Minibatch loss at step 500: 2.3`, `Training loss (for one batch) at step 200: 0.29`. */
function readAtStep(line: PlainLine): MetricLine | undefined {
  if (!/ (?:at|after|for) /.test(line.text)) return undefined;
  const match = AT_STEP.exec(line.text);
  const [step, value] = [match?.indices?.[3], match?.indices?.[4]];
  if (match === null || step === undefined || value === undefined) return undefined;
  const name = (match[1] ?? "").replace(/^(?:the|a|current) /i, "");
  if (!namesQuality(name) || name.split(" ").length > 4) return undefined;
  const counter = counterOf(match[2] ?? "");
  if (counter === undefined || !isToken(line, value)) return undefined;
  const key = metricKey(trueText(name), undefined);
  const rest = readPairs(line, value[1])?.entries.filter(({ at }) => at > value[1]) ?? [];
  return metricsOf("value at a step", [{ key, ...spotAt(value), grade: "sure" }, ...rest], {
    key: counter.key,
    ...spotAt(step),
  });
}

const MARIAN = new RegExp(
  String.raw`^(.{0,60}\bEp\. \d{1,6} : )Up\. (\d{1,12}) .{0,60}?: (?:Cost|([a-z][\w-]{0,30}) :) (${NUMBER})`,
  "d",
);

function readMarian(line: PlainLine): MetricLine | undefined {
  if (!line.text.includes(" : Up. ")) return undefined;
  const match = MARIAN.exec(line.text);
  const [step, value] = [match?.indices?.[2], match?.indices?.[4]];
  if (match === null || step === undefined || value === undefined) return undefined;
  const valid = (match[1] ?? "").includes("[valid]");
  const key = inSplit(valid ? "val" : undefined, match[3] ?? "Cost");
  return metricsOf("Marian", [{ key, ...spotAt(value), grade: "sure" }], {
    key: "step",
    ...spotAt(step),
  });
}

const DARKNET = new RegExp(
  String.raw`^\s{0,9}(\d{1,9}): (${NUMBER}), (${NUMBER}) avg(?: loss)?, (${NUMBER}) rate, `,
  "d",
);

function readDarknet({ text }: PlainLine): MetricLine | undefined {
  const at = DARKNET.exec(text)?.indices;
  const [step, loss, average, rate] = [at?.[1], at?.[2], at?.[3], at?.[4]];
  if (step === undefined || loss === undefined || average === undefined || rate === undefined)
    return undefined;
  const entries: readonly LineEntry[] = [
    { key: "loss", ...spotAt(loss), grade: "sure" },
    { key: "avg loss", ...spotAt(average), grade: "sure" },
    { key: "rate", ...spotAt(rate), grade: "sure" },
  ];
  return metricsOf("Darknet", entries, { key: "iteration", ...spotAt(step) });
}

const REACHED = new RegExp(String.raw`'([A-Za-z][\w./-]{0,60})' reached (${NUMBER}) \(best `, "d");
const IS = new RegExp(
  String.raw`\b((?:[A-Za-z][\w@/-]{0,30} ){0,3}?[A-Za-z][\w@/-]{0,30})(?: so far)? is (${NUMBER})(?=$|[\s,;]|\.(?:\s|$))`,
  "dg",
);
/** `12/10105 in 0 epoch`: the batch and the epoch. */
const BATCH_IN = /^(\d{1,9})\/\d{1,9} in \d{1,6} epoch\b/d;

/** Lightning's checkpoints, `Epoch 0, global step 100: 'val_loss' reached 1.2`. */
function readReached(line: PlainLine): MetricLine | undefined {
  const match = line.text.includes(" reached ") ? REACHED.exec(line.text) : null;
  const value = match?.indices?.[2];
  const { best } = findCounters(line);
  if (match === null || value === undefined || best === undefined) return undefined;
  const entry = { key: metricKey(match[1] ?? "", undefined), ...spotAt(value) };
  return metricsOf("value in words", [{ ...entry, grade: "sure" }], best);
}

/** `Epoch 148, val loss is 0.0297, val mse is 0.0112.`: all results of a line with a counter. */
function readIs(line: PlainLine): MetricLine | undefined {
  if (!line.text.includes(" is ")) return undefined;
  const batch = BATCH_IN.exec(line.text)?.indices?.[1];
  const step =
    batch === undefined ? findCounters(line).best : { key: "iteration" as const, ...spotAt(batch) };
  if (step === undefined) return undefined;
  const entries = [...line.text.matchAll(IS)].flatMap((match): readonly LineEntry[] => {
    const value = match.indices?.[2];
    // `and val loss is 0.5`, `Finished the epoch, the loss is 0.5`.
    const name = (match[1] ?? "").replace(/^.*\b(?:and|the|current|with|whose|start) /i, "");
    if (value === undefined || !namesQuality(name)) return [];
    return [{ key: metricKey(trueText(name), undefined), ...spotAt(value), grade: "sure" }];
  });
  return entries.length === 0 ? undefined : metricsOf("value in words", entries, step);
}

const CAFFE = new RegExp(
  String.raw`\b(Train|Test) net output #\d{1,4}: ([\w/.-]{1,60}) = (${NUMBER})(?= \(|$)`,
  "d",
);

/** Caffe's outputs, below the line with their iteration. */
function readCaffe({ text }: PlainLine): MetricLine | undefined {
  const match = text.includes(" net output #") ? CAFFE.exec(text) : null;
  const value = match?.indices?.[3];
  if (match === null || value === undefined) return undefined;
  const key = inSplit(splitOfWord(match[1] ?? ""), match[2] ?? "");
  return metricsOf("Caffe", [{ key, ...spotAt(value), grade: "sure" }], undefined);
}

const TRIAL = new RegExp(
  String.raw`\bTrial (\d{1,9}) finished with value: (${NUMBER})(?= and )`,
  "d",
);

function readTrial({ text }: PlainLine): MetricLine | undefined {
  const at = text.includes("finished with value") ? TRIAL.exec(text)?.indices : undefined;
  const [step, value] = [at?.[1], at?.[2]];
  if (step === undefined || value === undefined) return undefined;
  const entry = { key: "value", ...spotAt(value), grade: "sure" as const };
  return metricsOf("Optuna", [entry], { key: "iteration", ...spotAt(step) });
}

const TICK = new RegExp(String.raw`^tick \d{1,9}\s{1,9}kimg (${NUMBER})\s`, "d");
const SNAPSHOT = /^network-snapshot-(\d{1,9})\s{1,20}time\s/d;
const NAMED = new RegExp(String.raw`\s([a-z][\w/]{2,40})\s{1,9}(${NUMBER})(?=\s|$)`, "dg");
const NO_RESULT = /^(?:kimg|lod|minibatch)$/;

/** StyleGAN: `tick 14  kimg 70.1  time 1h 38m 21s  sec/tick 366.1 …`; its x axis is kimg. */
function readStyleGan({ text }: PlainLine): MetricLine | undefined {
  const step = (TICK.exec(text) ?? SNAPSHOT.exec(text))?.indices?.[1];
  if (step === undefined) return undefined;
  const entries = [...text.matchAll(NAMED)].flatMap((match): readonly LineEntry[] => {
    const [, key = ""] = match;
    const spot = match.indices?.[2];
    if (spot === undefined || NO_RESULT.test(key)) return [];
    return [{ key, ...spotAt(spot), grade: "sure" }];
  });
  if (entries.length === 0) return undefined;
  return metricsOf("StyleGAN", entries, { key: "step", ...spotAt(step) });
}

const spotAt = ([at, end]: readonly [number, number]): Spot => ({ at, end });

/** Whether [at, end) is exactly one token of the line. */
function isToken(line: PlainLine, [at, end]: readonly [number, number]): boolean {
  for (let i = 0; i < line.tokens.count; i += 1) {
    const spot = spotOf(line, i);
    if (spot.at === at) return spot.end === end;
  }
  return false;
}

function metricsOf(
  format: string,
  entries: readonly LineEntry[],
  step: (Spot & { readonly key: LineStep["key"] }) | undefined,
): MetricLine {
  return {
    kind: "metrics",
    format,
    entries,
    fixed: [],
    ...(step === undefined ? {} : { step }),
  };
}

const WORDINGS: readonly Wording[] = [
  readCoco,
  readCatBoost,
  readEspnet,
  readKaldi,
  readAtStep,
  readMarian,
  readDarknet,
  readReached,
  readIs,
  readCaffe,
  readTrial,
  readStyleGan,
];
