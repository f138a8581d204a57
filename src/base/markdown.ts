// Elements of Markdown that read well both raw and rendered: code, links, tables, quotations. What
// looks like a secret is masked.
import { masked } from "./secrets.ts";
import { visibleText } from "./visible-text.ts";

/** Tables align columns up to this width, so that one long cell does not widen every row. */
const TABLE_CELL_CHARS = 64;

/** Text escaped so that Markdown shows it as it is, on one line. */
export function plain(text: string): string {
  return oneLine(text)
    .replaceAll(/[\\`*[\]<>|~$]|&(?=[A-Za-z0-9#])/g, String.raw`\$&`)
    .replaceAll(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, String.raw`\_`);
}

/** A code span around any text, white space folded; never empty. */
export function code(text: string): string {
  const line = oneLine(text);
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const pad = line.startsWith("`") || line.endsWith("`") || line === "" ? " " : "";
  return `${fence}${pad}${line}${pad}${fence}`;
}

/**
 * A link to a file, or to lines of it.
 *
 * @param text Markdown
 * @param path relative, not encoded
 */
export function link(text: string, path: string, line?: number, lastLine?: number): string {
  const range = lastLine === undefined || lastLine === line ? "" : `-L${lastLine}`;
  return `[${text}](${encodePath(path)}${line === undefined ? "" : `#L${line}${range}`})`;
}

/** An image; the alternative text is plain text, the path relative and not encoded. */
export function image(alternative: string, path: string): string {
  return `![${plain(alternative)}](${encodePath(path)})`;
}

/** A relative path as a link target. */
function encodePath(path: string): string {
  return path
    .split("/")
    .map((part) => encodeURIComponent(part.toWellFormed()).replaceAll(/[()']/g, percent))
    .join("/");
}

/** A table with aligned columns, except beyond `TABLE_CELL_CHARS`. Cells are Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) =>
    Math.max(3, ...all.map((row) => Math.min(width(row[column] ?? ""), TABLE_CELL_CHARS))),
  );
  const line = (row: readonly string[]): string => {
    const cells = widths.map((wanted, column) => {
      const cell = oneLine(row[column] ?? "");
      return cell + " ".repeat(Math.max(0, wanted - width(cell)));
    });
    return `| ${cells.join(" | ")} |`;
  };
  const rule = `| ${widths.map((wanted) => "-".repeat(wanted)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/** The user's text as one block quote; blank lines do not end it. */
export function quotation(text: string): string {
  const lines = visibleText(masked(text).replaceAll(/\r\n?/g, "\n")).trim().split("\n");
  return lines.map((line) => `> ${line}`.trimEnd()).join("\n");
}

/** `1 run`, `3 runs`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}

/** The text with its first letter in upper case. */
export function sentenceCase(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The text as every element of a page shows it: on one line, and without what a viewer obeys. */
export function oneLine(text: string): string {
  return visibleText(masked(text).replaceAll(/\s+/g, " ")).trim();
}

function width(text: string): number {
  return Array.from(text).length;
}

function percent(letter: string): string {
  return `%${letter.charCodeAt(0).toString(16).toUpperCase()}`;
}
