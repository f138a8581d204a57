// trainer_state.json of Hugging Face's Trainer: each object in its `log_history` is a logged step.
// The file is read as it comes, a token at a time, so that its size does not matter.
import { METRIC_DEPTH, METRIC_KEY_CHARS } from "../metric-object.ts";
import { counterOf } from "../metric-words.ts";
import type { RecordReading } from "../record-reading.ts";
import type { MetricSink } from "../series/metric-sink.ts";
import { type NumberSpot, scanNumber } from "../lines/scan-number.ts";

/** Whether a file of that name is read so. */
export const isTrainerState = (name: string): boolean => name === "trainer_state.json";

interface Logged {
  readonly key: string;
  readonly token: string;
  readonly value: number;
  readonly line: number;
  readonly offset: number;
}

const WORDS: ReadonlyMap<string, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

export function createTrainerStateReading(file: string, sink: MetricSink): RecordReading {
  const spot: NumberSpot = { end: 0, value: 0, grouped: false };
  /** The key under which each open object or array stands. */
  const open: { key: string; list: boolean }[] = [];
  let logged: Logged[] = [];
  let key = "";
  let word = "";
  let wordAt = 0;
  let text: string | undefined;
  let escaped = false;
  let named = false;
  let unread = 0;
  let position = 0;
  let line = 1;
  let lineAt = 0;
  let depth = 0;

  const inHistory = (): boolean =>
    depth === 3 && open.length === 3 && open[1]?.key === "log_history" && open[1].list;
  const endWord = (): void => {
    if (word === "") return;
    const token = word;
    word = "";
    if (!inHistory()) return;
    const bytes = Buffer.from(token, "latin1");
    const special = WORDS.get(token);
    const whole = scanNumber(bytes, 0, bytes.length, true, spot) && spot.end === bytes.length;
    if (!whole && special === undefined) return;
    logged.push({ key, token, value: special ?? spot.value, line, offset: lineAt });
  };
  const endObject = (): void => {
    const counters = logged.flatMap((one) => {
      const counter = counterOf(one.key);
      return counter === undefined ? [] : [{ ...counter, one }];
    });
    const axis = counters.toSorted((a, b) => a.rank - b.rank)[0];
    for (const one of logged) {
      if (counters.some((counter) => counter.one === one)) continue;
      const store = sink.storeOf(one.key);
      if (store === undefined) continue;
      sink.begin(one.line, one.offset, Number.NaN);
      if (axis !== undefined) sink.setStep(axis.key, axis.one.value);
      sink.incoming.value = one.value;
      sink.incoming.token = one.token;
      sink.add(store, "sure");
      sink.end();
    }
    logged = [];
  };
  const mark = (char: string): void => {
    if (char === "{" || char === "[") {
      depth += 1;
      if (depth <= METRIC_DEPTH) open.push({ key, list: char === "[" });
      key = "";
    } else if (char === "}" || char === "]") {
      if (char === "}" && inHistory()) endObject();
      if (depth > 0 && depth <= METRIC_DEPTH) open.pop();
      if (depth === 0) unread += 1;
      depth = Math.max(0, depth - 1);
      named = false;
    } else if (char === ":") named = true;
    else if (char === ",") named = false;
  };
  const take = (byte: number): void => {
    const char = String.fromCharCode(byte);
    if (text !== undefined) {
      if (escaped) escaped = false;
      else if (byte === 92) escaped = true;
      else if (byte === 34) {
        if (!named) key = Buffer.from(text, "latin1").toString("utf8");
        text = undefined;
        return;
      }
      if (text.length < METRIC_KEY_CHARS) text += char;
    } else if (byte === 34) {
      endWord();
      text = "";
    } else if (byte <= 32) endWord();
    else if (",:{}[]".includes(char)) {
      endWord();
      mark(char);
    } else {
      if (word === "") wordAt = position;
      if (position - wordAt < METRIC_KEY_CHARS) word += char;
    }
  };

  return {
    feed(bytes) {
      for (const byte of bytes) {
        take(byte);
        position += 1;
        if (byte === 10) {
          line += 1;
          lineAt = position;
        }
      }
    },
    finish: endWord,
    unread: () => ({
      count: unread,
      samples: unread > 0 ? [{ file, line, offset: lineAt, text: "it is no JSON" }] : [],
    }),
    lines: () => line - (position === lineAt ? 1 : 0),
    bytes: () => position,
  };
}
