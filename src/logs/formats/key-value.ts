// Lines of free text with names and values: `step:1/1530 train_loss:10.8 step_avg:213.66ms`,
// `iter 100: loss 2.34, time 12ms`, `| lm loss: 6.44E+00 |`. Names and steps say what is a metric.
import { findCounters, isMark, spotOf, tokenText } from "../lines/line-counter.ts";
import { NUMBER, SPACE, WORD } from "../lines/line-tokens.ts";
import type { Grade, LineEntry, LineMetrics, MetricLine, PlainLine } from "../lines/metric-line.ts";
import { trueText } from "../lines/plain-text.ts";
import { inSplit, namesQuality, namesSetting, splitOfWord } from "../metric-words.ts";
import { listAt, type NameValuePair, pairAt } from "../lines/value-spots.ts";
import { splitBefore, splitsInBrackets } from "./split-words.ts";

/** A longer line is a listing of something. */
const LONGEST = 4_000;
/** Words before a value that make the pair part of a sentence. */
const SENTENCE = new Set(
  (
    "at to is are was of in from for the a an took after with by and or on than reducing using has have " +
    "had about over under between since until be been only all any this that these those which we it its " +
    "not no rank gpu gpus node port line version python cuda device cuda: pid id"
  ).split(" "),
);
/** Names that are places, times and identities, however they are written. */
const NO_METRIC =
  /copypaste$|^\u00C2\u00B1$|\.(?:py|cc|cpp|cu|cuh|c|h|js|ts|rs|go|sh|yaml|yml|json|txt|pt|pth|bin|so|log)$|^(?:https?|file|line|port|pid|rank|local_rank|node|gpu|cuda|device|id|seed|version|v|v_num|exit|code|errno|time_ms|date|localhost|tid|thread|process|eta)$/i;
