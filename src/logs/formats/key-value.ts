// Lines of free text with names and values: `step:1/1530 train_loss:10.8 step_avg:213.66ms`,
// `iter 100: loss 2.34, time 12ms`, `| lm loss: 6.44E+00 |`. Which pairs are metrics is decided by
// their names and by whether the line has a step. Finding pairs is left to lines/value-spots.ts.
import { findCounters, isMark, spotOf, tokenText } from "../lines/line-counter.ts";
import { NUMBER, SPACE, WORD } from "../lines/line-tokens.ts";
import type { Grade, LineEntry, LineMetrics, MetricLine, PlainLine } from "../lines/metric-line.ts";
import { trueText } from "../lines/plain-text.ts";
import { inSplit, namesQuality, namesSetting, splitOfWord } from "../metric-words.ts";
import { listAt, nameOfUnread, type NameValuePair, pairAt } from "../lines/value-spots.ts";
import { splitBefore, splitsInBrackets } from "./split-words.ts";

/** A longer line is a listing of something. */
const MAX_CHARS = 4_000;
/** A pair with one of these words in its name is part of a sentence. */
const SENTENCE = new Set(
  (
    "at to is are was of in from for the a an took after with by and or on than reducing using has have " +
    "had about over under between since until be been only all any this that these those which we it its " +
    "not no rank gpu gpus node port line version python cuda device cuda: pid id"
  ).split(" "),
);
/** Names of files, times and identities: never metrics. */
const NO_METRIC =
  /copypaste$|^\u00C2\u00B1$|\.(?:py|cc|cpp|cu|cuh|c|h|js|ts|rs|go|sh|yaml|yml|json|txt|pt|pth|bin|so|log)$|^(?:https?|file|line|port|pid|rank|local_rank|node|gpu|cuda|device|id|seed|version|v|v_num|exit|code|errno|time_ms|date|localhost|tid|thread|process|eta)$/i;
