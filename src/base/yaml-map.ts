// Parses YAML of fences, frontmatter and settings into a map whose values stay exactly as written.
// The callers know the keys, and turn offsets into lines and columns.
import { isAlias, isMap, isScalar, isSeq, parseDocument } from "yaml";
import type { Document, Scalar, YAMLError } from "yaml";
import { lineAt, linesOf, startOf } from "./text-lines.ts";

/** Longest YAML text that is read: anything larger is data, not a plan or settings. */
export const YAML_CHARS = 64 * 1024;
/** Deepest nesting that is read: the reader recurses. */
const YAML_NESTING = 20;
/** Most marks of structure on a line: each may nest deeper, and the library's time grows with both. */
const LINE_MARKS = 200;

/** A value with the offset at which it is written. `unreadable` values have a fault already. */
export type YamlValue =
  | {
      readonly kind: "text";
      readonly text: string;
      readonly quoted: boolean;
      readonly offset: number;
    }
  | { readonly kind: "empty"; readonly offset: number }
  | { readonly kind: "list"; readonly items: readonly YamlValue[]; readonly offset: number }
  | { readonly kind: "map"; readonly entries: readonly YamlEntry[]; readonly offset: number }
  | { readonly kind: "unreadable"; readonly offset: number };

/** A key with its value. */
export interface YamlEntry {
  readonly key: string;
  /** Offset at which the key is written. */
  readonly offset: number;
  readonly value: YamlValue;
}

/** A problem whose position is an offset in the YAML text. */
export interface YamlFault {
  readonly message: string;
  readonly fix?: string;
  readonly offset: number;
  /** What it says is understood, and has no effect. */
  readonly idle?: true;
}

export interface YamlMap {
  /** In written order; empty if nothing could be read. */
  readonly entries: readonly YamlEntry[];
  readonly faults: readonly YamlFault[];
}

/**
 * Reads a YAML map. Scalars never become numbers, dates or booleans: `1e-4` stays `1e-4`. A line
 * such as `key: If A: b`, which is invalid YAML, gives a fault whose fix is the quoted line; the
 * text is then read as if it were quoted. Never throws.
 */
export function readYamlMap(text: string): YamlMap {
  if (text.length > YAML_CHARS) {
    const message = `this YAML is longer than ${YAML_CHARS / 1024} KiB and was not read`;
    return { entries: [], faults: [{ message, fix: "keep data in a file of its own", offset: 0 }] };
  }
  const first = isCrowded(text) ? undefined : parse(text);
  if (first === undefined) return { entries: [], faults: [tooDeep] };
  if (first.errors.length === 0) return uniqueMapOf(first);
  // Errors after the first one are mostly its consequences.
  const faults = first.errors.slice(0, 1).map((error) => faultOf(error, text));
  const repaired = quoteBareLines(text);
  const second = repaired === text ? undefined : parse(repaired);
  if (second === undefined || second.errors.length > 0) return { entries: [], faults };
  const back = offsetsBack(repaired, text);
  const entries = uniqueMapOf(second).entries.map((entry) => movedEntry(entry, back));
  return { entries, faults };
}

/** Maps offsets in one text to another with the same lines, by line and column. */
function offsetsBack(from: string, to: string): (offset: number) => number {
  const [there, here] = [linesOf(from), linesOf(to)];
  return (offset) => {
    const line = lineAt(there, offset);
    const end = here.starts[line + 1] ?? to.length + 2;
    return Math.min(startOf(here, line) + offset - startOf(there, line), end - 1);
  };
}

function movedEntry(
  { key, offset, value }: YamlEntry,
  back: (offset: number) => number,
): YamlEntry {
  return { key, offset: back(offset), value: movedValue(value, back) };
}

function movedValue(value: YamlValue, back: (offset: number) => number): YamlValue {
  const offset = back(value.offset);
  switch (value.kind) {
    case "list":
      return { ...value, offset, items: value.items.map((item) => movedValue(item, back)) };
    case "map":
      return { ...value, offset, entries: value.entries.map((entry) => movedEntry(entry, back)) };
    case "text":
    case "empty":
    case "unreadable":
      return { ...value, offset };
  }
}

const tooDeep: YamlFault = {
  message: "this YAML is nested too deeply to be read",
  fix: "write it flatter",
  offset: 0,
};

/** Whether some line has more marks of structure than anybody writes. */
const isCrowded = (text: string): boolean =>
  text
    .split(/[\r\n]+/)
    .some(
      (line) => line.length > LINE_MARKS && (line.match(/[:?-](?=\s)/g) ?? []).length > LINE_MARKS,
    );

/** The document; undefined if the library threw, as it does on a stack overflow (deep nesting). */
function parse(text: string): Document.Parsed | undefined {
  try {
    return parseDocument(text, {
      schema: "failsafe",
      prettyErrors: false,
      logLevel: "error",
      // The library compares each key with every other one; `writtenTwice` looks them up.
      uniqueKeys: false,
    });
  } catch {
    // Any failure: the library gives up on that text, which is told as no YAML.
    return undefined;
  }
}

/** The map; empty if one of its keys is written twice, which is told. */
function uniqueMapOf(document: Document.Parsed): YamlMap {
  const twice = writtenTwice(document.contents);
  return twice === undefined ? mapOf(document, []) : { entries: [], faults: [twice] };
}

