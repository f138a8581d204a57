// Reads the list of sources at the end of a page back from its text, and checks each source against
// the log line that it names. Reading the logs is effects/pages/audit-files.ts.
import { oneLine } from "../../base/markdown.ts";
import { plainLine } from "../../base/markdown-text.ts";
import type { AuditFinding } from "./audit-finding.ts";
import type { PageUnit } from "./page-units.ts";
import { unescaped } from "./unit-tokens.ts";

/** One entry of the list: a value and the log line that it was read from. */
export interface PageSource {
  /** The citation number, as digits. */
  readonly number: string;
  /** Path of the log from the page, decoded. */
  readonly path: string;
  /** 1-based line of the log. */
  readonly line: number;
  /** The metric, as the log names it. */
  readonly key: string;
  /** The value, as logged. */
  readonly token: string;
  /** 1-based line of the page. */
  readonly at: number;
  /** The text of the link, which should name the same path and line as its target. */
  readonly label: string;
}

const ENTRY = /^\[(\d{1,9})\] \[((?:\\.|[^\\[\]])*)\]\(([^()\s]*)#L(\d{1,12})\) · (.+) = (\S+)\s*$/;

/** The sources of a page by their numbers; of two with the same number the first counts. */
export function pageSources(units: readonly PageUnit[]): ReadonlyMap<string, PageSource> {
  const found = new Map<string, PageSource>();
  for (const unit of units) {
    const match = unit.text.length > 20_000 ? null : ENTRY.exec(unit.text.trimEnd());
    if (match === null) continue;
    const [, number = "", label = "", path = "", line = "", key = "", token = ""] = match;
    if (found.has(number)) continue;
    found.set(number, {
      number,
      path: decoded(path),
      line: Number(line),
      key: unescaped(key),
      token: unescaped(token),
      at: unit.line,
      label: unescaped(label),
    });
  }
  return found;
}

/** Whether a unit is an entry of the list of sources. */
export function isSourceEntry(unit: PageUnit): boolean {
  return /^\[\d+\] \[/.test(unit.text);
}

/** A source's name without its number: equal for two citations of the same logged value. */
export function sourceName(source: PageSource): string {
  return `${source.path}#L${source.line} ${source.key} = ${source.token}`;
}

/** What is wrong with a source, given the text of its log line; undefined where nothing is. */
export function sourceTrouble(source: PageSource, line: string | undefined): string | undefined {
  // A file's name may hold what no page shows.
  if (source.label !== oneLine(`${source.path}#L${source.line}`)) {
    return `its text says ${source.label}, its link leads to ${source.path}#L${source.line}`;
  }
  const position = `${source.path}:${source.line}`;
  if (line === undefined) return `${source.path} has no line ${source.line}`;
  const logged = loggedAs(line, source.key, source.token);
  if (logged.kind === "token") return undefined;
  // As its reader saw it, and as the page shows names that differ in what no page shows.
  const seen = plainLine(line.replaceAll(JSON_ESCAPE, unescapedJson));
  if (loggedAs(seen, source.key, source.token).kind === "token") return undefined;
  return logged.kind === "other"
    ? `${position} says ${source.key} ${logged.token}`
    : `${position} does not say ${source.key} ${source.token}`;
}

/** The finding of a source that does not hold. */
export function sourceFinding(source: PageSource, trouble: string): AuditFinding {
  const said = `[${source.number}] ${source.key} = ${source.token}`;
  return { kind: "changed-source", line: source.at, said, message: trouble };
}

const JSON_ESCAPE = /\\(?:[nrtbf]|u[\dA-Fa-f]{4})/g;

/** A character that JSON writes as an escape; those that a page shows as a space are one. */
function unescapedJson(escape: string): string {
  return escape.length > 2 ? String.fromCharCode(Number.parseInt(escape.slice(2), 16)) : " ";
}

type Logged =
  | { readonly kind: "token" }
  | { readonly kind: "other"; readonly token: string }
  | { readonly kind: "nothing" };

/** A number alone, or with a unit or a closing bracket behind it. */
const NUMBER = /^[-+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[a-z%)\];]*$/i;

/**
 * What a line of a log gives for a key, whatever the log's format: the number after the key, where
 * the line names the key (its last part is enough: the reader may have put a split in front of it).
 * Without such a number, or where the line names the key more than once, the token may stand
 * anywhere in the line by itself, as in `loss is 0.5`, `lr=[1e-4, 3e-4]` and
 * `Accuracy: 98/100 (98%)`.
 */
function loggedAs(line: string, key: string, token: string): Logged {
  const name = line.includes(key) ? key : key.slice(key.lastIndexOf("/") + 1);
  const behind = /([\s"':=|,]*)([^\s"':=|,{}]+)/y;
  // A name such as `0` cannot be told from a value.
  const isNumber = NUMBER.test(name);
  let other: string | undefined;
  let mentions = 0;
  for (let at = line.indexOf(name); at >= 0; at = line.indexOf(name, at + 1)) {
    if (/[\p{L}\p{N}]/u.test(line.charAt(at - 1))) continue;
    if (/[\p{L}\p{N}_]/u.test(line.charAt(at + name.length))) continue;
    mentions += 1;
    behind.lastIndex = at + name.length;
    const [, between = "", found] = behind.exec(line) ?? [];
    if (found === token || isUnit(found, token) || withoutMarks(found) === token)
      return { kind: "token" };
    if (line.startsWith(token, behind.lastIndex - (found?.length ?? 0))) {
      if (!/[\d.]/.test(line.charAt(behind.lastIndex - (found?.length ?? 0) + token.length))) {
        return { kind: "token" };
      }
    }
    // After a comma another value begins, and after a carriage return another line: `1.007418 avg loss, 0.030333 rate`.
    if (found !== undefined && !isNumber && NUMBER.test(found) && !/[,\r]/.test(between))
      other ??= found;
  }
  // A line that names the key twice says both.
  if ((other === undefined || mentions > 1) && holdsToken(line, token)) return { kind: "token" };
  return other === undefined ? { kind: "nothing" } : { kind: "other", token: other };
}

/** A word without brackets around it and without the mark of a sentence's or list's end. */
function withoutMarks(found: string | undefined): string | undefined {
  return found?.replaceAll(/^[[(]+|[\]).;]+$/g, "");
}

/** Whether a word is the token with a unit: `31613ms` holds `31613`. */
function isUnit(found: string | undefined, token: string): boolean {
  return (
    found !== undefined && found.startsWith(token) && /^[^\d.]+$/.test(found.slice(token.length))
  );
}

/** Whether a token is in a line by itself, not as a part of a longer number. */
function holdsToken(line: string, token: string): boolean {
  for (let at = line.indexOf(token); at >= 0; at = line.indexOf(token, at + 1)) {
    const before = line.charAt(at - 1);
    // `23.` at the end of a sentence or of a list is 23.
    const behind = line.slice(at + token.length, at + token.length + 2);
    if (!/[\w.+-]/.test(before) && !/^\.?\d/.test(behind)) return true;
  }
  return false;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // Any failure: then it is a name as it stands.
    return path;
  }
}

/** About three lines of a printed page. */
const EXCERPT_CHARS = 240;

/**
 * A log line as a page shows it, without control characters: whole if it has at most EXCERPT_CHARS
 * characters, else the part around the cited token.
 */
export function lineExcerpt(line: string, { key, token }: PageSource): string {
  const clean = line
    .slice(0, 200_000)
    .replaceAll(/[\p{Cc}\p{Cf}]+/gu, " ")
    .trim()
    .toWellFormed();
  if (clean.length <= EXCERPT_CHARS) return clean;
  const name = key.slice(key.lastIndexOf("/") + 1);
  const named = clean.indexOf(name);
  const at = Math.max(0, clean.indexOf(token, Math.max(0, named)));
  const from = Math.max(0, Math.min(at - EXCERPT_CHARS / 2, clean.length - EXCERPT_CHARS));
  const part = clean.slice(from, from + EXCERPT_CHARS).toWellFormed();
  return `${from > 0 ? "… " : ""}${part}${from + EXCERPT_CHARS < clean.length ? " …" : ""}`;
}