/** Shell traces and listings of source code. */
const NO_LOG =
  /^(?:\++ |\s*(?:def|class|import|from|return|if|elif|else|for|while|with|try|except|assert|raise|print|self\.|#|\/\/|@|export|set|\$|parser\.|args\.)(?:\b|[ (.]))/;
/** Marks that free text has and logs of values have not, but for f-strings and calls. */
const CODE = /[{};]|[A-Za-z_]\w*\(|\bself\.|==|\+=|-=|->|"\)|'\)|:\.\d+f/;

/** Bars, and the braces around a dict that is printed one pair a line. */
const DRAWN = /\[[=>.#* -]{3,200}\]|\{(?=['"][^{}]*$)|(?<=['"]\s?:\s?[-+.\deE]{1,30})\}\s*$/g;

export function readKeyValueLine(line: PlainLine): MetricLine {
  const { text, tokens } = line;
  if (text.length > LONGEST || tokens.cut) return { kind: "other", why: "the line is too long" };
  // lm-evaluation-harness: `|hellaswag 10 shot | 1|none | 10|acc_norm |↑ |0.4200|± |0.0496|`.
  if (text.includes("|\u00C2\u00B1 "))
    return { kind: "other", why: "it is a row of a table of results" };
  const bare = text.replace(DRAWN, "");
  if (NO_LOG.test(text) || /^[ \t]{3,40}[\w.]{1,80} = /.test(text))
    return { kind: "other", why: "it looks like source code or a command" };
  const pairs = readPairs(line, 0);
  if (pairs === undefined) return { kind: "other", why: "no name with a value stands in it" };
  if ((pairs.quality === 0 || pairs.step === undefined) && CODE.test(bare)) {
    return { kind: "other", why: "it looks like source code" };
  }
  return pairs;
}

/**
 * The pairs from `from` on that may be metrics, or `every` one of them; undefined without any.
 * `quality`: how many name a result.
 */
export function readPairs(
  line: PlainLine,
  from: number,
  every = false,
): (LineMetrics & { readonly quality: number }) | undefined {
  const counters = findCounters(line);
  const pairs = findPairs(line, from, counters.used);
  const first = pairs[0];
  if (first === undefined) return undefined;
  const step = counters.best;
  const { text } = line;
  const quality = pairs.filter((pair) => namesQuality(pair.name)).length;
  const settings = pairs.filter((pair) => namesSetting(pair.name)).length;
  const kept = pairs.filter((pair) => every || counts(line, pair, step !== undefined, quality > 0));
  if (kept.length === 0) return undefined;
  const split = splitBefore(line, first.from) ?? splitOfFirst(pairs);
  const splits = splitsInBrackets(line, first.from);
  const section = sectionOf(text.slice(0, line.tokens.starts[first.from] ?? 0));
  const prose = words(line) > 8 + 4 * kept.length;
  return {
    kind: "metrics",
    format: "key-value",
    fixed: kept.flatMap((pair) =>
      pair.numbered === undefined
        ? []
        : [{ at: spotOf(line, pair.from).at, end: spotOf(line, pair.from + 2).end }],
    ),
    quality,
    entries: kept.map((pair): LineEntry => {
      const { at } = spotOf(line, pair.value);
      const named = namesQuality(pair.name);
      return {
        key: keyOf(pair, section ?? splits.findLast((one) => one.at < pair.from)?.split ?? split),
        at,
        end: spotOf(line, endToken(pair)).end,
        grade: gradeOf(named, quality > 0, step !== undefined, settings, prose),
        ...(pair.word === undefined ? {} : { word: pair.word }),
        ...(pair.times === undefined ? {} : { times: pair.times }),
      };
    }),
    ...(step === undefined ? {} : { step }),
  };
}

/** `train Loss: 0.61 Acc: 0.67`: the word before the first name is said of all results. */
function splitOfFirst(pairs: readonly NameValuePair[]): string | undefined {
  const [first, ...rest] = pairs.map(({ name }) => splitOfWord(name.split(" ")[0] ?? ""));
  const all = pairs.every(({ name }) => namesQuality(name));
  return all && rest.every((one) => one === undefined) ? first : undefined;
}

/** A signed word takes two tokens; a number one. */
const endToken = (pair: NameValuePair): number =>
  pair.word === undefined ? pair.value : pair.last;

function gradeOf(
  named: boolean,
  lineNamed: boolean,
  step: boolean,
  settings: number,
  prose: boolean,
): Grade {
  if (step) return lineNamed && !prose ? "sure" : "likely";
  if (named && settings <= 1 && !prose) return "sure";
  return "maybe";
}

function findPairs(
  line: PlainLine,
  from: number,
  used: ReadonlySet<number>,
): readonly NameValuePair[] {
  const { tokens } = line;
  const pairs: NameValuePair[] = [];
  let end = -1;
  for (let i = 0; i < tokens.count; i += 1) {
    const kind = tokens.kinds[i];
    if ((kind !== NUMBER && kind !== WORD) || used.has(i)) continue;
    if ((tokens.starts[i] ?? 0) < from) continue;
    const pair = pairAt(line, i);
    const found = pair === undefined ? listAt(line, i) : [pair];
    const [head] = found;
    if (head === undefined || head.from <= end || NO_METRIC.test(head.name)) continue;
    if (isPlace(line, head)) continue;
    pairs.push(...found);
    end = Math.max(...found.map(({ value, last }) => Math.max(value, last)));
  }
  return pairs;
}

/** `yolox.core.trainer:246 - `: who spoke, where. */
function isPlace(line: PlainLine, { from, name, value, by, last }: NameValuePair): boolean {
  const path = name.includes(".") || isMark(line, from - 1, ":");
  if (by !== ":" || !path || line.tokens.kinds[value - 1] === SPACE) return false;
  // `[olmo.train:1000, rank=0]`
  if (name.includes(".") && isMark(line, from - 1, "[")) return true;
  const behind = last + 1;
  const dash = isMark(line, behind + 1, "-") && line.tokens.kinds[behind + 2] === SPACE;
  return line.tokens.kinds[behind] === SPACE && dash;
}

/** Whether a pair is worth keeping on its line. */
function counts(line: PlainLine, pair: NameValuePair, step: boolean, quality: boolean): boolean {
  const parts = pair.name.toLowerCase().split(" ");
  const named = namesQuality(pair.name);
  // `throughput per GPU (TFLOP/s/GPU): 123` stands in a row of values.
  const speaks = parts.some((part) => SENTENCE.has(part) && !(step && /^gpus?$/.test(part)));
  if (speaks) {
    // `Training acc over epoch: 0.91` is a sentence that reports.
    return named && pair.by !== " " && pair.from === 0 && parts.length <= 5;
  }
  if (pair.by === " ") {
    if (parts.length > 2 && splitOfWord(parts[0] ?? "") === undefined) return false;
    return named || (step && quality && parts.length <= 2);
  }
  if (parts.length > 5) return named && step;
  return named || step || isPure(line, pair);
}

/** Without step or known name: only `name: value` at a line's beginning, and nothing after it. */
function isPure({ tokens, text }: PlainLine, pair: NameValuePair): boolean {
  const rest = text.slice(tokens.ends[pair.last] ?? 0);
  // OLMo indents: `    optim/total_grad_norm=1.2`.
  const logged = pair.from === 1 && pair.by === "=" && pair.name.includes("/");
  return (pair.from === 0 || logged) && !/[A-Za-z]{4}/.test(rest);
}

/**
 * What the beginning of a line says of its values, whatever their names: of the best step so far,
 * told again (`best metric, hmean: 0.9`); averages of what was told before (`Averaged stats: loss:
 * 16.5`); an evaluation (`Saving dict for global step 100: loss = 2`, ` * Acc@1 76.1 Acc@5 92.9`).
 */
function sectionOf(before: string): string | undefined {
  if (/\bbest (?:metric|result|score|model)s?[,:][ \t]{0,4}$/i.test(before)) return "best";
  if (/^\s{0,9}Averaged stats:[ \t]{0,4}/.test(before)) return "averaged";
  if (before.includes("Saving dict for global step")) return "eval";
  return /(?:^|\s)\*[ \t]{1,9}$/.test(before) ? "val" : undefined;
}

function keyOf(pair: NameValuePair, split: string | undefined): string {
  return metricKey(trueText(pair.name), split);
}

/** `val loss` → `val/loss`; names without spaces stay as they are. */
export function metricKey(said: string, split: string | undefined): string {
  const name = said.replace(/^(?:INFO|DEBUG|WARN(?:ING)?|ERROR) (?=\S)/, "");
  const space = name.indexOf(" ");
  const own = space > 0 ? splitOfWord(name.slice(0, space)) : undefined;
  if (own !== undefined) {
    const rest = name.slice(space + 1);
    // Composer: `Train loss/train/total` names it twice.
    return rest.split("/").includes(name.slice(0, space).toLowerCase()) ? rest : `${own}/${rest}`;
  }
  return inSplit(split, name);
}

function words(line: PlainLine): number {
  let count = 0;
  for (let i = 0; i < line.tokens.count; i += 1) {
    if (line.tokens.kinds[i] === WORD && /^[a-z]{3,}$/i.test(tokenText(line, i))) count += 1;
  }
  return count;
}
