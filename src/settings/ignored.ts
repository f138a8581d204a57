// Parses lists of runs to leave out of plots and report, from IGNORED_RUNS.md or a journal. Which
// run a target means is resolved by the callers, which have the runs.
import type { IgnoredRun } from "../domain/journal.ts";
import { RUN_FOLDER, RUN_NAME } from "../base/ids.ts";

/** Words that occur in such lists and name no run. */
const NO_RUN = new Set(["none", "nothing", "empty", "todo", "tbd", "note", "notes", "example"]);

/** A line longer than this is prose. */
const LINE_CHARS = 2_000;

/**
 * The runs that a text lists, in order. A list item counts if it starts with a name, folder or id
 * and either ends there or continues with a reason after `-`, `—`, `:`, `#` or in brackets. A line
 * outside a list counts only if it cannot be a sentence. Headings, comments, quotes and fences name
 * no run.
 *
 * @param file path that the results carry
 * @param firstLine line number of the text's first line
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

/** A run as written, with the reason to ignore it. */
interface Named {
  readonly target: string;
  readonly reason?: string;
}

function readLine(line: string): Named | undefined {
  if (/^\s*(?:#|>|\||<)/.test(line)) return undefined;
  const item = /^\s*(?:[-+*]|\d{1,9}[.)])\s+(?:\[[ xX]\]\s+)?/.exec(line)?.[0];
  // An indented line outside a list continues a reason, or is code.
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
  // Outside a list `Note: these crashed` is a sentence, while `lr-3: crashed` names a run.
  if (item === undefined && !certain && !/[\d_.-]/.test(target)) return undefined;
  return reason === "" ? { target } : { target, reason };
}

/** The target that a text starts with. */
interface Start {
  readonly target: string;
  /** UTF-16 units of the text that it takes, markup included. */
  readonly length: number;
  /** Its markup, path or time stamp proves that a run is meant. */
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

/** The run folder in a link into `runs/`. */
const folderIn = (url: string): string | undefined =>
  /(?:^|\/)runs\/([^/\s]{1,255})/.exec(url)?.[1];

const bare = (written: string): string =>
  written
    .trim()
    .replaceAll("`", "")
    .replace(/^(?:\.\/)?runs\//, "")
    .replace(/\/$/, "");

/** The reason after a target; undefined if the text goes on without a separator. */
function readReason(rest: string): string | undefined {
  const after = /^(?:\s+(?:-{1,3}|–|—|#|\/\/)\s+|\s*[:—]\s*|\s*#\s+)(.*)$/.exec(rest)?.[1];
  if (after !== undefined) return after.trim();
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
