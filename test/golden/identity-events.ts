// The small language of the identity cases: what happens to a journal, one event a line.
// A text in quotes names the first line that holds it; `MARK` is a text that was remembered.
import { experimentPath } from "../../src/base/ids.ts";
import { EXPERIMENT, startNight, type Night, type SaveOptions } from "../sim/night.ts";

export const OTHER = experimentPath("/lab/other");

export interface Played {
  /** The journal afterwards; "" where its folder was renamed. */
  readonly journal: string;
  /** The journal of the folder that it was copied or renamed to, if it was. */
  readonly other: string;
  /** Names of the scripts that started, in order. */
  readonly started: readonly string[];
}

/** Plays a case: the text is typed, then every event happens. Throws on an event it cannot read. */
export function play(before: string, events: string): Played {
  const night = startNight({
    text: "",
    durationMs: (name) => (name.startsWith("slow") ? 10 * 60_000 : 20_000),
    exitCode: () => 0,
    delayMs: () => 10,
  });
  night.pass(1_000);
  const marks = new Map([["TYPED", before]]);
  night.save(before);
  for (const line of events.split("\n")) {
    if (line.trim() !== "" && !line.startsWith("#")) happen(night, line, marks);
  }
  return {
    journal: night.text(),
    other: night.text(OTHER),
    started: night.starts.map(({ name }) => name),
  };
}

type Handler = (night: Night, found: readonly string[], marks: Map<string, string>) => void;

const edit =
  (change: (text: string, found: readonly string[]) => string): Handler =>
  (night, found) => {
    const text = night.text();
    const changed = change(text, found);
    if (changed === text) throw new Error(`Nothing changed by ${found[0]}`);
    night.save(changed);
  };

const saveMark =
  (options: SaveOptions): Handler =>
  (night, [, mark = ""], marks) =>
    night.save(textOf(marks, mark), options);

const HANDLERS: readonly (readonly [RegExp, Handler])[] = [
  [
    /^pass (\d+)([smh])$/,
    (night, [, count, unit]) =>
      night.pass(Number(count) * (unit === "s" ? 1_000 : unit === "m" ? 60_000 : 3_600_000)),
  ],
  [/^remember (\w+)$/, (night, [, mark = ""], marks) => void marks.set(mark, night.text())],
  [/^save (\w+)$/, saveMark({})],
  [/^checkout (\w+)$/, saveMark({ origin: "checkout" })],
  [/^replace "(.*)" by "(.*)"$/, edit((text, [, a = "", b = ""]) => text.replace(a, unescape(b)))],
  [/^append "(.*)"$/, edit((text, [, added = ""]) => `${text}\n${unescape(added)}\n`)],
  [/^delete "(.*)"$/, edit((text, [, of = ""]) => without(text, blockAt(text, of)))],
  [
    /^delete "(.*)" with its receipt$/,
    edit((text, [, of = ""]) => without(without(text, receiptAt(text, of)), blockAt(text, of))),
  ],
  [
    /^delete the receipt of "(.*)"$/,
    edit((text, [, of = ""]) => without(text, receiptAt(text, of))),
  ],
  [
    /^copy "(.*)" to the end$/,
    edit((text, [, of = ""]) => `${text}\n${slice(text, blockAt(text, of))}\n`),
  ],
  [
    /^copy "(.*)" with its receipt to the end$/,
    edit(
      (text, [, of = ""]) =>
        `${text}\n${slice(text, blockAt(text, of))}\n\n${slice(text, receiptAt(text, of))}\n`,
    ),
  ],
  [
    /^copy the receipt of "(.*)" to the end$/,
    edit((text, [, of = ""]) => `${text}\n${slice(text, receiptAt(text, of))}\n`),
  ],
  [
    /^move "(.*)" with its receipt to the end$/,
    edit((text, [, of = ""]) => {
      const moved = `${slice(text, blockAt(text, of))}\n\n${slice(text, receiptAt(text, of))}`;
      return `${without(without(text, receiptAt(text, of)), blockAt(text, of))}\n${moved}\n`;
    }),
  ],
  [/^copy the folder$/, (night) => night.copyFolder(EXPERIMENT, OTHER)],
  [/^rename the folder$/, (night) => night.renameFolder(EXPERIMENT, OTHER)],
  [
    /^in the other folder replace "(.*)" by "(.*)"$/,
    (night, [, a = "", b = ""]) =>
      night.save(night.text(OTHER).replace(a, unescape(b)), { experiment: OTHER }),
  ],
  [/^crash$/, (night) => night.crashAtEffect(0, 1_000)],
];

function happen(night: Night, line: string, marks: Map<string, string>): void {
  for (const [pattern, handler] of HANDLERS) {
    const found = pattern.exec(line);
    if (found !== null) {
      handler(night, found, marks);
      return;
    }
  }
  throw new Error(`No such event: ${line}`);
}

const unescape = (text: string): string => text.replaceAll(String.raw`\n`, "\n");

function textOf(marks: ReadonlyMap<string, string>, mark: string): string {
  const text = marks.get(mark);
  if (text === undefined) throw new Error(`Nothing is remembered as ${mark}`);
  return text;
}

/** Lines from and to, the second one excluded. */
type Stretch = readonly [from: number, to: number];

function blockAt(text: string, line: string): Stretch {
  const at = text.split("\n").findIndex((one) => one.includes(line) && !one.startsWith(">"));
  if (at === -1) throw new Error(`No line has ${line}`);
  return [at, at + 1];
}

function receiptAt(text: string, line: string): Stretch {
  const lines = text.split("\n");
  const [, below] = blockAt(text, line);
  const from = lines.findIndex((one, i) => i >= below && one.trim() !== "");
  if (lines[from]?.startsWith(">") !== true) throw new Error(`No receipt below ${line}:\n${text}`);
  const to = lines.findIndex((one, i) => i > from && !one.startsWith(">"));
  return [from, to === -1 ? lines.length : to];
}

const slice = (text: string, [from, to]: Stretch): string =>
  text.split("\n").slice(from, to).join("\n");

/** Without these lines and the blank one below them. */
function without(text: string, [from, to]: Stretch): string {
  const lines = text.split("\n");
  lines.splice(from, to - from + (lines[to] === "" && lines[to + 1] !== undefined ? 1 : 0));
  return lines.join("\n");
}
