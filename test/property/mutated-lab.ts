// Small labs of real journals, records and logs, with bytes, lines, values, names and kinds of files
// changed at random. One number makes one lab: a failure prints it, and it makes the same lab again.
import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { eventFile } from "./event-file.ts";

const GOLDEN = join(import.meta.dirname, "../golden");
/** What a terminal or another viewer obeys instead of showing it. */
export const OBEYED = /(?![\n\t])\p{Cc}|[\u2028\u2029\u202A-\u202E\u2066-\u2069]/u;

/** A file and its path in the experiment. */
type Files = Map<string, Buffer>;

/** Draws from one seed; the same seed gives the same draws. */
export interface Draw {
  /** A whole number from 0 to below `end`. */
  readonly below: (end: number) => number;
  readonly one: <T>(of: readonly T[]) => T;
  readonly chance: (share: number) => boolean;
}

/** Numbers by mulberry32. */
export function draws(seed: number): Draw {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (end: number): number => Math.floor(next() * end);
  return {
    below,
    one: <T>(of: readonly T[]): T => {
      const found = of[below(of.length)];
      if (found === undefined) throw new Error("nothing to draw from");
      return found;
    },
    chance: (share) => next() < share,
  };
}

/** The experiments of the golden reports, by name. */
const EXPERIMENTS: readonly Files[] = readdirSync(join(GOLDEN, "report")).map((name) => {
  const files: Files = new Map();
  const root = join(GOLDEN, "report", name);
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && entry.name !== "REPORT.md") {
      files.set(path.slice(root.length + 1), readFileSync(path));
    }
  }
  return files;
});