/** How shell traces and listings of source code begin. */
const NO_LOG =
  /^(?:\++ |\s*(?:def|class|import|from|return|if|elif|else|for|while|with|try|except|assert|raise|print|self\.|#|\/\/|@|export|set|\$|parser\.|args\.)(?:\b|[ (.]))/;
/** Marks of source code, such as calls and f-strings, that a line of logged values seldom has. */
const CODE = /[{}]|;(?! )|(?<! );|[A-Za-z_]\w*\(|\bself\.|==|\+=|-=|->|"\)|'\)|:\.\d+f/;

/** Bars, and the braces of a dict printed with one pair per line: CODE does not apply to them. */
const DRAWN = /\[[=>.#* -]{3,200}\]|\{(?=['"][^{}]*$)|(?<=['"]\s?:\s?[-+.\deE]{1,30})\}\s*$/g;

/** The metrics among the pairs of a line; `other`, with the reason, where there are none. */
export function readKeyValueLine(line: PlainLine): MetricLine {
  const { text, tokens } = line;
  if (text.length > MAX_CHARS || tokens.cut) return { kind: "other", why: "the line is too long" };
  // lm-evaluation-harness: `|hellaswag 10 shot | 1|none | 10|acc_norm |↑ |0.4200|± |0.0496|`.
  if (text.includes("|\u00C2\u00B1 "))
    return { kind: "other", why: "it is a row of a table of results" };
  const bare = text.replace(DRAWN, "");
  if (NO_LOG.test(text) || /^[ \t]{3,40}[\w.]{1,80} = /.test(text))
    return { kind: "other", why: "it looks like source code or a command" };
  const pairs = readPairs(line, 0);
  const partly = hasUnread(line);
  if (pairs === undefined) {
    if (partly) return { kind: "unread", format: "key-value" };
    return { kind: "other", why: "no name with a value stands in it" };
  }
  if ((pairs.quality === 0 || pairs.step === undefined) && CODE.test(bare)) {
    return { kind: "other", why: "it looks like source code" };
  }
  return partly ? { ...pairs, partly } : pairs;
}

/** Whether the line names a result whose value is not understood. */
function hasUnread(line: PlainLine): boolean {
  for (let i = 0; i < line.tokens.count; i += 1) {
    const name = nameOfUnread(line, i);
    if (name !== undefined && namesQuality(name)) return true;
  }
  return false;
}

/**
 * The pairs after character `from` that may be metrics, or all of them with `every`; undefined
 * where there are none. `quality`: the number of pairs that have the name of a result.
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
  const before = text.slice(0, line.tokens.starts[first.from] ?? 0);
  const section = sectionOf(before);
  const summary = summaryOf(before, first.name);
  const prose = countWords(line) > 8 + 4 * kept.length;
  return {
    kind: "metrics",
    format: "key-value",
    fixed: kept.flatMap((pair) =>
      pair.numbered === undefined
        ? []
        : [{ at: spotOf(line, pair.from).at, end: spotOf(line, pair.from + 2).end }],
    ),
    quality,
    entries: kept.flatMap((pair): readonly LineEntry[] => {
      // `best so far: inf` says that there is none yet.
      if (summary !== undefined && pair.word !== undefined) return [];
      const { at } = spotOf(line, pair.value);
      const named = namesQuality(pair.name);
      const inLine = splits.findLast((one) => one.at < pair.from)?.split ?? split;
      const key = keyOf(pair, section ?? inLine, summary);
      return [
        {
          key,
          at,
          end: spotOf(line, endToken(pair)).end,
          grade: gradeOf(named, quality > 0, step !== undefined, settings, prose),
          ...(pair.word === undefined ? {} : { word: pair.word }),
          ...(pair.times === undefined ? {} : { times: pair.times }),
        },
      ];
    }),
    ...(step === undefined ? {} : { step }),
  };
}

/** `train Loss: 0.61 Acc: 0.67`: the split before the first name holds for all results. */
function splitOfFirst(pairs: readonly NameValuePair[]): string | undefined {
  const [first, ...rest] = pairs.map(({ name }) => splitOfWord(name.split(" ")[0] ?? ""));
  const all = pairs.every(({ name }) => namesQuality(name));
  return all && rest.every((one) => one === undefined) ? first : undefined;
}

/** The token where a pair's value ends: a number is one token, a signed `-inf` two. */
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
    if (isSourceLocation(line, head)) continue;
    pairs.push(...found);
    end = Math.max(...found.map(({ value, last }) => Math.max(value, last)));
  }
  return pairs;
}

/** `yolox.core.trainer:246 - `: the module and line that logged this. */
function isSourceLocation(
  line: PlainLine,
  { from, name, value, by, last }: NameValuePair,
): boolean {
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
  // `throughput per GPU (TFLOP/s/GPU): 123` is no sentence on a line with a step.
  const isSentence = parts.some((part) => SENTENCE.has(part) && !(step && /^gpus?$/.test(part)));
  if (isSentence) {
    // `Training acc over epoch: 0.91` is one that reports a result.
    return named && pair.by !== " " && pair.from === 0 && parts.length <= 5;
  }
  if (pair.by === " ") {
    if (parts.length > 2 && splitOfWord(parts[0] ?? "") === undefined) return false;
    return named || (step && quality && parts.length <= 2);
  }
  if (parts.length > 5) return named && step;
  return named || step || isPure(line, pair);
}

/** A line that is one pair, `name: value`, without words after it: kept even without a step. */
function isPure({ tokens, text }: PlainLine, pair: NameValuePair): boolean {
  const rest = text.slice(tokens.ends[pair.last] ?? 0);
  // OLMo indents: `    optim/total_grad_norm=1.2`.
  const logged = pair.from === 1 && pair.by === "=" && pair.name.includes("/");
  return (pair.from === 0 || logged) && !/[A-Za-z]{4}/.test(rest);
}

/**
 * What the text before the pairs says about all of them, as a split of its own: the best step so
 * far logged again (`best metric, hmean: 0.9`), averages of earlier lines (`Averaged stats: loss:
 * 16.5`), an evaluation (`Saving dict for global step 100: loss = 2`, ` * Acc@1 76.1 Acc@5 92.9`).
 */
function sectionOf(before: string): string | undefined {
  if (/^\s{0,9}Averaged stats:[ \t]{0,4}/.test(before)) return "averaged";
  if (before.includes("Saving dict for global step")) return "eval";
  return /(?:^|\s)\*[ \t]{1,9}$/.test(before) ? "val" : undefined;
}

function keyOf(
  pair: NameValuePair,
  split: string | undefined,
  summary: string | undefined,
): string {
  const name = trueText(pair.name);
  if (summary === undefined) return metricKey(name, split);
  const own = name.replace(SUMMARY_NAME, "");
  return `${summary}/${metricKey(own === "" ? name : own, split)}`;
}

const SUMMARY =
  /(?:(?:^|[:\]>|#=*.-][ \t]{0,9})(?:the[ \t]{1,3}|overall[ \t]{1,3})?|\b(?:new|current)[ \t]{1,3})(best|final)\b[^=]{0,80}$/i;
const SUMMARY_NAME = /^(best|final)[ _]+/i;

/**
 * `best` or `final` where a line tells again what was reached before, so that its values are not the
 * last ones of their series: `Best model at epoch 5. accuracy: 0.95`, `current best: loss: inf`.
 */
function summaryOf(before: string, first: string): string | undefined {
  return (SUMMARY.exec(before)?.[1] ?? SUMMARY_NAME.exec(first)?.[1])?.toLowerCase();
}

/**
 * The key of a metric written as `written`: `val loss` → `val/loss`. A name without its own split
 * is put in `split`.
 */
export function metricKey(written: string, split: string | undefined): string {
  const name = written.replace(/^(?:INFO|DEBUG|WARN(?:ING)?|ERROR) (?=\S)/, "");
  const space = name.indexOf(" ");
  const own = space > 0 ? splitOfWord(name.slice(0, space)) : undefined;
  if (own !== undefined) {
    const rest = name.slice(space + 1);
    // Composer: `Train loss/train/total` names it twice.
    return rest.split("/").includes(name.slice(0, space).toLowerCase()) ? rest : `${own}/${rest}`;
  }
  return inSplit(split, name);
}

/** Words of three letters or more in the line. */
function countWords(line: PlainLine): number {
  let count = 0;
  for (let i = 0; i < line.tokens.count; i += 1) {
    if (line.tokens.kinds[i] === WORD && /^[a-z]{3,}$/i.test(tokenText(line, i))) count += 1;
  }
  return count;
}
