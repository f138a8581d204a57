// Plays a recording of `nightlab watch --record` again: the real step, from the ledger's facts and
// through each event, and tells every turn that comes to something else than it did in the field.
import { readFileSync } from "node:fs";
import { parseStored } from "../../src/base/stored-json.ts";
import type { ExperimentPath } from "../../src/base/ids.ts";
import type { Event } from "../../src/domain/event.ts";
import type { Fact } from "../../src/domain/fact.ts";
import { replay } from "../../src/domain/replay.ts";
import type { World } from "../../src/domain/world.ts";
import {
  createMasks,
  RECORDING,
  type RecordedEvent,
  type RecordedLine,
  type RecordedText,
  type RecordedTurn,
} from "../../src/effects/daemon/recording.ts";
import { createJournalReader, type JournalReader } from "../../src/journal/read/read.ts";
import { step } from "../../src/scheduler/step.ts";

/** A recording as far as it goes: the last event may have no turn. */
export interface Recording {
  readonly head: Extract<RecordedLine, { readonly recording: unknown }>;
  readonly facts: readonly Fact[];
  readonly turns: readonly { readonly event: RecordedEvent; readonly turn?: RecordedTurn }[];
  readonly end: string | undefined;
}

export interface Played {
  /** Of all turns, as they are now. */
  readonly facts: readonly Fact[];
  readonly world: World;
  /** Turns that came to something else, with what they were then and are now. */
  readonly differences: readonly Difference[];
  /** The recording with what came out now in place of what came then. */
  readonly renewed: string;
}

export interface Difference {
  /** Number of the turn, from 1. */
  readonly turn: number;
  readonly event: RecordedEvent;
  readonly was: RecordedTurn;
  readonly is: RecordedTurn;
}

/** Reads a recording; a torn last line, as a killed daemon leaves it, counts as absent. */
export function readRecording(path: string): Recording {
  const text = readFileSync(path, "utf8");
  const lines = text.slice(0, text.lastIndexOf("\n")).split("\n");
  const [head, ...rest] = lines.map((line) => parseStored(line) as RecordedLine);
  if (head === undefined || !("recording" in head) || head.recording !== RECORDING) {
    throw new Error(`${path} is no recording of form ${RECORDING}`);
  }
  const facts: Fact[] = [];
  const turns: { event: RecordedEvent; turn?: RecordedTurn }[] = [];
  let end: string | undefined;
  for (const line of rest) {
    if ("fact" in line) facts.push(line.fact);
    else if ("event" in line) turns.push({ event: line.event });
    else if ("turn" in line) Object.assign(turns.at(-1) ?? {}, { turn: line.turn });
    else if ("end" in line) end = line.end;
  }
  return { head, facts, turns, end };
}

/** Plays every event. A turn that throws throws here too, as in the field. */
export function play({ head, facts: before, turns, end }: Recording): Played {
  const world = replay(before);
  const masks = createMasks();
  const texts = new Map<ExperimentPath, { text: string; reader: JournalReader }>();
  const facts: Fact[] = [];
  const differences: Difference[] = [];
  const renewed: RecordedLine[] = [head, ...before.map((fact) => ({ fact }))];
  turns.forEach(({ event, turn: was }, i) => {
    const outcome = step(world, wholeEvent(event, texts));
    facts.push(...outcome.facts);
    const { wakeAtMs } = outcome;
    const is = parseStored(
      masks.encode({
        facts: outcome.facts,
        effects: outcome.effects.map(masks.effect),
        ...(wakeAtMs === undefined ? {} : { wakeAtMs }),
      }),
    ) as RecordedTurn;
    renewed.push({ event }, { turn: is });
    if (was !== undefined && JSON.stringify(is) !== JSON.stringify(was)) {
      differences.push({ turn: i + 1, event, was, is });
    }
  });
  if (end !== undefined) renewed.push({ end });
  const text = renewed.map((line) => `${JSON.stringify(line)}\n`).join("");
  return { facts, world, differences, renewed: text };
}

/** The event as the loop had it: a journal's text whole, and read. */
function wholeEvent(
  event: RecordedEvent,
  texts: Map<ExperimentPath, { text: string; reader: JournalReader }>,
): Event {
  if (event.kind !== "journal-read") return event;
  const last = texts.get(event.experiment) ?? { text: "", reader: createJournalReader() };
  const text = wholeText(event.text, last.text);
  texts.set(event.experiment, { ...last, text });
  return { ...event, text, reading: last.reader.read(text) };
}

function wholeText(text: RecordedText, last: string): string {
  if (typeof text === "string") return text;
  const [start, atEnd] = text.same;
  return last.slice(0, start) + text.put + last.slice(last.length - atEnd);
}
