// The list of sources at the end of a page, read back from its text, and each source's check
// against the line of the log that it names. Reading the logs is effects/pages/audit-files.ts.
import type { PageUnit } from "./page-units.ts";
import { unescaped } from "./unit-tokens.ts";

export interface PageSource {
  readonly number: string;
  /** Path of the log from the page, decoded. */
  readonly path: string;
  readonly line: number;
  readonly key: string;
  readonly token: string;
  /** 1-based line of the page. */
  readonly at: number;
  /** Where the label before the link's target says something else. */
  readonly label: string;
}

const ENTRY = /^\[(\d{1,9})\] \[((?:\\.|[^\\[\]])*)\]\(([^()\s]*)#L(\d{1,12})\) · (.+) = (\S+)\s*$/;

/** The sources of a page by their numbers; the first of two with one number counts. */
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

/** Whether a unit is a line of the list of sources. */
export function isSourceEntry(unit: PageUnit): boolean {
  return /^\[\d+\] \[/.test(unit.text);
}

/** What a source is, whatever its number: equal for two citations of one logged value. */
export function sourceName(source: PageSource): string {
  return `${source.path}#L${source.line} ${source.key} = ${source.token}`;
}

/** What is wrong with a source, given the text of the line that it names; undefined: nothing. */
export function sourceTrouble(source: PageSource, line: string | undefined): string | undefined {
  if (source.label !== `${source.path}#L${source.line}`) {
    return `its text says ${source.label}, its link leads to ${source.path}#L${source.line}`;
  }
  const place = `${source.path}:${source.line}`;
  if (line === undefined) return `${source.path} has no line ${source.line}`;
  const said = loggedAs(line, source.key, source.token);
  if (said.kind === "token") return undefined;
  return said.kind === "other"
    ? `${place} says ${source.key} ${said.token}`
    : `${place} does not say ${source.key} ${source.token}`;
}

type Logged =
  | { readonly kind: "token" }
  | { readonly kind: "other"; readonly token: string }
  | { readonly kind: "nothing" };

/** A number and nothing else, with a unit or a closing mark at most. */
const NUMBER = /^[-+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[a-z%)\];]*$/i;

/**
 * What a line of a log says of a key, whatever its format: the number behind the key where the
 * line names it (by its last part, since a split may be put in front) and one stands there; else
 * any token by itself, as in `loss is 0.5`, `lr=[1e-4, 3e-4]` and `Accuracy: 98/100 (98%)`.
 */
function loggedAs(line: string, key: string, token: string): Logged {
  const name = line.includes(key) ? key : key.slice(key.lastIndexOf("/") + 1);
  const behind = /([\s"':=|,]*)([^\s"':=|,{}]+)/y;
  let other: string | undefined;
  for (let at = line.indexOf(name); at >= 0; at = line.indexOf(name, at + 1)) {
    if (/[\p{L}\p{N}]/u.test(line.charAt(at - 1))) continue;
    if (/[\p{L}\p{N}_]/u.test(line.charAt(at + name.length))) continue;
    behind.lastIndex = at + name.length;
    const [, between = "", found] = behind.exec(line) ?? [];
    if (found === token || isUnit(found, token)) return { kind: "token" };
    if (line.startsWith(token, behind.lastIndex - (found?.length ?? 0))) {
      if (!/[\d.]/.test(line.charAt(behind.lastIndex - (found?.length ?? 0) + token.length))) {
        return { kind: "token" };
      }
    }
    // Behind a comma another value begins: `1.007418 avg loss, 0.030333 rate`.
    if (found !== undefined && NUMBER.test(found) && !between.includes(",")) other ??= found;
  }
  if (other === undefined && holdsToken(line, token)) return { kind: "token" };
  return other === undefined ? { kind: "nothing" } : { kind: "other", token: other };
}

/** `31613ms` holds the token `31613`. */
function isUnit(found: string | undefined, token: string): boolean {
  return (
    found !== undefined && found.startsWith(token) && /^[^\d.]+$/.test(found.slice(token.length))
  );
}

/** Whether a token stands in a line by itself, not inside of a longer number. */
function holdsToken(line: string, token: string): boolean {
  for (let at = line.indexOf(token); at >= 0; at = line.indexOf(token, at + 1)) {
    const before = line.charAt(at - 1);
    // `23.` at the end of a sentence or a list is 23.
    const behind = line.slice(at + token.length, at + token.length + 2);
    if (!/[\w.+-]/.test(before) && !/^\.?\d/.test(behind)) return true;
  }
  return false;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
