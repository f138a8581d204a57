// `nightlab watch --record FILE`: every event of the daemon and what came of it, a JSON object a
// line, so that a night in the field can be played again (test/sim/recording.ts). It never disturbs
// the daemon: whatever goes wrong ends the recording, and is told in the log.
import { createHash } from "node:crypto";
import { createWriteStream, openSync, writeSync, type WriteStream } from "node:fs";
import { commonEnds } from "../../base/common-ends.ts";
import { hashText, type ExperimentPath, type LabPath } from "../../base/ids.ts";
import { isSecretValue, MASK, masked, maskedArgs } from "../../base/secrets.ts";
import type { Effect } from "../../domain/effect.ts";
import type { Event, EventOf } from "../../domain/event.ts";
import type { Fact } from "../../domain/fact.ts";
import type { Outcome } from "../../scheduler/step.ts";
import type { Ledger } from "../state/ledger.ts";

/** The form of the lines below; increased whenever an older reader would misread them. */
export const RECORDING = 1;
/** A recording ends at this size: weeks of a busy lab, and no full disk by a forgotten one. */
const MOST_BYTES = 256 * 2 ** 20;
/** More than this waiting for the disk: it hangs, and the daemon's memory is not for that. */
const MOST_WAITING = 32 * 2 ** 20;

/** A journal's text; `same`: what it has of the experiment's last text, at its start and its end. */
export type RecordedText =
  string | { readonly same: readonly [start: number, end: number]; readonly put: string };

/** An event as it is recorded. A journal's text is read again when it is played. */
export type RecordedEvent =
  | Exclude<Event, { readonly kind: "journal-read" }>
  | (Omit<EventOf<"journal-read">, "text" | "reading"> & { readonly text: RecordedText });

/** What one turn came to. */
export interface RecordedTurn {
  readonly facts: readonly Fact[];
  /** The kind of each effect, and a hash of all of it. */
  readonly effects: readonly string[];
  readonly wakeAtMs?: number;
}

/** One line. The first is the head, then come the facts of the ledger, then event and turn. */
export type RecordedLine =
  | {
      readonly recording: typeof RECORDING;
      readonly nightlab: string;
      readonly atMs: number;
      readonly labs: readonly LabPath[];
      /** The last row of the ledger then; absent where it had none. */
      readonly seq?: number;
    }
  | { readonly fact: Fact }
  | { readonly event: RecordedEvent }
  | { readonly turn: RecordedTurn }
  /** Why it ends here; absent where the daemon died. */
  | { readonly end: string };

/** A file that was made for a recording. */
export interface RecordingFile {
  readonly path: string;
  readonly descriptor: number;
}

export interface Recorder {
  /** Before the event's turn: a turn that throws leaves its event as the last line. */
  event(event: Event): void;
  turn(outcome: Outcome): void;
  /** Resolves when all of it is written. */
  close(): Promise<void>;
}

export interface RecorderParts {
  /** Absent: nothing is recorded. */
  readonly recordingFile?: RecordingFile;
  readonly version: string;
  readonly atMs: number;
  readonly labs: readonly LabPath[];
  readonly ledger: Pick<Ledger, "read" | "last">;
  readonly warn: (message: string, facts: Readonly<Record<string, unknown>>) => void;
}

/** Makes the file, for its owner alone. Throws the system's error, EEXIST where it is there. */
export function makeRecordingFile(path: string): RecordingFile {
  return { path, descriptor: openSync(path, "wx", 0o600) };
}

/** Starts a recording: its head and the facts that the world was made of are written at once. */
export function startRecording(parts: RecorderParts): Recorder | undefined {
  if (parts.recordingFile === undefined) return undefined;
  const recorder = new FileRecorder(parts.recordingFile, parts.warn);
  recorder.begin(parts);
  return recorder;
}

class FileRecorder implements Recorder {
  readonly #file: RecordingFile;
  readonly #stream: WriteStream;
  readonly #warn: RecorderParts["warn"];
  readonly #masks = createMasks();
  #bytes = 0;
  #ended = false;

  constructor(file: RecordingFile, warn: RecorderParts["warn"]) {
    this.#file = file;
    this.#warn = warn;
    this.#stream = createWriteStream(file.path, { fd: file.descriptor });
    this.#stream.on("error", (error) => this.#end(String(error), false));
  }

