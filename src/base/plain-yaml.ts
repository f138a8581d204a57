// Reads the plainest YAML, which most fences and frontmatters are, without the library: a line of
// `key: value` each, the value one that no rule of YAML reads otherwise than as it is written.
// yaml-map.ts has the library read everything else.
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

const LINE = /([A-Za-z][\w-]{0,60}(?: [\w-]{1,60})?):( +)([^\n]+)(?:\n|$)/y;
/** Letters, digits and signs that mean nothing in YAML; no `:` and no `#` at all. */
const PLAIN = /^[\p{L}\p{N}_./][\p{L}\p{N}_ .,;/+=%()<>~^$?@-]*$/u;
const WORD = /-?[\p{L}\p{N}_](?:[\p{L}\p{N}_.+/-]*[\p{L}\p{N}_.+/])?/uy;
const KEY = /([A-Za-z][\w-]*): +/y;
const COMMA = / *, */y;
const SPACES = / */y;

/** The entries of a plain YAML map in written order; undefined where the text is not that plain. */
export function readPlainYaml(text: string): readonly YamlEntry[] | undefined {
  const entries: YamlEntry[] = [];
  const keys = new Set<string>();
  for (let at = 0; at < text.length;) {
    LINE.lastIndex = at;
    const [line, key, gap, rest] = LINE.exec(text) ?? [];
    if (line === undefined || key === undefined || gap === undefined || rest === undefined) {
      return undefined;
    }
    const written = withoutEndSpaces(rest);
    const offset = at + key.length + 1 + gap.length;
    const value = PLAIN.test(written) ? textAt(written, offset) : flowAt(text, offset, written);
    if (value === undefined || keys.has(key)) return undefined;
    keys.add(key);
    entries.push({ key, offset: at, value });
    at += line.length;
  }
  return entries;
}

/** In one pass back: a pattern for this looks at each space of a long row again and again. */
function withoutEndSpaces(text: string): string {
  let end = text.length;
  while (text[end - 1] === " ") end -= 1;
  return text.slice(0, end);
}

const textAt = (text: string, offset: number): YamlValue =>
  /^(?:~|null)$/i.test(text)
    ? { kind: "empty", offset }
    : { kind: "text", text, quoted: false, offset };

/** The list or map in brackets that is all of a line's value. */
function flowAt(text: string, offset: number, written: string): YamlValue | undefined {
  const found = valueAt(text, offset, 0);
  return found?.end === offset + written.length ? found.value : undefined;
}

interface Found {
  readonly value: YamlValue;
  readonly end: number;
}

/** A word, a list of them, or a map of such values. */
function valueAt(text: string, offset: number, depth: number): Found | undefined {
  const open = text[offset];
  if (open !== "[" && open !== "{") {
    const word = matchAt(WORD, text, offset)?.[0];
    return word === undefined
      ? undefined
      : { value: textAt(word, offset), end: offset + word.length };
  }
  // `[[1, 2], [3]]` and `{ a: { b: [1] } }` are plain; what nests deeper is left to the library.
  if (depth === 3) return undefined;
  const close = open === "[" ? "]" : "}";
  const items: YamlValue[] = [];
  const entries: YamlEntry[] = [];
  let at = afterSpaces(text, offset + 1);
  while (text[at] !== close || items.length === 0) {
    if (items.length > 0) {
      const comma = matchAt(COMMA, text, at);
      if (comma === undefined) return undefined;
      at += comma[0].length;
    }
    const key = open === "{" ? matchAt(KEY, text, at) : undefined;
    const own = at;
    if (open === "{") {
      if (key === undefined || entries.some((entry) => entry.key === key[1])) return undefined;
      at += key[0].length;
    }
    const found = valueAt(text, at, depth + 1);
    if (found === undefined) return undefined;
    items.push(found.value);
    entries.push({ key: key?.[1] ?? "", offset: own, value: found.value });
    at = afterSpaces(text, found.end);
  }
  const value: YamlValue =
    open === "[" ? { kind: "list", items, offset } : { kind: "map", entries, offset };
  return { value, end: at + 1 };
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

const afterSpaces = (text: string, at: number): number =>
  at + (matchAt(SPACES, text, at)?.[0].length ?? 0);
