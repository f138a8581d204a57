import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../properties.ts";
import { startNight, type Night, type NightOptions } from "./night.ts";

const SECOND = 1_000;
const MINUTE = 60_000;
const HEAD = "# A night\n\n## 2025-02-02\n\n";

const calm: NightOptions = {
  text: HEAD,
  durationMs: () => 5 * SECOND,
  exitCode: () => 0,
  delayMs: () => 10,
};

/** One press: a character, or a step back. */
interface Press {
  readonly key: string;
  /** Time since the press before, ms. */
  readonly afterMs: number;
}

/** A small generator of its own, so that a seed gives the same hour for ever. */
function dice(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Time between two presses as typing has it: log-normal around 180 ms, and now and then a look at
 * the screen (seconds) or a thought (up to a quarter of an hour, one in 250).
 */
function pauseMs(random: () => number, thoughtful: boolean): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const press = 180 * Math.exp(0.5 * normal);
  const stop = random();
  if (stop < 0.03) return 1_000 + 7_000 * random();
  if (thoughtful && stop < 0.034) return 10_000 + 15 * MINUTE * random() ** 4;
  return press;
}

const WORDS = ["warm", "warm-up", "de-risk", "full", "lr-3", "big_batch", "no.decay"];
const NOTES = ["the spike is back", "[HUNCH] it is the data", "see the run of May"];

/** How long somebody types; `TYPED_TIMES` says how often. */
const TYPED_MINUTES = Number(process.env["TYPED_MINUTES"] ?? 20);

/** Somebody's text, as presses: with typos, steps back and words that they change. */
function typing(random: () => number, thoughtful: boolean): readonly Press[] {
  const presses: Press[] = [];
  const press = (key: string): void => {
    presses.push({ key, afterMs: pauseMs(random, thoughtful) });
  };
  const pick = <T>(all: readonly T[]): T | undefined => all[Math.floor(random() * all.length)];
  const type = (text: string): void => {
    for (const key of text) {
      if (random() < 0.04) {
        press(String.fromCharCode(97 + Math.floor(random() * 26)));
        press("back");
      }
      press(key);
    }
  };
  while (presses.reduce((sum, { afterMs }) => sum + afterMs, 0) < TYPED_MINUTES * MINUTE) {
    const word = `${pick(WORDS)}`;
    if (random() < 0.3) type(`${pick(NOTES)}\n\n`);
    else {
      type(`run: ${word}`);
      if (random() < 0.3) {
        for (let i = 0; i < word.length; i += 1) press("back");
        type(`${pick(WORDS)}`);
      }
      if (random() < 0.4) type(` --lr ${Math.floor(random() * 100)}`);
      type("\n\n");
    }
  }
  return presses;
}

interface Typed {
  readonly night: Night;
  /** Everything that was typed, as it stood in the end. */
  readonly own: string;
  /** Last lines that were saved, and how long at most each stood in the file unchanged, ms. */
  readonly rests: ReadonlyMap<string, number>;
}

/**
 * Types at the end of the journal, in an editor that saves once a second where anything changed
 * and loads what the daemon wrote while it has nothing unsaved.
 */
function typeAll(presses: readonly Press[], lineEnd: string): Typed {
  const night = startNight(calm);
  const rests = new Map<string, number>();
  let own = "";
  // What stands above the paragraph that is being typed, as the editor has it.
  let above = HEAD;
  let paragraph = "";
  let saved = HEAD;
  let sinceSaveMs = 0;
  let nowMs = 0;
  // The last line that was saved, and since when the file has had it. A letter that is taken back
  // before the next save never reached the file.
  let standing = { line: "", sinceMs: 0 };
  const stood = (): void => {
    const { line, sinceMs } = standing;
    rests.set(line, Math.max(rests.get(line) ?? 0, nowMs - sinceMs));
  };
  const save = (): void => {
    const onDisk = night.text();
    const typedSince = above + paragraph + lineEnd !== saved;
    if (!typedSince && onDisk !== saved) {
      above = paragraph === "" ? `${onDisk.trimEnd()}\n\n` : aboveLast(onDisk, paragraph);
      saved = above + paragraph + lineEnd;
    } else if (typedSince) {
      saved = above + paragraph + lineEnd;
      night.save(saved);
      stood();
      standing = { line: own.slice(own.lastIndexOf("\n") + 1).trimEnd(), sinceMs: nowMs };
    }
  };
  const rest = (ms: number): void => {
    for (let left = ms; left > 0;) {
      const slice = Math.min(left, SECOND - sinceSaveMs);
      night.pass(slice);
      nowMs += slice;
      left -= slice;
      sinceSaveMs += slice;
      if (sinceSaveMs < SECOND) continue;
      sinceSaveMs = 0;
      save();
    }
  };
  for (const { key, afterMs } of presses) {
    rest(Math.round(afterMs));
    own = key === "back" ? own.slice(0, -1) : own + key;
    paragraph = key === "back" ? paragraph.slice(0, -1) : paragraph + key;
    if (!paragraph.endsWith("\n\n")) continue;
    above += paragraph;
    paragraph = "";
  }
  stood();
  return { night, own, rests };
}

/** What stands above the last paragraph, and not the receipt that it has got by now. */
function aboveLast(text: string, paragraph: string): string {
  const at = text.lastIndexOf(`\n${paragraph.trimEnd()}`);
  return at === -1 ? text : text.slice(0, at + 1);
}

/** Commands that the author finished: whole lines of the text at the end. */
const finished = (own: string): ReadonlySet<string> =>
  new Set(own.split("\n").filter((line) => line.startsWith("run: ")));

const startedLines = (night: Night): readonly string[] =>
  night.starts.map(({ args }) => `run: ${args.join(" ")}`);

/** Fails where a line was started that is no finished command and had not stood long enough. */
function assertNoHalf({ night, own, rests }: Typed, lineEnd: string): void {
  const whole = finished(own);
  for (const line of startedLines(night)) {
    if (whole.has(line)) continue;
    const longest = rests.get(line.trimEnd()) ?? 0;
    const grows = [...whole].some((other) => other.startsWith(`${line.trimEnd()}-`));
    const boundMs = lineEnd === "" || grows ? 30_000 : 10_000;
    assert.ok(longest >= boundMs, `${line} was started when it had stood for ${longest} ms`);
  }
}

const TIMES = Number(process.env["TYPED_TIMES"] ?? 1);

test(`${TYPED_MINUTES} minutes of typing, saved every second, start no half of a command`, () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const typed = typeAll(typing(dice(seed), false), "\n");
      assertNoHalf(typed, "\n");
      assert.ok(typed.night.starts.length > TYPED_MINUTES / 12, "hardly a command was started");
    }),
    { endOnFailure: true, numRuns: TIMES, examples: [[-6]] },
  );
});

test("what starts half-typed had stood for ten seconds without a key, or thirty as a prefix", () => {
  fc.assert(
    fc.property(fc.integer(), fc.constantFrom("\n", ""), (seed, lineEnd) => {
      assertNoHalf(typeAll(typing(dice(seed), true), lineEnd), lineEnd);
    }),
    { endOnFailure: true, numRuns: TIMES },
  );
});
