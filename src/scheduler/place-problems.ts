// Since when a problem that belongs to no command stands in a journal, such as one of frontmatter.
// From when on it is told is decided in publish.ts, where it stands in problem-places.ts.
import { hashText } from "../base/ids.ts";
import { problemText } from "../base/problem.ts";
import type { JournalView, Settling } from "../domain/journal-view.ts";

/** Behind a block's index, the key of the problems there that are those of no command. */
export const PROBLEMS = ".problems";

/** Timers of such problems by their keys; they start again when the text that has them changes. */
export function settlingProblems(
  atMs: number,
  { text, reading }: Pick<JournalView, "text" | "reading">,
  before: JournalView | undefined,
  own: boolean,
): ReadonlyMap<string, Settling> {
  const earlier = new Map(
    [...(before?.settling ?? [])].flatMap(([at, one]) =>
      at.endsWith(PROBLEMS) ? [[one.canonical, one] as const] : [],
    ),
  );
  const settling = new Map<string, Settling>();
  reading.blocks.forEach(({ problems = [], span }, i) => {
    if (problems.length === 0) return;
    const said = [...problems.map(problemText), text.slice(span.start, span.end)];
    const canonical = hashText(said.join("\n"));
    const same = earlier.get(canonical);
    settling.set(`${i}${PROBLEMS}`, {
      canonical,
      source: "",
      sinceMs: same?.sinceMs ?? atMs,
      movedOn: same !== undefined && (same.movedOn || !own),
      committed: false,
    });
  });
  return settling;
}
