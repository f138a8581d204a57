// Runs that plots and report leave out, as people list them in IGNORED_RUNS.md or a journal.
// Which run a target means is found by whoever has the runs.
import type { IgnoredRun } from "../domain/journal.ts";
import { RUN_FOLDER, RUN_NAME } from "../base/ids.ts";

/** Words that stand in such a list and name no run. */
const NO_RUN = new Set(["none", "nothing", "empty", "todo", "tbd", "note", "notes", "example"]);

/** A line longer than this is prose. */
const LINE_CHARS = 2_000;

/**
 * The runs that a text lists, in order. A list item counts when it begins with a name, folder or id
 * and ends there or goes on with a reason behind `-`, `—`, `:`, `#` or in brackets; a line outside
 * a list only where it cannot be a sentence. Headings, comments, quotes and fences name no run.
 * `line` counts from `firstLine`.
 */
export function readIgnoredRuns(text: string, file: string, firstLine = 1): IgnoredRun[] {
  const found: IgnoredRun[] = [];
  let fence: string | undefined;
  let comment = false;
  text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\r|\n/)
    .forEach((written, i) => {
      const mark = /^\s{0,3}(`{3}|~{3})/.exec(written)?.[1];
      if (fence !== undefined || mark !== undefined) {
        fence = fence === undefined ? mark : mark === fence ? undefined : fence;
        return;
      }
      const read = withoutComments(written, comment);
      comment = read.open;
      const target = read.text.length > LINE_CHARS ? undefined : readLine(read.text);
      if (target !== undefined) found.push({ ...target, line: firstLine + i, file });
    });
  return found;
}

interface Named {
  readonly target: string;
  readonly reason?: string;
}

function readLine(line: string): Named | undefined {
  if (/^\s*(?:#|>|\||<)/.test(line)) return undefined;
  const item = /^\s*(?:[-+*]|\d{1,9}[.)])\s+(?:\[[ xX]\]\s+)?/.exec(line)?.[0];
  // An indented line outside a list is the rest of a reason, or code.
  if (item === undefined && /^\s/.test(line)) return undefined;
  const text = line.slice(item?.length ?? 0).trim();
  const start = readTarget(text);
  if (start === undefined) return undefined;
  const { target, certain } = start;
  if (!RUN_NAME.test(target) || NO_RUN.has(target.toLowerCase())) return undefined;
  const rest = text.slice(start.length);
  if (rest.trim() === "" || rest.trim() === ":") return { target };
  const reason = readReason(rest);
  if (reason === undefined) {
    return certain && /^[\s,;]/.test(rest)
      ? { target, reason: rest.replace(/^[\s,;]+/, "") }
      : undefined;
  }
  // `Note: these crashed` is a sentence, `lr-3: crashed` is none.
  if (item === undefined && !certain && !/[\d_.-]/.test(target)) return undefined;
  return reason === "" ? { target } : { target, reason };
}

interface Start {
  readonly target: string;
  /** How much of the text names it. */
  readonly length: number;
  /** Its form alone shows that a run is meant. */
  readonly certain: boolean;
}

function readTarget(text: string): Start | undefined {
  const marked =
    /^(?:\*\*|__|`{1,2}|~~)?\s?(?:\[\[([^\]|]{1,300})(?:\|[^\]]{0,300})?\]\]|\[([^\]]{1,300})\]\(([^)]{0,500})\)|`{0,2}([^\s`*~:,;#()[\]]{1,300})`{0,2}?)/.exec(
      text,
    );
  if (marked === null) return undefined;
  const closing = /^(?:`|\*|~)+/.exec(text.slice(marked[0].length))?.[0] ?? "";
  const url = marked[3] === undefined ? undefined : folderIn(marked[3]);
  const written = url ?? bare(marked[1] ?? marked[2] ?? marked[4] ?? "");
  const length = marked[0].length + closing.length;
  const quoted = /^(?:`|\*\*|\[)/.test(text);
  const path = /^(?:\.\/)?runs\//.test(marked[4] ?? "");
  return { target: written, length, certain: quoted || path || RUN_FOLDER.test(written) };
}

/** The folder of a link into `runs/`. */
const folderIn = (url: string): string | undefined =>
  /(?:^|\/)runs\/([^/\s]{1,255})/.exec(url)?.[1];

const bare = (written: string): string =>
  written
    .trim()
    .replaceAll("`", "")
    .replace(/^(?:\.\/)?runs\//, "")
    .replace(/\/$/, "");

/** What stands behind a target as its reason; undefined where the text simply goes on. */
function readReason(rest: string): string | undefined {
  const behind = /^(?:\s+(?:-{1,3}|–|—|#|\/\/)\s+|\s*[:—]\s*|\s*#\s+)(.*)$/.exec(rest)?.[1];
  if (behind !== undefined) return behind.trim();
  return /^\s+\((.*)\)\.?$/.exec(rest)?.[1]?.trim();
}

/** The line without HTML comments, and whether one is still open at its end. */
function withoutComments(
  line: string,
  inside: boolean,
): { readonly text: string; readonly open: boolean } {
  const parts: string[] = [];
  let open = inside;
  let at = 0;
  for (;;) {
    const next = line.indexOf(open ? "-->" : "<!--", at);
    if (!open) parts.push(line.slice(at, next === -1 ? line.length : next));
    if (next === -1) return { text: parts.join(""), open };
    at = next + (open ? 3 : 4);
    open = !open;
  }
}