/** What some sixty frameworks print. */
const PRINTED: readonly string[] = readFileSync(join(GOLDEN, "log-lines.txt"), "utf8")
  .split(/^## .*\n/m)
  .map((part) => part.replaceAll(/^->.*\n?/gm, ""))
  .filter((part) => part.trim() !== "");

/** Names and texts that a person, a shell or a format would stumble over. */
const WORDS: readonly string[] = [
  // What every object has, and names of metrics.
  ..."constructor toString hasOwnProperty __proto__ valueOf loss val/loss".split(" "),
  // What a viewer obeys.
  ..."a\tb|a\nb|a\rb|a\u2028b|\0|\u001B[2J|\u0007x|\u009B1m|\u202Eabc".split("|"),
  // Markdown, HTML and links.
  ..."|x| `x` [x](y) <b>x</b> #L3 %20 $x$ _x_ * \\ é漢🙂".split(" "),
  // What looks like numbers, or like several words.
  ..."0;0.5;-1;1e9;02;loss = 3;a: 1, b;NaN;[12];a b; ;\u{FEFF}".split(";"),
  "x".repeat(200),
];
const NUMBERS: readonly string[] = [
  ..."NaN;-inf;Infinity;null;1e999;-1e-999;02;0x1F;1,234.5;1_000;.5;7.;-0;1e5;+3;1e;--1".split(";"),
  ...'12345678901234567890;0.1234567890123456789;"0.5";true;;1.5.2;3 4;∞;½;٣;{};[1]'.split(";"),
  ..."np.float32(0.5);tensor(0.5)".split(";"),
];
const JSON_VALUES = [null, true, 0, -1, 1e300, "", "x", "2025-13-45", [], {}, [[]], { kind: "x" }];

const LOG_NAMES: readonly string[] = [
  ..."x.jsonl metrics.jsonl x.csv progress.csv train.log console.log x.tsv out.txt".split(" "),
  ..."events.out.tfevents.1.box train.log.gz system.jsonl log.json".split(" "),
];

const textOf = (lines: readonly string[]): Buffer => Buffer.from(`${lines.join("\n")}\n`);

function freshLog(draw: Draw): readonly [path: string, bytes: Buffer] {
  const keys = ["loss", "val/loss", draw.one(WORDS), draw.one(WORDS)];
  const steps = Array.from({ length: 1 + draw.below(30) }, (_, i) => i * 10);
  const value = (): string =>
    draw.chance(0.1) ? draw.one(NUMBERS) : String(draw.below(1_000) / 1e3);
  const rows = steps.map((step) => {
    const parts = keys.map((key) => `${JSON.stringify(key)}: ${value()}`);
    return `{"step": ${step}, ${parts.join(", ")}}`;
  });
  const table = [
    ["step", ...keys].join(","),
    ...steps.map((step) => [step, ...keys.map(() => value())].join(",")),
  ];
  const named = steps.map(
    (step) => `step ${step} ${keys.map((key) => `${key}=${value()}`).join(" ")}`,
  );
  const name = draw.one(LOG_NAMES);
  const events = (): Buffer =>
    Buffer.from(
      eventFile(
        steps.flatMap((step) => keys.map((tag) => ({ step, tag, value: draw.below(99) / 7 }))),
      ),
    );
  const form = draw.below(7);
  if (name.includes("tfevents")) return [`logs/${name}`, events()];
  if (name.endsWith(".gz")) return [`logs/${name}`, gzipSync(textOf(named))];
  if (form === 0) {
    const history = rows.join(",\n");
    return ["trainer_state.json", Buffer.from(`{"log_history": [${history}], "global_step": 3}`)];
  }
  if (form < 3) return [`logs/${name}`, textOf(rows)];
  if (form === 3) return [`logs/${name}`, textOf(table)];
  if (form === 4) return [`logs/${name}`, textOf(named)];
  return [`logs/${name}`, Buffer.from(draw.one(PRINTED))];
}

const TEXT_CHANGES: readonly ((text: string, draw: Draw) => string)[] = [
  (text, draw) => text.slice(0, draw.below(text.length + 1)),
  (text, draw) => spliced(text, draw, draw.below(9), ""),
  (text, draw) => spliced(text, draw, 0, draw.one(WORDS)),
  (text, draw) => spliced(text, draw, 0, draw.one(PRINTED)),
  (text, draw) => spliced(text, draw, 0, text.slice(draw.below(text.length + 1)).slice(0, 400)),
  (text, draw) => lined(text, draw, (lines, at) => lines.toSpliced(at, 1)),
  (text, draw) => lined(text, draw, (lines, at) => lines.toSpliced(at, 0, lines[at] ?? "")),
  (text, draw) =>
    lined(text, draw, (lines, at) => lines.toSpliced(at, 2, lines.slice(at, at + 2).join(""))),
  (text, draw) => lined(text, draw, (lines, at) => [...lines.slice(at), ...lines.slice(0, at)]),
  (text, draw) =>
    lined(text, draw, (lines, at) => lines.with(at, `\u001B[1;32m${lines[at] ?? ""}\u001B[0m`)),
  (text) => text.replaceAll("\n", "\r\n"),
  (text) => text.replaceAll("\n", "\r"),
  (text, draw) => replacedOne(text, draw, /-?\d+(?:\.\d+)?(?:e-?\d+)?/g, draw.one(NUMBERS)),
  (text, draw) => replacedOne(text, draw, /[A-Za-z_]\w*(?:\/\w+)?/g, draw.one(WORDS)),
  (text, draw) => {
    const word = draw.one(text.match(/[A-Za-z_]\w*(?:\/\w+)?/g) ?? ["x"]);
    return text.replaceAll(word, () => draw.one(WORDS));
  },
];

function spliced(text: string, draw: Draw, removed: number, added: string): string {
  const at = draw.below(text.length + 1);
  return text.slice(0, at) + added + text.slice(at + removed);
}

function lined(
  text: string,
  draw: Draw,
  change: (lines: readonly string[], at: number) => readonly string[],
): string {
  const lines = text.split("\n");
  return change(lines, draw.below(lines.length)).join("\n");
}

function replacedOne(text: string, draw: Draw, pattern: RegExp, by: string): string {
  const found = [...text.matchAll(pattern)];
  if (found.length === 0) return text;
  const { index, 0: old } = draw.one(found);
  return text.slice(0, index) + by + text.slice(index + old.length);
}

/** A JSON text with one of its values, at any depth, replaced or removed. */
function changedJson(bytes: Buffer, draw: Draw): Buffer {
  try {
    const whole: unknown = JSON.parse(bytes.toString("utf8"));
    let at: unknown = whole;
    for (;;) {
      if (typeof at !== "object" || at === null) return bytes;
      const names = Object.keys(at);
      if (names.length === 0) return bytes;
      const name = draw.one(names);
      const below = Reflect.get(at, name) as unknown;
      if (typeof below === "object" && below !== null && draw.chance(0.6)) at = below;
      else {
        const value: unknown = draw.chance(0.5) ? draw.one(JSON_VALUES) : draw.one(WORDS);
        if (draw.chance(0.2)) Reflect.deleteProperty(at, name);
        else Reflect.set(at, name, value);
        return Buffer.from(JSON.stringify(whole, undefined, 2));
      }
    }
  } catch {
    return bytes;
  }
}

function changedBytes(bytes: Buffer, draw: Draw): Buffer {
  if (bytes.length === 0) return Buffer.from(draw.one(WORDS));
  const other = Buffer.from(bytes);
  for (let i = draw.below(6); i >= 0; i -= 1) other[draw.below(other.length)] = draw.below(256);
  return other;
}

const isText = (path: string): boolean => !/tfevents|\.gz$/.test(path);

function changed(path: string, bytes: Buffer, draw: Draw): Buffer {
  if (draw.chance(0.15)) return changedBytes(bytes, draw);
  if (path.endsWith("run.json") && draw.chance(0.7)) return changedJson(bytes, draw);
  if (!isText(path)) return changedBytes(bytes, draw);
  return Buffer.from(draw.one(TEXT_CHANGES)(bytes.toString("utf8"), draw));
}

/** A name for a file or folder in place of another, with the same ending or none. */
function otherName(path: string, draw: Draw): string {
  const ending = /\.[a-z]+$/.exec(path)?.[0] ?? "";
  const word = draw.one(WORDS).replaceAll(/[/\0]/g, "~");
  return join(dirname(path), `${word}${draw.chance(0.7) ? ending : ""}`);
}

/** The files of a lab's experiment, changed in one to six ways. */
function mutatedFiles(draw: Draw): Files {
  const files: Files = new Map(draw.one(EXPERIMENTS));
  const runs = [...new Set([...files.keys()].flatMap((path) => /^runs\/[^/]+/.exec(path) ?? []))];
  for (const run of runs) {
    if (!draw.chance(0.6)) continue;
    const [path, bytes] = freshLog(draw);
    files.set(join(run, path), bytes);
    if (draw.chance(0.5)) files.delete(join(run, "run.json"));
  }
  for (let i = 1 + draw.below(6); i > 0; i -= 1) {
    const path = draw.one([...files.keys()]);
    files.set(path, changed(path, files.get(path) ?? Buffer.alloc(0), draw));
  }
  for (let i = draw.below(3); i > 0; i -= 1) {
    const path = draw.one(
      [...files.keys()].filter((one) => one.includes("/")).concat("runs/x/logs/y"),
    );
    const bytes = files.get(path) ?? Buffer.from("loss=1\n");
    files.delete(path);
    files.set(otherName(path, draw), bytes);
  }
  return files;
}

/** Writes a mutated experiment of this seed into a folder that does not exist yet. */
export function writeMutated(experiment: string, seed: number): void {
  const draw = draws(seed);
  for (const [path, bytes] of mutatedFiles(draw)) {
    const at = join(experiment, path);
    mkdirSync(dirname(at), { recursive: true });
    try {
      writeFileSync(at, bytes);
    } catch {
      // A name that is too long, or a folder of that name: there is one file less.
    }
  }
  mkdirSync(experiment, { recursive: true });
  if (draw.chance(0.4)) disturb(experiment, draw);
}

/** Changes, removes, moves or replaces one file or folder below a folder, as somebody may at any time. */
export function disturb(folder: string, draw: Draw): void {
  if (!existsSync(folder)) return;
  // With the types of entries it follows no links, which may lead in a circle.
  const all = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = all
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((one) => !/JOURNAL|REPORT|STATUS|plots|\.nightlab/.test(one));
  if (paths.length === 0) return;
  const path = join(folder, draw.one(paths));
  try {
    const isFile = lstatSync(path).isFile();
    const kind = draw.below(isFile ? 9 : 4);
    if (kind < 4) rmSync(path, { recursive: true, force: true });
    if (kind === 1) execFileSync("mkfifo", [path], { stdio: "ignore" });
    else if (kind === 2) symlinkSync(draw.one(["nowhere", ".", "/dev/null", "JOURNAL.md"]), path);
    else if (kind === 3 && isFile) mkdirSync(path);
    else if (kind === 3) writeFileSync(path, "loss=1\n");
    else if (kind === 4) renameSync(path, otherName(path, draw));
    else if (kind > 4) writeFileSync(path, changed(path, readFileSync(path), draw));
  } catch {
    // It cannot be done to this one.
  }
}
