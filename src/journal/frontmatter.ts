// Finds a journal's frontmatter, and where the text below it begins.
// What its keys mean is read in settings/plan.ts.
import { YAML_CHARS } from "../limits.ts";
import type { Plan } from "../model/journal.ts";
import type { Problem } from "../model/problem.ts";
import { EMPTY_PLAN, readPlan } from "../settings/plan.ts";
import { parseHead } from "./parse-markdown.ts";
import { contentEnd, placeOf, startOf } from "./text-lines.ts";
import type { TextLines } from "./text-lines.ts";

export interface Frontmatter {
  readonly plan: Plan;
  readonly problems: readonly Problem[];
  /** 0-based line on which the text below it begins. */
  readonly after: number;
  readonly conflicted: boolean;
}

const NONE: Frontmatter = { plan: EMPTY_PLAN, problems: [], after: 0, conflicted: false };

/** The plan between two `---` lines at the very top; without them, an empty plan. */
export function readFrontmatter(lines: TextLines): Frontmatter {
  if (!isFence(lines, 0)) return NONE;
  let closing = 1;
  while (closing < lines.starts.length && !isFence(lines, closing)) closing += 1;
  if (closing >= lines.starts.length) return unclosed(lines);
  const start = startOf(lines, 1);
  const yaml = lines.text.slice(start, startOf(lines, closing));
  const head = lines.text.slice(startOf(lines, 0), contentEnd(lines, closing));
  if (yaml.length <= YAML_CHARS && parseHead(head).children[0]?.type !== "yaml") return NONE;
  const { value, problems } = readPlan(yaml, (offset) => placeOf(lines, start + offset));
  const conflicted = /^(?:<{7}|>{7}) \S/m.test(yaml);
  return { plan: value, problems, after: closing + 1, conflicted };
}

/** A first line of `---` above what looks like a key, and no second one. */
function unclosed(lines: TextLines): Frontmatter {
  const first = lines.text.slice(startOf(lines, 1), contentEnd(lines, 1));
  if (!/^[a-z][\w-]{0,40}:(?:\s|$)/i.test(first)) return NONE;
  const place = placeOf(lines, startOf(lines, 0));
  const message = "nothing closes the frontmatter, so no plan is read";
  const fix = "put a line of `---` below its last key";
  return { ...NONE, problems: [{ message, fix, place }] };
}

const isFence = (lines: TextLines, line: number): boolean =>
  /^---[ \t]*$/.test(lines.text.slice(startOf(lines, line), contentEnd(lines, line)));
