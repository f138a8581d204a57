// `nightlab restore JOURNAL VERSION`: shows what restoring a version would change, and with `--yes`
// does it: through the daemon if one runs, else with effects/journal-store/restore-version.ts.
import { randomBytes } from "node:crypto";
import { orAbsent } from "../effects/os/absent.ts";
import { open, readFile } from "../effects/os/lab-files.ts";
import { ReplacedFiles } from "../effects/journal-store/replaced-files.ts";
import { isLocked } from "../effects/state/lab-lock.ts";
import { restoreAnswer, writeRequest } from "../effects/state/requests.ts";
import { restoreVersion } from "../effects/journal-store/restore-version.ts";
import { VERSION_DIGITS } from "../journal/merge/merge-conflicts.ts";
import { counted } from "../base/markdown.ts";
import { localStamp } from "../base/time.ts";
import { shellWord } from "../base/shell-word.ts";
import type { KeptVersion } from "../effects/journal-store/version-store.ts";
import { refused, type CommandResult } from "./command-result.ts";
import { fileErrorText } from "./file-error.ts";
import { changedLines, keptJournal, textOfVersion, type KeptJournal } from "./journal-versions.ts";
import { stateOf } from "./lab-world.ts";

/** Lines shown of those added, and of those removed. */
const SHOWN_LINES = 20;

export interface RestoreOptions {
  /** Restore it; otherwise the change is only shown. */
  readonly yes: boolean;
  /** Write the version to this new file instead of the journal. */
  readonly to?: string;
}

/**
 * Shows or restores a version. Exit code 0: shown or done. 2: it could not be done.
 *
 * @param version a hash or at least the first 4 digits of one
 */
export async function restore(
  path: string,
  version: string,
  options: RestoreOptions,
): Promise<CommandResult> {
  const kept = await keptJournal(path);
  if (typeof kept === "string") return refused(kept);
  const found = findVersion(kept, version);
  if (typeof found === "string") return refused(found);
  const text = await textOfVersion(kept, found.hash);
  if (text === undefined) return refused(`Version ${version} is no longer whole on disk.`);
  if (options.to !== undefined) return await writeNew(options.to, text);
  if (options.yes) return await putBack(kept, found.hash, text);
  return await shown(kept, found, text, path);
}

function findVersion({ versions }: KeptJournal, prefix: string): KeptVersion | string {
  const fits = /^[0-9a-f]{4,64}$/.test(prefix)
    ? versions.filter(({ hash }) => hash.startsWith(prefix))
    : [];
  const [first, second] = fits;
  if (first === undefined) {
    return `No kept version begins with ${JSON.stringify(prefix)}: see \`nightlab history\`.`;
  }
  return second === undefined ? first : `${fits.length} versions begin with ${prefix}: write more.`;
}

async function shown(
  kept: KeptJournal,
  { hash, atMs }: KeptVersion,
  text: string,
  path: string,
): Promise<CommandResult> {
  const current = await orAbsent(readFile(kept.path, "utf8"), "");
  const { gone, added } = changedLines(kept.linesOf(current), kept.linesOf(text));
  const name = hash.slice(0, VERSION_DIGITS);
  const command = `nightlab restore ${shellWord(path)} ${name}`;
  const lines = [
    `Version ${name} of ${kept.path}, last seen ${localStamp(atMs, kept.timeZone)}.`,
    `Putting it back would bring ${counted(added.length, "line")} and take ${counted(gone.length, "line")}:`,
    ...listed("+", added),
    ...listed("-", gone),
    "",
    `Nothing was changed. To put it back, the present text kept first: ${command} --yes`,
    `To have it in a file of its own: ${command} --to FILE`,
  ];
  return { text: lines.join("\n"), exitCode: 0 };
}

function listed(mark: string, lines: readonly string[]): readonly string[] {
  const written = lines.filter((line) => line.trim() !== "");
  const more = written.length - SHOWN_LINES;
  const rest = more > 0 ? [`${mark} … and ${more} more`] : [];
  return [...written.slice(0, SHOWN_LINES).map((line) => `${mark} ${line}`), ...rest];
}

async function writeNew(file: string, text: string): Promise<CommandResult> {
  try {
    const handle = await open(file, "wx");
    try {
      await handle.writeFile(text);
    } finally {
      await handle.close();
    }
    return { text: `Written to ${file}.`, exitCode: 0 };
  } catch (error) {
    return refused(`Cannot write ${file}: ${fileErrorText(error)}.`);
  }
}

async function putBack(kept: KeptJournal, version: string, text: string): Promise<CommandResult> {
  const why =
    kept.isLabPage || isLocked(kept.lab) === undefined
      ? await putBackAlone(kept, text)
      : await askDaemon(kept, version);
  if (why !== undefined) return refused(`Cannot put it back into ${kept.path}: ${why}`);
  return { text: `${kept.path} is that version again; what it was is kept.`, exitCode: 0 };
}

/** While a daemon runs, only it may write journals: two writers would overwrite each other. */
async function askDaemon(kept: KeptJournal, version: string): Promise<string | undefined> {
  const id = randomBytes(8).toString("hex");
  const { lab, experiment } = kept;
  const state = stateOf(lab);
  writeRequest(state, { kind: "restore", id, experiment, version });
  const answer = await restoreAnswer(state, id);
  return answer === undefined ? "the daemon of this lab does not answer" : answer.why;
}

async function putBackAlone(kept: KeptJournal, text: string): Promise<string | undefined> {
  const { path, keptDir, intentDir } = kept;
  // If a save arrives late, its file and intent stay, and the next daemon merges it.
  const displaced = new ReplacedFiles({
    onLateSave: () => Promise.reject(new Error("left to the daemon")),
  });
  try {
    const result = await restoreVersion({ path, text, keptDir, intentDir, replaced: displaced });
    if (result.kind === "written") return undefined;
    return "why" in result ? result.why : "somebody has just saved it; try again";
  } catch (error) {
    return `${fileErrorText(error)}, so that the present text could not be kept`;
  } finally {
    await displaced.close();
  }
}
