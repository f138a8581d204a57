// trainer_state.json of Hugging Face's Trainer: each object in its `log_history` is a logged step.
// The file is read token by token as it comes, so that its size does not matter.
import { notFinite } from "../../base/not-finite.ts";
import { METRIC_DEPTH, METRIC_KEY_CHARS } from "../metric-object.ts";
import { counterOf } from "../metric-words.ts";
import type { RecordReading } from "../record-reading.ts";
import type { MetricSink } from "../series/metric-sink.ts";
import { type NumberSpot, scanNumber } from "../lines/scan-number.ts";

/** Whether a file of this name is a trainer state. */
export const isTrainerState = (name: string): boolean => name === "trainer_state.json";

/** One number of the object being read. */
interface Logged {
  readonly key: string;
  readonly token: string;
  readonly value: number;
  readonly line: number;
  readonly offset: number;
}

const LF = 10;
const SPACE = 32;
const QUOTE = 34;
const BACKSLASH = 92;
const NO_NUMBERS: ReadonlySet<string> = new Set(["true", "false", "null"]);

/** A reader of the trainer state named `file`, which gives its values to `sink`. */
export function createTrainerStateReading(file: string, sink: MetricSink): RecordReading {
  const tokens = new Tokens(sink);
  return {
    feed(bytes) {
      for (const byte of bytes) tokens.take(byte);
    },
    finish: () => tokens.endWord(),
    unread: () => {
      const { unread: count, line, lineOffset: offset } = tokens;
      return { count, samples: count > 0 ? [{ file, line, offset, text: "it is no JSON" }] : [] };
    },
    lines: () => tokens.line - (tokens.position === tokens.lineOffset ? 1 : 0),
    bytes: () => tokens.position,
  };
}

/**
 * Reads JSON one byte at a time, and gives the numbers of each object in `log_history` to a sink.
 * An object that is no JSON is left out whole; the file may end anywhere, since its writer may be in
 * the middle of it.
 */
class Tokens {
  readonly #sink: MetricSink;
  readonly #spot: NumberSpot = { end: 0, value: 0, grouped: false };
  /** The open objects and arrays, down to METRIC_DEPTH, with their keys. */
  readonly #open: { key: string; isList: boolean }[] = [];
  #depth = 0;
  #logged: Logged[] = [];
  #key = "";
  /** The number or literal being read, and where it began. */
  #word = "";
  #wordAt = 0;
  /** The string being read; undefined outside of strings. */
  #text: string | undefined;
  #isEscaped = false;
  /** A colon came, and no value since: the next string is a value and no key. */
  #isValue = false;
  /** The object that is being read breaks the rules of JSON: none of its numbers counts. */
  #isBroken = false;
  /** Brackets that close nothing, and objects that are no JSON. */
  unread = 0;
  position = 0;
  line = 1;
  lineOffset = 0;

  constructor(sink: MetricSink) {
    this.#sink = sink;
  }

  take(byte: number): void {
    if (this.#text === undefined) this.#takeOutside(byte);
    else this.#takeInString(byte, this.#text);
    this.position += 1;
    if (byte === LF) {
      this.line += 1;
      this.lineOffset = this.position;
    }
  }

  endWord(): void {
    if (this.#word === "") return;
    const token = this.#word;
    this.#word = "";
    if (!this.#isInHistory()) return;
    if (!this.#isValue) this.#isBroken = true;
    this.#isValue = false;
    const bytes = Buffer.from(token, "latin1");
    const special = notFinite(token);
    const whole =
      scanNumber(bytes, 0, bytes.length, true, this.#spot) && this.#spot.end === bytes.length;
    if (!whole && special === undefined) {
      if (!NO_NUMBERS.has(token)) this.#isBroken = true;
      return;
    }
    const value = special ?? this.#spot.value;
    this.#logged.push({ key: this.#key, token, value, line: this.line, offset: this.lineOffset });
  }

  #takeInString(byte: number, text: string): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === QUOTE) {
      // A name that is too long is none, as in other formats.
      const name = text.length < METRIC_KEY_CHARS ? text : "";
      if (!this.#isValue) this.#key = Buffer.from(name, "latin1").toString("utf8");
      this.#isValue = false;
      this.#text = undefined;
      return;
    }
    if (text.length < METRIC_KEY_CHARS) this.#text = text + String.fromCharCode(byte);
  }

  #takeOutside(byte: number): void {
    const char = String.fromCharCode(byte);
    if (byte === QUOTE) {
      this.endWord();
      this.#text = "";
    } else if (byte <= SPACE) this.endWord();
    else if (",:{}[]".includes(char)) {
      this.endWord();
      this.#takePunctuation(char);
    } else {
      if (this.#word === "") this.#wordAt = this.position;
      if (this.position - this.#wordAt < METRIC_KEY_CHARS) this.#word += char;
      else this.#isBroken = true;
    }
  }

  #takePunctuation(char: string): void {
    if (char === "{" || char === "[") {
      this.#depth += 1;
      if (this.#depth <= METRIC_DEPTH) this.#open.push({ key: this.#key, isList: char === "[" });
      this.#key = "";
      this.#isValue = false;
    } else if (char === "}" || char === "]") {
      if (char === "}" && this.#isInHistory()) this.#endObject();
      if (this.#depth > 0 && this.#depth <= METRIC_DEPTH) this.#open.pop();
      if (this.#depth === 0) this.unread += 1;
      this.#depth = Math.max(0, this.#depth - 1);
      this.#isValue = false;
    } else if (char === ":") this.#isValue = true;
    else if (char === ",") this.#isValue = false;
  }

  /** Directly in an object of the list `log_history`. */
  #isInHistory(): boolean {
    const list = this.#open[1];
    const isThird = this.#depth === 3 && this.#open.length === 3;
    return isThird && list?.key === "log_history" && list.isList;
  }

  /** Gives the numbers of the object that ends to the sink; its finest counter is their x. */
  #endObject(): void {
    const sink = this.#sink;
    if (this.#isBroken) {
      this.unread += 1;
      this.#logged = [];
      this.#isBroken = false;
      return;
    }
    const counters = this.#logged.flatMap((one) => {
      const counter = counterOf(one.key);
      return counter === undefined ? [] : [{ ...counter, one }];
    });
    const axis = counters.toSorted((a, b) => a.rank - b.rank)[0];
    for (const one of this.#logged) {
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
    this.#logged = [];
  }
}
