// Finds a journal's frontmatter, and where the text below it begins.
// settings/plan.ts reads its keys.
import { YAML_CHARS } from "../../base/yaml-map.ts";
import { VERBS } from "../../domain/command.ts";
import type { CommandBlock, Plan } from "../../domain/journal.ts";
import type { Problem, SourcePosition } from "../../base/problem.ts";
import { EMPTY_PLAN, isPlanKey, readPlan, START_KEYS } from "../../settings/plan.ts";
import { isOptionOfCommands } from "./command-keys.ts";
import { secretsInPlan } from "./secret-values.ts";
import { contentEnd, linesOf, positionOf, startOf, isBlankLine } from "../../base/text-lines.ts";
import type { TextLines } from "../../base/text-lines.ts";

export interface Frontmatter {
  readonly plan: Plan;
  /** Offset at which the text below it begins, and the number of lines above that offset. */
  readonly end: number;
  readonly lines: number;
  readonly conflicted: boolean;
  /** Its problems, at the place where they are shown; absent without frontmatter. */
  readonly place?: CommandBlock;
}

export type HeadReader = (text: string) => Frontmatter;

/** Reads the frontmatter of successive versions of a journal; unchanged, it is not parsed again. */
export function createHeadReader(): HeadReader {
  let last: { readonly written: string; readonly read: Frontmatter } | undefined;
  return (text) => {
    const written = headOf(text);
    if (last?.written !== written)
      last = { written, read: readFrontmatter(linesAfterBom(written)) };
    return last.read;
  };
}

/** A `---` line somewhere below the first line. */
const CLOSING = /[\r\n]---[ \t]*(?:\r\n|[\r\n]|$)/g;

/** All that can be frontmatter: up to a closing `---`, or the lines below an opening one. */
function headOf(text: string): string {
  if (!/^\uFEFF?---[ \t]*[\r\n]/.test(text.slice(0, 200)))
    return text.startsWith("\uFEFF") ? "\uFEFF" : "";
  CLOSING.lastIndex = 3;
  const found = CLOSING.exec(text);
  if (found !== null) return text.slice(0, found.index + found[0].length);
  const blank = /(?:\r\n|\n|\r)[ \t]*(?:\r\n|[\r\n]|$)/.exec(text.slice(0, YAML_CHARS));
  return text.slice(0, blank === null ? YAML_CHARS : blank.index + blank[0].length);
}

/** The plan between two `---` lines at the very top; without them an empty plan. */
function readFrontmatter(lines: TextLines): Frontmatter {
  const none = { plan: EMPTY_PLAN, end: startOf(lines, 0), lines: 0, conflicted: false };
  if (!isFence(lines, 0)) return none;
  let closing = 1;
  while (closing < lines.starts.length && !isFence(lines, closing)) closing += 1;
  if (closing >= lines.starts.length) {
    const place = unclosed(lines);
    return place === undefined
      ? none
      : { ...none, plan: { ...EMPTY_PLAN, unusable: START_KEYS }, place };
  }
  const start = startOf(lines, 1);
  const yaml = lines.text.slice(start, startOf(lines, closing));
  const at = (offset: number): SourcePosition => positionOf(lines, start + offset);
  const { value, problems } = readPlan(yaml, at, isOptionOfCommands);
  return {
    plan: value,
    end: startOf(lines, closing + 1),
    lines: closing + 1,
    conflicted: /^(?:<{7}|>{7}) \S/m.test(yaml),
    place: placeBelow(lines, closing, [...problems, ...secretsInPlan(yaml, at)]),
  };
}

/**
 * A first line of `---` above what looks like a key, without a second `---`. `script:` may be a
 * command as well: then a key of the plan has to follow.
 */
function unclosed(lines: TextLines): CommandBlock | undefined {
  const first = keyOn(lines, 1);
  if (first === undefined) return undefined;
  let line = 1;
  let isPlan = !VERBS.some((verb) => verb === first);
  while (line + 1 < lines.starts.length && !isBlankLine(lines, line + 1)) {
    line += 1;
    isPlan ||= isPlanKey(keyOn(lines, line) ?? "");
  }
  if (!isPlan) return undefined;
  const place = positionOf(lines, startOf(lines, 0));
  const message = "nothing closes the frontmatter, so no plan is read";
  const fix = "put a line of `---` below its last key";
  return placeBelow(lines, line, [{ message, fix, place }]);
}

/** What looks like a key at the beginning of a line. */
const keyOn = (lines: TextLines, line: number): string | undefined =>
  /^([a-z][\w-]{0,40}):(?:\s|$)/i.exec(
    lines.text.slice(startOf(lines, line), contentEnd(lines, line)),
  )?.[1];

/** The lines from the top to this one as a block below which problems are shown. */
function placeBelow(lines: TextLines, line: number, problems: readonly Problem[]): CommandBlock {
  const span = { start: startOf(lines, 0), end: startOf(lines, line + 1) };
  const lineEnded = /[\r\n]/.test(lines.text.charAt(span.end - 1));
  return { commands: [], span, closed: lineEnded, lineEnded, heading: "", indent: "", problems };
}

/** The lines of a text; a byte order mark lies before the first one. */
function linesAfterBom(text: string): TextLines {
  const lines = linesOf(text);
  return text.startsWith("\uFEFF") ? { text, starts: [1, ...lines.starts.slice(1)] } : lines;
}

const isFence = (lines: TextLines, line: number): boolean =>
  /^---[ \t]*$/.test(lines.text.slice(startOf(lines, line), contentEnd(lines, line)));