  /** Nothing waits for the daemon yet, so that a ledger of any size needs no memory here. */
  begin({ version: nightlab, atMs, labs, ledger }: RecorderParts): void {
    const seq = ledger.last()?.seq;
    const last = seq === undefined ? {} : { seq };
    const head: RecordedLine = { recording: RECORDING, nightlab, atMs, labs, ...last };
    const write = (text: string): number => writeSync(this.#file.descriptor, text);
    this.#line(head, write);
    for (const fact of ledger.read(labs)) this.#line({ fact }, write);
  }

  event(event: Event): void {
    this.#line(() => ({ event: this.#masks.event(event) }));
  }

  turn({ facts, effects, wakeAtMs }: Outcome): void {
    const wake = wakeAtMs === undefined ? {} : { wakeAtMs };
    this.#line(() => ({ turn: { facts, effects: effects.map(this.#masks.effect), ...wake } }));
  }

  async close(): Promise<void> {
    this.#line({ end: "the daemon ended" });
    this.#ended = true;
    if (this.#stream.destroyed) return;
    await new Promise<void>((resolve) => {
      this.#stream.on("error", () => resolve());
      this.#stream.end(() => resolve());
    });
  }

  #line(
    made: RecordedLine | (() => RecordedLine),
    write: (text: string) => unknown = (text) => this.#stream.write(text),
  ): void {
    if (this.#ended) return;
    try {
      const text = `${this.#masks.encode(typeof made === "function" ? made() : made)}\n`;
      this.#bytes += Buffer.byteLength(text);
      if (this.#bytes > MOST_BYTES) this.#end(`it reached ${MOST_BYTES / 2 ** 20} MiB`);
      else if (this.#stream.writableLength > MOST_WAITING) this.#end("its disk does not keep up");
      else write(text);
    } catch (error) {
      this.#end(String(error));
    }
  }

  /** Ends the recording, tells it once, and lets the daemon go on. */
  #end(why: string, isWritable = true): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#warn("recording ended; the daemon goes on", { file: this.#file.path, why });
    if (isWritable) this.#stream.end(`${JSON.stringify({ end: why } satisfies RecordedLine)}\n`);
    else this.#stream.destroy();
  }
}

export interface Masks {
  /** JSON in which secrets are masked, by base/secrets.ts. */
  encode(value: unknown): string;
  event(event: Event): RecordedEvent;
  /** `write-journal 0123456789ab`: an effect is compared, and never played again. */
  effect: (effect: Effect) => string;
}

type EffectWithText = Extract<Effect, { readonly text: string }>;

const HASH_DIGITS = 12;
/** A longer value is no secret by its name. */
const VALUE_CHARS = 4_096;

/** Masks for one recording, which remembers each journal's last text. */
export function createMasks(): Masks {
  const texts = new Map<ExperimentPath, { readonly raw: string; readonly shown: string }>();
  /** Of texts that were masked: the hash of the file, and that of what is recorded. */
  const hashes = new Map<string, string>();
  const encode = (value: unknown): string =>
    JSON.stringify(value, (key, part: unknown) => {
      // A part of a journal that was masked as a whole.
      if (key === "put") return part;
      if (typeof part === "string") return hashes.get(part) ?? maskedValue(key, part);
      const isArguments = Array.isArray(part) && part.every((one) => typeof one === "string");
      return isArguments ? maskedArgs(part) : part;
    });
  const textHash = ({ experiment, text }: EffectWithText): string => {
    const { raw, shown } = texts.get(experiment) ?? {};
    // What the daemon adds to a journal is masked already.
    return hashText(raw !== undefined && raw === shown ? text : masked(text));
  };
  return {
    encode,
    event(event) {
      if (event.kind !== "journal-read") return event;
      const { reading: _, text: raw, ...rest } = event;
      const { experiment, onDisk, hash } = event;
      const last = texts.get(experiment);
      const shown = maskedText(raw, last);
      texts.set(experiment, { raw, shown });
      const file = onDisk ?? raw;
      const shownFile = onDisk === undefined ? shown : masked(onDisk);
      if (shownFile !== file) hashes.set(hash, hashText(shownFile));
      const text = last === undefined ? shown : changedPart(last.shown, shown);
      return { ...rest, text };
    },
    effect(effect) {
      const text = encode("text" in effect ? { ...effect, text: textHash(effect) } : effect);
      return `${effect.kind} ${createHash("sha256").update(text).digest("hex").slice(0, HASH_DIGITS)}`;
    },
  };
}

function maskedValue(key: string, value: string): string {
  const shown = masked(value);
  const isShort = value.length <= VALUE_CHARS;
  return shown === value && isShort && isSecretValue(key, value) ? MASK : shown;
}

/** Masking takes time: of a text that had no secret, only the paragraphs that changed are searched. */
function maskedText(
  raw: string,
  last: { readonly raw: string; readonly shown: string } | undefined,
): string {
  if (last === undefined || last.raw !== last.shown) return masked(raw);
  const { same, sameAtEnd } = commonEnds(last.raw, raw);
  const from = Math.max(0, raw.lastIndexOf("\n\n", same - 1));
  const below = raw.indexOf("\n\n", raw.length - sameAtEnd);
  const to = below < 0 ? raw.length : below;
  return raw.slice(0, from) + masked(raw.slice(from, to)) + raw.slice(to);
}

/** Journals are saved often, and long: a text is recorded by what differs from the last one. */
function changedPart(last: string, text: string): RecordedText {
  const { same, sameAtEnd } = commonEnds(last, text);
  return { same: [same, sameAtEnd], put: text.slice(same, text.length - sameAtEnd) };
}