/** The first key that is written twice in one map, at any depth. */
function writtenTwice(root: unknown): YamlFault | undefined {
  let first: YamlFault | undefined;
  const open: unknown[] = [root];
  while (open.length > 0) {
    const node = open.pop();
    if (isSeq(node)) open.push(...node.items);
    if (!isMap(node)) continue;
    const keys = new Set<string>();
    for (const { key, value } of node.items) {
      open.push(value);
      if (!isScalar(key)) continue;
      const text = scalarText(key);
      const offset = offsetOf(key, 0);
      if (keys.has(text) && (first === undefined || offset < first.offset)) {
        first = { message: `\`${text}\` is written twice`, fix: "keep one of the two", offset };
      }
      keys.add(text);
    }
  }
  return first;
}

function mapOf(document: Document.Parsed, faults: YamlFault[]): YamlMap {
  const root = document.contents;
  if (isMap(root)) return { entries: entriesOf(root.items, 1, faults), faults };
  const empty = root === null || (isScalar(root) && (root.source ?? "") === "");
  if (!empty) {
    faults.push({ message: "this YAML is no list of `key: value` lines", offset: 0 });
  }
  return { entries: [], faults };
}

interface PairLike {
  readonly key: unknown;
  readonly value: unknown;
}

function entriesOf(pairs: readonly PairLike[], depth: number, faults: YamlFault[]): YamlEntry[] {
  const entries: YamlEntry[] = [];
  for (const pair of pairs) {
    const at = offsetOf(pair.key, offsetOf(pair.value, 0));
    if (!isScalar(pair.key)) {
      faults.push({ message: "a key must be a plain word", offset: at });
      continue;
    }
    const value = valueOf(pair.value, depth, at, faults);
    entries.push({ key: scalarText(pair.key), offset: at, value });
  }
  return entries;
}

function valueOf(node: unknown, depth: number, near: number, faults: YamlFault[]): YamlValue {
  const offset = offsetOf(node, near);
  if (depth > YAML_NESTING) {
    faults.push({ ...tooDeep, offset });
    return { kind: "unreadable", offset };
  }
  if (isScalar(node)) {
    const text = scalarText(node);
    const quoted = node.type !== undefined && node.type !== "PLAIN";
    if (!quoted && /^(?:|~|null)$/i.test(text)) return { kind: "empty", offset };
    return { kind: "text", text, quoted, offset };
  }
  if (isSeq(node)) {
    const items = node.items.map((item) => valueOf(item, depth + 1, offset, faults));
    return { kind: "list", items, offset };
  }
  if (isMap(node)) {
    return { kind: "map", entries: entriesOf(node.items, depth + 1, faults), offset };
  }
  if (!isAlias(node)) return { kind: "empty", offset };
  const written = `*${node.source}`;
  const fix = `put it in quotes: "${written}"`;
  faults.push({ message: `\`${written}\` is an alias in YAML`, fix, offset });
  return { kind: "unreadable", offset };
}

const scalarText = (node: Scalar): string =>
  node.source ?? (typeof node.value === "string" ? node.value : "");

function offsetOf(node: unknown, otherwise: number): number {
  const range = (node as { readonly range?: readonly number[] | null } | null)?.range;
  return range?.[0] ?? otherwise;
}

function faultOf(error: YAMLError, text: string): YamlFault {
  const offset = Math.min(error.pos[0], text.length);
  const start = lineStart(text, offset);
  const line = textOfLine(text, start);
  const quoted = quoteBareLine(line);
  if (quoted !== line) {
    const key = line.slice(0, line.indexOf(":")).trim();
    return {
      message: `YAML cannot read the value of \`${key}\` without quotes`,
      fix: `write \`${quoted.trim()}\``,
      offset: start + (line.length - line.trimStart().length),
    };
  }
  if (error.code === "TAB_AS_INDENT") {
    return { message: "YAML takes no tab as indentation", fix: "use spaces", offset };
  }
  if (error.code === "MULTIPLE_DOCS") {
    const message = "a second YAML document begins here";
    return { message, fix: "take the line of `---` or `...` away", offset };
  }
  const why = error.message.split("\n")[0] ?? "";
  return { message: `this YAML cannot be read: ${why}`, offset };
}

const lineStart = (text: string, offset: number): number =>
  Math.max(text.lastIndexOf("\n", offset - 1), text.lastIndexOf("\r", offset - 1)) + 1;

function textOfLine(text: string, start: number): string {
  let end = start;
  while (end < text.length && text[end] !== "\n" && text[end] !== "\r") end += 1;
  return text.slice(start, end);
}

/** The text with quotes around each top-level value that needs them; line numbers stay the same. */
function quoteBareLines(text: string): string {
  return text
    .split(/(\r\n|\r|\n)/)
    .map((line) => (/^\S/.test(line) ? quoteBareLine(line) : line))
    .join("");
}

const BARE = /^(\s*(?:- )?[A-Za-z][\w-]*:[ \t]+)([^\s"'[{|>].*)$/;

/** The line with its value in quotes if YAML would misread it, otherwise unchanged. */
function quoteBareLine(line: string): string {
  const match = BARE.exec(line);
  const [head, value] = [match?.[1], match?.[2]?.trimEnd()];
  if (head === undefined || value === undefined) return line;
  if (!/: |:$| #|^[*&!%@`]/.test(value)) return line;
  const inQuotes = /["\\]/.test(value) ? `'${value.replaceAll("'", "''")}'` : `"${value}"`;
  return `${head}${inQuotes}`;
}
