// `nightlab history JOURNAL`: lists the kept versions of a journal, newest first. restore.ts brings
// one back.
import { VERSION_DIGITS } from "../journal/merge/merge-conflicts.ts";
import { shellWord } from "../base/shell-word.ts";
import { localStamp } from "../base/time.ts";
import { refused, type CommandResult } from "./command-result.ts";
import { columns } from "./columns.ts";
import { changedLines, keptJournal, textOfVersion } from "./journal-versions.ts";
import { defined } from "../base/defined.ts";

/** Versions listed without `--all`: one screen. */
const SHOWN = 30;

/** One version, as in the output of `--json`. */
export interface HistoryEntry {
  readonly version: string;
  /** When it was last seen, ms since 1970. */
  readonly atMs: number;
  readonly bytes: number;
  /** Number of the user's lines added and removed since the version before. */
  readonly added: number;
  readonly gone: number;
  /** It lost a merge conflict to a newer save, and the journal reports that. */
  readonly setAside: boolean;
  /** It may have been saved from an old copy: the version that has what it lacks. */
  readonly perhapsOldCopyOf?: string;
}

/** Lists versions. All lines of the oldest one count as added. */
export async function history(
  path: string,
  options: { readonly json: boolean; readonly all: boolean },
): Promise<CommandResult> {
  const kept = await keptJournal(path);
  if (typeof kept === "string") return refused(kept);
  const all = options.all || options.json;
  const shown = all ? kept.versions : kept.versions.slice(-SHOWN - 1);
  const entries: HistoryEntry[] = [];
  let before: readonly string[] = [];
  for (const { hash, atMs, size, told } of shown) {
    const lines = kept.linesOf((await textOfVersion(kept, hash)) ?? "");
    const { gone, added } = changedLines(before, lines);
    const replaced = kept.oldCopies.get(hash);
    entries.push({
      version: hash,
      atMs,
      bytes: size,
      added: added.length,
      gone: gone.length,
      setAside: told,
      ...defined({ perhapsOldCopyOf: replaced }),
    });
    before = lines;
  }
  entries.reverse();
  if (options.json) return { text: JSON.stringify(entries, undefined, 2), exitCode: 0 };
  const listed = all ? entries : entries.slice(0, SHOWN);
  const rows = listed.map((entry) => [
    entry.version.slice(0, VERSION_DIGITS),
    localStamp(entry.atMs, kept.timeZone),
    `${entry.bytes} bytes`,
    `+${entry.added} -${entry.gone} lines`,
    [...(entry.setAside ? ["set aside"] : []), ...oldCopyOf(entry, path)].join("; "),
  ]);
  const older = kept.versions.length - listed.length;
  const more = older > 0 ? [`${older} older ones: nightlab history --all`] : [];
  return { text: [...columns(rows), ...more].join("\n"), exitCode: 0 };
}

function oldCopyOf({ perhapsOldCopyOf: version }: HistoryEntry, path: string): readonly string[] {
  if (version === undefined) return [];
  const restore = `nightlab restore ${shellWord(path)} ${version.slice(0, VERSION_DIGITS)}`;
  return [`perhaps an old copy: ${restore}`];
}
